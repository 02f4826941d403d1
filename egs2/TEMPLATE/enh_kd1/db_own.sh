#!/usr/bin/env bash
# The corpus: a table of its recordings (docs/data.md), a path from this directory or an absolute
# one. It may stay empty if Kaldi directories are named by --local_data_opts.
TABLE=${TABLE:-}
