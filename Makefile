# Hearth: everything stays in .venv, except the browser that the tests drive. `make help` lists the commands.

PROFILE ?= full
TORCH ?= auto
ARGS ?=
# Test processes side by side; those that drive the whole dashboard run alone.
WORKERS ?= 2
# python3 where it is new enough, else the newest of the supported versions.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo $$python; break; }; done)
RUN := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run install dev test lint format docs lock bench screenshots clean

help: ## List these commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'

run: install ## Set up if needed and start Hearth; PROFILE=light leaves torch out, ARGS="--port 7861" passes options
	@exec $(RUN) app.py $(ARGS)

install: ## Set up .venv; TORCH=cpu or TORCH=ordinary decides the build of torch, else the machine does
	@test -n "$(PYTHON)" || { echo "Hearth needs Python 3.11, 3.12 or 3.13 and found none; on Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) deploy/install.py --profile $(PROFILE) --torch $(TORCH)

dev:
	@$(MAKE) --no-print-directory install PROFILE=dev

test: lint ## Everything that must hold: lint, types, docs and all tests, in a real browser too
	@$(RUN) deploy/browser.py
	@$(RUN) deploy/node_client.py || true
ifeq ($(ARGS),)
	$(RUN) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/e2e
	@# A browser on a busy machine may be late once; what fails twice is broken.
	$(RUN) -m pytest tests/e2e || $(RUN) -m pytest tests/e2e --last-failed
else
	$(RUN) -m pytest $(ARGS)
endif

lint: dev ## Lint, format and types
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy

format: dev ## Put the code into its form
	$(RUN) -m ruff check --fix
	$(RUN) -m ruff format

docs: dev ## Write the generated parts of README.md
	$(RUN) deploy/readme.py --write

lock: dev ## Resolve pyproject.toml anew and write locks/
	$(RUN) deploy/lock.py

bench: dev ## Measure, and write the figures into README.md
	$(RUN) -m benchmarks $(ARGS)

screenshots: dev ## Take the README's pictures from the running dashboard
	@$(RUN) deploy/browser.py
	$(RUN) -m deploy.screenshots

clean: ## Remove .venv and every cache; your data folder is not touched
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache build dist hearth.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
