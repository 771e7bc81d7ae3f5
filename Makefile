# The two commands of the README, and what builds, checks and measures the platform.
# Only Python 3.11+ and make are needed; everything else is brought by package managers, pinned and checked by hash.
PYTHON ?= python3
PORT ?= 8000
ADCODE ?= 310120
VENV := .venv
BIN := $(VENV)/bin
export PORT
export ONECITY_HOME ?= $(CURDIR)/var
export PIP_DISABLE_PIP_VERSION_CHECK := 1

UNIT := not stack and not browser and not soak
FIRST := src/onecity/kernel/cases src/onecity/domains src/onecity/project src/onecity/sim
OTHERS = $(filter-out $(FIRST) %.py %/__pycache__,$(wildcard src/onecity/kernel/*))

.PHONY: run test test-stack test-cases test-others test-browser check soak bench clean lock

run: $(VENV)/.runtime node_modules/.runtime
	@exec $(BIN)/onecity up --adcode $(ADCODE)

test: $(VENV)/.develop node_modules/.develop
	@$(BIN)/onecity messages compile
	@$(MAKE) --no-print-directory --keep-going -j2 --output-sync=target test-stack test-others test-cases test-browser

# four processes, two at a time, each with a fixed order of its own: a run that failed fails again
test-stack:
	$(BIN)/pytest -m "stack and not browser and not soak"
test-browser:
	$(BIN)/pytest -m "browser and not soak"
test-cases:
	$(BIN)/pytest -m "$(UNIT)" $(FIRST) tests
test-others:
	$(BIN)/pytest -m "$(UNIT)" $(OTHERS)

check: $(VENV)/.develop
	@$(BIN)/onecity messages compile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/onecity messages check
	$(BIN)/pytest -q tests/architecture

soak: $(VENV)/.develop node_modules/.develop
	$(BIN)/pytest -m "soak"
	$(BIN)/pytest -m "$(UNIT)" --hypothesis-profile=random -n auto --maxprocesses 4 --dist loadfile

bench: $(VENV)/.runtime
	@for name in places rules cases ingest; do $(BIN)/onecity bench $$name; done

clean:
	rm -rf $(VENV) node_modules

# ---- environments: one folder, two depths ----
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "OneCity needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/.python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/onecity messages compile
	@touch $@

$(VENV)/.develop: requirements-dev.lock $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# npm comes with the machine's Node, or else with a wheel
node_modules/.runtime: package-lock.json package.json | $(VENV)/.runtime
	@./tools/npm ci --omit=dev --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

node_modules/.develop: node_modules/.runtime
	@./tools/npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@ node_modules/.runtime

lock:
	uv pip compile pyproject.toml --extra build --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 -q -o requirements.lock
	uv pip compile pyproject.toml --extra build --extra dev -c requirements.lock --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 -q -o requirements-dev.lock
	uv pip compile requirements-node.in --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --python-version 3.11 -q -o requirements-node.lock
