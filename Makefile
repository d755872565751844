# Orderlight: `make` alone lists the commands.
.DEFAULT_GOAL := help
BIN := .venv/bin
SOURCES := orderlight gateway server simulators tests
ARGS ?=
# Of two cores one would stand still while tests wait for processes and clocks; a third worker uses that time.
WORKERS ?= 3

.PHONY: help setup demo test check bench format

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: ## Install everything the demo and the tests need, and start nothing
	@tools/setup.sh test

demo: ## Start a factory with simulated readers and print where to look (Ctrl+C stops it)
	@tools/setup.sh demo
	@$(BIN)/orderlight-sim demo $(ARGS)

test: ## Install what is missing, then run the whole suite
	@tools/setup.sh test
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## Format, lint, types, imports and unit tests, in under a minute
	@tools/setup.sh check
	@$(BIN)/ruff format --check $(SOURCES)
	@$(BIN)/ruff check $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest -q -n 2 --dist loadfile tests/unit tests/architecture $(ARGS)

bench: ## Measure speed as ratios in one run; ARGS=--quick takes under a minute
	@tools/setup.sh test
	@$(BIN)/python tests/benchmarks/run.py $(ARGS)

format: ## Put the code into its standard form
	@tools/setup.sh check
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)
