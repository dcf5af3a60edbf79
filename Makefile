# The commands of people, .ci/run and TeamCity alike. Each brings up what it needs first (.ci/bootstrap).
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
export LD_LIBRARY_PATH := $(CURDIR)/.venv/lib/native$(if $(LD_LIBRARY_PATH),:$(LD_LIBRARY_PATH))
PYTEST := $(BIN)/pytest $(ARGS)

.PHONY: help setup demo test bench soak check format-check lint types imports schemas quick-tests up down status doctor

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what everything else needs: .venv, Java, Node, JupyterHub's proxy
	@.ci/bootstrap

demo: setup ## run a whole day of the desk on real services; KEEP=1 leaves them up, HISTORY=file takes recorded candles
	@$(BIN)/jtrader demo $(if $(filter-out 0,$(KEEP)),--keep) $(if $(HISTORY),--history "$(HISTORY)") $(ARGS)

test: ## everything that proves behaviour, on real services; ARGS="-k word" for some
	@.ci/bootstrap --browser
	@$(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder tests

bench: setup ## measure speed and size beside the machine's limits; writes var/bench/results.json; ARGS="decode" for a group
	@$(BIN)/jtrader bench $(ARGS)

soak: setup ## the long runs at full length (30 minutes each); writes var/soak/report.json; ARGS="feed --minutes 120" for one
	@$(BIN)/python tests/bench/soak.py $(ARGS)

check: setup format-check lint types imports schemas quick-tests ## format, lint, types, import contracts, file schemas, quick tests; offline

format-check: setup
	$(BIN)/ruff format --check .

lint: setup
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

schemas: setup
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint docker/*/Dockerfile
	$(if $(wildcard ../shared/schemas/teamcity-pipeline.schema.json),\
	$(BIN)/check-jsonschema --schemafile ../shared/schemas/teamcity-pipeline.schema.json teamcity/*.yml,\
	@echo "the schema of TeamCity pipelines is not beside the checkout: teamcity/ is checked by tests alone")

quick-tests: setup
	$(PYTEST) -q -n 2 tests/unit tests/property tests/architecture

up: setup ## start the services for daily use and wait until they are healthy
	@$(BIN)/jtrader up

down: setup ## stop the services; nothing of them is left running
	@$(BIN)/jtrader down

status: setup ## show each service's health, memory and address
	@$(BIN)/jtrader status

doctor: setup ## look for what is wrong with this machine or the stack, and say how to mend it
	@$(BIN)/jtrader doctor
