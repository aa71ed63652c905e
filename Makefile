# Frontdoor. `make help` says what there is. Everything but `setup` makes sure by itself that setup was done.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.ready
BIN := $(VENV)/bin
SCENARIO ?= domestic-abuse-night
# Tests mostly wait, for clocks and for processes: two workers a core keep two cores busy. Each has a PostgreSQL and a Kafka of its own.
WORKERS ?= 4

# The tests start some hundreds of Python processes: without compiled files each of them compiles all that it imports (5 s in place of 2).
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo up test lint rehearse coverage switched-off matrix bench generate clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## A virtual environment in .venv with everything in it; needs Python 3.11 or later
$(STAMP): pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make setup PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
	$(BIN)/uv sync --frozen --quiet
	@touch $@

demo: $(STAMP) ## One night, live, with made-up people; SCENARIO=conference-minutes for another story
	$(BIN)/frontdoor demo $(SCENARIO)

up: $(STAMP) ## All services in one process, to try things out by hand
	$(BIN)/frontdoor up

test: $(STAMP) ## Everything that has to hold: lint, types, all tests; needs Java 17 and Maven, or Docker, for a real Kafka
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy schemas services tests
	$(BIN)/pytest -n $(WORKERS) --dist worksteal

lint: $(STAMP) ## Style and types only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy schemas services tests

rehearse: $(STAMP) ## Every scenario of every pack, judged
	$(BIN)/frontdoor rehearse

coverage: $(STAMP) ## Play every scenario, and write docs/coverage.md: what serves each requirement, and whether it passes
	$(BIN)/frontdoor rehearse --coverage docs/coverage.md

switched-off: $(STAMP) ## Show that each expectation can fail: those that changed; remove deploy/register/switched-off.lock to show all
	$(BIN)/frontdoor rehearse --switch-off --lock deploy/register/switched-off.lock

matrix: $(STAMP) ## Write again who is given what in every pack, and ask the agreements about every row
	$(BIN)/frontdoor packs matrix

bench: $(STAMP) ## How fast it is on this machine
	cd tests && ../$(BIN)/python -m bench

generate: $(STAMP) ## Write again what is generated and committed: schemas, descriptions, the page of fields
	$(BIN)/python -m frontdoor_schemas.generate
	$(BIN)/python -m frontdoor_gateway --openapi schemas/openapi/gateway.json

clean: ## Remove what was built and what ran; the virtual environment stays
	rm -rf dist build var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find schemas services tests -name __pycache__ -type d -prune -exec rm -rf {} +
