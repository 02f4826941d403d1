#!/usr/bin/env bash
# Settings of this recipe alone, e.g. another Python in PATH. path.sh sources it.
