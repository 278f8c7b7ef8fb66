# Every target is the only command after a clone: it makes .venv first when that is missing or out of date.
# `make help` lists them.

# Any Python from 3.8 on can run the set-up, which then finds or installs a 3.12. A version manager's `python3`
# may be there and refuse to start, so each candidate is tried.
PYTHON := $(shell for python in python3 python3.12 /usr/bin/python3 python3.13 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null && echo "$$python" && break; done)
MINUTES ?= 20
ARGS ?=
DIR ?=
LOCK = --quiet --python-version=3.12 --generate-hashes --custom-compile-command="make lock" $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test check openapi install-into rehearse schema doctor lock bench bench-peers queue soak fuzz audit licences types diagnose-demo release screenshots checklist clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Make .venv (the others do this by themselves)
	@$(if $(PYTHON),$(PYTHON) -I dev/setup.py,echo "Python 3.8 or newer is needed to start; none was found." >&2; exit 1)

demo: setup ## Show the whole system at work, locally, in about a minute
	@.venv/bin/python -m dev.demo $(ARGS)

dev: setup ## Run the local stack with a cron tick each minute, until Ctrl-C
	@.venv/bin/python -m dev up $(ARGS)

test: setup ## Run every test (ARGS="-k likes -x" goes to pytest)
	@.venv/bin/python -m pytest $(ARGS)

check: setup ## Lint, types, SQL, builds, documents (ARGS="ruff mypy" picks)
	@.venv/bin/python -m dev.check $(ARGS)

install-into: setup ## Put the queue into the app at DIR=../app (ARGS=--dry-run changes nothing)
	@.venv/bin/python -m dev.install --into "$(or $(DIR),$(error say where the app is: make install-into DIR=../app))" $(ARGS)

rehearse: setup ## Try an adoption of the app at DIR=../app locally (ARGS=--serve stays)
	@.venv/bin/python -m dev.rehearse --app "$(or $(DIR),$(error say where the app is: make rehearse DIR=../app))" $(ARGS)

screenshots: setup ## Make the pictures of docs/dashboard.md, in a real browser
	@.venv/bin/python -m dev.screenshots

openapi: setup ## Write public/openapi.json from the code, and the client's types from that
	@.venv/bin/python -m dev.openapi
	@.venv/bin/python -m dev.typescript

schema: setup ## Write what the migrations make, with which the doctor compares
	@.venv/bin/python -m dev.schema $(ARGS)

doctor: setup ## Say what is wrong with the database DATABASE_URL (reads only)
	@.venv/bin/python -m dev.doctor $(ARGS)

types: setup ## Write supabase/types.ts from the migrations, by `supabase gen types`
	@.venv/bin/python -m dev.database_types

licences: setup ## Write docs/licences.md from what the deployed packages say
	@.venv/bin/python -m dev.licences

diagnose-demo: setup ## Show what is wrong without this project (ARGS=--write writes the findings)
	@.venv/bin/python -m dev.diagnose $(ARGS)

lock: setup ## Write requirements*.txt, with hashes, from requirements*.in
	@.venv/bin/uv pip compile $(LOCK) -o requirements.txt requirements.in
	@.venv/bin/uv pip compile $(LOCK) -c requirements.txt -o requirements-cli.txt requirements-cli.in
	@.venv/bin/uv pip compile $(LOCK) -c requirements-cli.txt -o requirements-dev.txt requirements-dev.in
	@.venv/bin/uv pip compile $(LOCK) -o bench/peers/requirements.txt bench/peers/requirements.in

bench: setup ## Measure in ratios (ARGS="drain likes" picks, ARGS=--quick only tries)
	@.venv/bin/python -m bench $(ARGS)

bench-peers: setup ## Measure other Postgres queues and ours, side by side
	@.venv/bin/python -m bench.peers $(ARGS)

queue: setup ## Operate a queue (ARGS="status --watch"; ARGS=--help lists the commands)
	@.venv/bin/python -m lib.cli $(ARGS)

soak: setup ## Load the system for MINUTES=20; look for drift, leaks, lost jobs
	@.venv/bin/python -m tests.soak --minutes $(MINUTES) $(ARGS)

checklist: setup ## Run the manual checklist, docs/checklist.md, and print the results
	@.venv/bin/python -m dev.checklist $(ARGS)

audit: setup ## Ask PyPI, OSV and npm for known weaknesses of all packages
	@.venv/bin/python -m dev.audit

fuzz: setup ## Send requests made from the description to all routes for MINUTES=20
	@.venv/bin/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

release: setup ## Freeze the migrations under VERSION=1.1.0: tests then refuse edits
	@.venv/bin/python -m dev.release $(VERSION)

clean: ## Remove .venv and the caches in this folder
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .vercel
	@find api lib dev tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
