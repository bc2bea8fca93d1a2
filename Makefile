# Everything runs in .venv, which the first target that needs it makes. PYTHON chooses the interpreter (3.11 or newer).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO ?= demo

.DEFAULT_GOAL := help
.PHONY: help demo test check dev bench-scoring clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 16

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "vsa needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[all]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.user  ## generated scenes: import, propose, train, run, eval, pictures (a minute or a few)
	$(BIN)/vsa demo --dir $(DEMO)

test: $(VENV)/.test  ## the whole test suite; real-data tests run where VSA_TEST_DATA points at the data
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(VENV)/.dev  ## lint, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python typing_links.py
	$(BIN)/mypy
	PYTHONPATH=.typing $(BIN)/lint-imports

dev: $(VENV)/.dev  ## everything a developer needs, pre-commit hooks included
	$(BIN)/python typing_links.py
	$(BIN)/pre-commit install || true

clean:  ## remove what make made
	rm -rf $(VENV) .wheel-venv .typing build dist *.egg-info demo
