# Muster. `make help` lists what there is to make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
MUSTER := $(BIN)/muster

# What was compiled once is not compiled again at each of many hundred starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-unit check lint bench bench-cli bench-log bench-plan bench-proof fuzz torture soak up down clean lock protos

help: ## list what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.installed ## play one emergency from warning to closed case, on real parts
	@$(MUSTER) demo

test: $(VENV)/.installed-dev ## run all tests, on a real PostgreSQL and a real Temporal
	@$(BIN)/pytest -q -n "$(or $(JOBS),3)" $(ARGS)

test-unit: $(VENV)/.installed-dev ## run the tests that start no process, for while you write
	@$(BIN)/pytest -q -n "$(or $(JOBS),3)" -m "not processes" $(ARGS)

check: lint test ## lint, types, import rules, contract, then all tests

lint: $(VENV)/.installed-dev ## all of `make check` but the tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf breaking --against protos/released.binpb

bench: $(VENV)/.installed-dev ## measure the figures of the spine
	@$(BIN)/python -m benchmarks.spine

bench-cli: $(VENV)/.installed-dev ## measure how soon `muster --help` and a completion answer
	@$(BIN)/python -m benchmarks.cli

bench-log: $(VENV)/.installed-dev ## compare the log with other event stores (EVENTS=5000000)
	@$(BIN)/python -m benchmarks.log --events "$(or $(EVENTS),5000000)"

bench-plan: $(VENV)/.installed-dev ## measure how long a plan of 2,000 tasks and 300 zones takes to be checked
	@$(BIN)/python -m benchmarks.plan

bench-proof: $(VENV)/.installed-dev ## try to forge: changed bundles, forked logs; what export, verifying and the map of heads cost (MUTANTS=100000 SEED=1)
	@$(BIN)/python -m benchmarks.proof --mutants "$(or $(MUTANTS),100000)" --seed "$(or $(SEED),1)"
	@$(BIN)/python -m benchmarks.proof.heads
	@$(BIN)/python -m benchmarks.proof.forks --seed "$(or $(SEED),1)"

fuzz: $(VENV)/.installed-dev ## feed plans that nobody would write to their compiler (RUNS=500000 of each kind)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r tests/fuzz/requirements.txt
	@$(BIN)/python -m tests.fuzz bytes --runs "$(or $(RUNS),500000)"
	@$(BIN)/python -m tests.fuzz plans --runs "$(or $(RUNS),500000)"
	@$(BIN)/python -m tests.fuzz texts --runs "$(or $(RUNS),500000)"

torture: $(VENV)/.installed-dev ## break what the log stands on, by the seed SEED, and see that it holds
	@$(BIN)/python -m benchmarks.torture --seed "$(SEED)"

soak: $(VENV)/.installed-dev ## kill and pause a whole stack under load, and say how late it gets (KILLS=300 SEED=1 BASE=7cc190a)
	@$(BIN)/python -m benchmarks.soak --kills "$(or $(KILLS),300)" --seed "$(SEED)" --base "$(or $(BASE),7cc190a)" \
	    $(if $(RUNS),--runs "$(RUNS)")

up: $(VENV)/.installed ## start everything on this machine, until Ctrl-C
	@$(MUSTER) up

down: $(VENV)/.installed ## stop what `make up` started
	@$(MUSTER) down

clean: ## stop the local stack; remove it and everything that was installed
	@test ! -x $(MUSTER) || $(MUSTER) down
	rm -rf $(VENV) .muster build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock: $(VENV)/.installed-dev ## pin every dependency again, with hashes
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --upgrade --extra build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url --upgrade --extra build --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock

protos: $(VENV)/.installed-dev ## generate the stubs of the contract again
	$(BIN)/python protos/generate.py

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Muster needs Python 3.11 or later, this is " + sys.version.split()[0] + ": try make PYTHON=python3.11")'
	@echo "installing into $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# Hash-checked, then the project itself without asking any index again.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
