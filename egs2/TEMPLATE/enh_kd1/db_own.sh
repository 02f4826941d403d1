#!/usr/bin/env bash
# Table of the corpus's recordings (docs/data.md): an absolute path, or one relative to this
# directory. Leave it empty if --local_data_opts names Kaldi directories.
TABLE=${TABLE:-}
