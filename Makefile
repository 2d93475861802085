# Plain `make` lists what there is. Every target does its own set-up first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
PLAN ?= topologies/matsuno.yaml
COUNT ?= 24
PYTEST ?=
# One more worker than processors, since towns wait a lot; more than four fill the memory.
WORKERS ?= $(shell n=$$(nproc); echo $$((n < 4 ? n + 1 : 4)))
SIDE_BY_SIDE := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup check accept test lint golden lock bench mutate vm-setup vm-test vm-live clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

setup:  ## packages of the distribution and .venv; a second time in no time
	@.ci/setup

check: setup  ## boot, guard, probe and judge PLAN=topologies/matsuno.yaml
	@$(BIN)/sekisho check $(PLAN)

accept: setup  ## the whole test of PLAN in one run: gate, real conversations, every event
	@$(BIN)/sekisho accept $(PLAN)

test: setup lint  ## lint, then every test, WORKERS=3 side by side; PYTEST="-m 'not live'" chooses
	$(BIN)/pytest $(SIDE_BY_SIDE) $(PYTEST)

lint: setup  ## ruff, mypy --strict, the contracts between the packages
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

golden: setup  ## rewrite the golden files; read the diff
	$(BIN)/pytest -q -m "not live" --golden

lock: setup  ## choose the newest versions of everything that is pinned
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --extra dev --extra judge --extra os-ken --extra vm --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  --build-constraints build-constraints.txt pyproject.toml --output-file requirements.lock

bench: setup  ## the figures: time, frames, memory, beside Mininet's own
	$(BIN)/python -m scenarios.bench

mutate: setup  ## plant COUNT=24 faults in tables and all the others, and see each one told
	@$(BIN)/sekisho mutate $(PLAN) --faults $(COUNT)

vm-setup:  ## what a Linux VM needs: QEMU, and a kernel where this machine's will not do
	@.ci/setup vm

vm-test: vm-setup  ## boot Linux VMs: gate on both datapaths, cut lines, watchdog
	$(BIN)/pytest -m vm $(PYTEST)

vm-live: vm-setup  ## all tests that start towns, inside a Linux VM; without KVM this takes hours
	$(BIN)/sekisho vm run --timeout 36000 --exec -- $(BIN)/pytest -m live -p no:cacheprovider $(PYTEST)

clean:  ## remove .venv, caches and runs
	rm -rf .venv runs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
