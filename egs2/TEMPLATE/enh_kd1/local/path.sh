#!/usr/bin/env bash
# Settings for this recipe only, e.g. another Python in PATH. Sourced by path.sh.
