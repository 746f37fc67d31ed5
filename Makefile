# One page of what can be done here. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
DATA   ?= demo-data
LISTEN ?= 127.0.0.1:8420

.DEFAULT_GOAL := help
.PHONY: help demo run check read kernels format bench lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## install into .venv, start the platform with a simulated stream, print a link to sign in
	$(BIN)/jindi demo --data $(DATA) --listen $(LISTEN)

run: $(VENV)/installed ## start the platform without a simulation (DATA=… LISTEN=…)
	$(BIN)/jindi up --data $(DATA) --listen $(LISTEN)

check: $(VENV)/installed-dev ## format, lint, types, contracts, tests: what CI runs
	$(BIN)/python -m compileall -q src tests
	$(MAKE) --no-print-directory -j2 read kernels
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
	  || $(BIN)/python tests/once_more.py $$?

read: # what needs no test to be found: format, lint, types, contracts, packs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/jindi packs check

kernels: # machine code, made once for all processes that run tests, while others read
	$(BIN)/python tests/kernels.py

format: $(VENV)/installed-dev ## format the code and mend what the linter can mend by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-bench ## measure ourselves beside peers in one run (results: benchmarks/RESULTS.md)
	$(BIN)/python -m benchmarks

lock: $(VENV)/installed ## pin all dependencies with their hashes again (needs uv)
	$(BIN)/python -m pip install --quiet uv
	@# (Of the package that brings the rules of accessibility, only those are used: its browser driver stays out.)
	for set in "" -dev -bench; do \
	  $(BIN)/uv pip compile --universal --generate-hashes --no-header --quiet --python-version 3.11 pyproject.toml \
	    requirements-build.in $$( [ -n "$$set" ] && echo requirements$$set.in ) --output-file requirements$$set.lock \
	    --no-emit-package playwright --no-emit-package pyee --no-emit-package greenlet; \
	done

clean: ## remove the virtual environment and all caches (data folders stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	  || { echo "Jindi needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python requirements.lock pyproject.toml
	@echo "installing Jindi into $(VENV) (a minute or two, once)"
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@# Where Python may not keep bytecode, every start would compile all of it again: a second or more.
	$(BIN)/python -m compileall -q src
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.lock
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(VENV)/installed-bench: $(VENV)/installed requirements-bench.lock
	$(PIP) install --require-hashes -r requirements-bench.lock
	@touch $@
