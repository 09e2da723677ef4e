# Everything that a person or CI does with this repository, in eight targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: setup check test demo up bench faults help

# The first Python on this machine that is new enough; `make setup PYTHON=...` names another.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3 python3.14; do \
	$$name -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

setup: .venv/ready ## Make .venv from the locked, hashed requirements (again only when they change)
	@echo "The environment is ready: make test, make demo."

check: .venv/ready ## Format, lint, types, layers, schemas, tidiness, seeded bugs still fit
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m sijill.adapters.schema_check
	$(BIN)/pytest -q --durations=0 --durations-min=5 tests/test_tidy.py tests/seeded

test: .venv/ready ## Run the proofs on a real Kafka and PostgreSQL (PYTEST_ARGS="-k word")
	$(BIN)/pytest $(PYTEST_ARGS)

demo: .venv/ready ## Simulated ministries publish a year; watch alerts appear (DEMO_ARGS="--persons 2000 --once")
	@$(BIN)/sijill demo $(DEMO_ARGS)

up: .venv/ready ## Run the hub on this machine until Ctrl-C; data stay in var/ (UP_ARGS="...")
	@$(BIN)/sijill up $(UP_ARGS)

bench: .venv/ready ## Measure the main path (BENCH_ARGS="--json FILE")
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

faults: .venv/ready ## Crash drills: each must end as a calm run does (FAULTS=quick, FAULTS="full --only kills --seed 7")
	$(BIN)/python -m tests.faults $(FAULTS)

help: ## List these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' \
	| while IFS=$$'\t' read -r name text; do printf '  make %-7s %s\n' "$$name" "$$text"; done

.venv/ready: requirements.txt requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer (with its venv module) is needed and was not found." >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON) from the locked requirements: about 150 MB, once."
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements-dev.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
