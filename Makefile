# make demo | evidence | test | lint | format | bench | setup. Each sets up what it needs; nothing needs root.
# Another Python, and with it another ESPnet: make VENV=.venv-3.12 PYTHON=python3.12 demo
SHELL := bash
VENV := .venv
STAMP := $(VENV)/.installed
# The recipe's path.sh uses the environment that VIRTUAL_ENV names.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)
# Cached bytecode saves seconds at each import of ESPnet.
unexport PYTHONDONTWRITEBYTECODE

SHELL_SCRIPTS = .ci/run $(shell find egs2 tools -name '*.sh' -type f | sort)

.DEFAULT_GOAL := help
.PHONY: help setup demo evidence lint format test test-hosts bench

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/'

setup: $(STAMP)  ## virtual environment in .venv with the tested versions

$(STAMP): setup.py pyproject.toml constraints.txt
	tools/make_venv.sh $(VENV)
	touch $@

demo: setup  ## the whole recipe on the embedded corpus, then its tables
	cd egs2/mini_chime4/enh_kd1 && ./run.sh $(DEMO_ARGS)

evidence: setup  ## a larger embedded corpus, converged trainings, 3 seeds; hours, continued if stopped
	cd egs2/medium_chime4/enh_kd1 && ./evidence.sh $(EVIDENCE_ARGS)

lint: setup  ## ruff and shellcheck
	ruff check .
	ruff format --check .
	shellcheck $(SHELL_SCRIPTS)

format: setup  ## rewrite the Python files in the project's format
	ruff check --fix .
	ruff format .

test: lint  ## linters and all tests
	python -m pytest -n 2 -q

test-hosts: test  ## the same, then all tests with the other tested ESPnet if its Python is here
	tools/test_other_espnet.sh

# On the CPU, a step at the published size is long even of a small batch.
bench: setup  ## benchmarks into benchmarks/RESULTS.md, on cores that do nothing else
	python -m benchmarks.speed
	python -m benchmarks.data_scale
	python -m benchmarks.streaming
	python -m benchmarks.kd_step_cost --size mini --rounds 3
	python -m benchmarks.kd_step_cost --size published --methods output at_kl \
	  --utterances 1 --rounds 3
