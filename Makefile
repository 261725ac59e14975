# Two commands do all the set-up: `make demo` (the package alone) and `make test` (everything the tests need).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# By the environment, as pip passes them on to what builds the package; a newer pip asks the second for that.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt
SHARED ?= ../shared
BENCHMARKS := speed latency service quality unseen cues facts replies

.PHONY: help setup demo test check fix bench train evaluate clean

help:
	@echo "make demo | test | check | fix | bench | train | evaluate | setup | clean"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.package: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev,distributed,django,report,server,train]'
	@touch $@ $(VENV)/.package

setup: $(VENV)/.dev

demo: $(VENV)/.package
	@mkdir -p out
	$(BIN)/opportunity score data/examples/complaints.csv --out out/suggestions.jsonl --cards 3
	@echo "The full result lies in out/suggestions.jsonl"

test: $(VENV)/.dev
	@sh scripts/install_chromium.sh
	$(BIN)/python -m pytest

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not slow"

fix: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# All are run, one after another, also where one misses its target; it then fails at the end.
bench: $(VENV)/.dev
	$(PIP) fasttext-wheel
	@$(MAKE) --no-print-directory --keep-going --jobs=1 $(BENCHMARKS:%=bench-%)

bench-%: benchmarks/%.py
	$(BIN)/python $<

# The shipped table, from data/ and, where they are, the openly licensed real messages beside the project.
train: $(VENV)/.package
	$(BIN)/python scripts/train_table.py --shared $(SHARED)
	$(BIN)/python scripts/join_models.py --shared $(SHARED)

evaluate: $(VENV)/.package
	$(BIN)/opportunity evaluate table $(SHARED)/data/gold_dev.jsonl
	@if [ -d models/reader ]; then $(BIN)/opportunity evaluate reader $(SHARED)/data/gold_dev.jsonl; fi

clean:
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
