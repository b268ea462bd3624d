# make lab    opens JupyterLab at the quickstart
# make test   lint, types, import contracts, the site and its links, tests, executed notebooks
# make bench  measures against tensorflow_hub 0.15 and against the floor
# make docs   builds the site of reference and notebooks in build/docs, and checks its links
#
# make notebooks, pictures   store the outputs of the notebooks and the pictures of the README anew
# make binder                makes and opens what Binder makes, and prints times and memory
# make test-all              tests in environments of their own: oldest and newest TensorFlow, the system's
#                            Python, the package; and asks the index for all pins
# make fresh                 both commands on a new, minimal Debian
#
# Each sets up what it needs in .venv, and programs such as dot through apt-get where that is possible without
# asking; a second run reuses it. LAB_ARGS passes options on to JupyterLab.

PYTHON ?= python3
BIN := .venv/bin
READY_LAB := .venv/ready-lab
READY := .venv/ready
READY_DOCS := .venv/ready-docs
# What the tests need that is no Python package; Playwright's driver wants the library.
PROGRAMS := dot chromium libatomic.so.1
SITE := build/docs
IN_PARALLEL := -n 2 --dist loadfile
QUICKSTART := notebooks/01_quickstart.ipynb
# What was made elsewhere, or for a Python that is gone, is made again.
FORGOTTEN := $(shell tools/forget_moved.sh)
# JupyterLab and its kernels write into the home folder; who has none gets one in build.
AT_HOME = [ -w "$$HOME" ] || { mkdir -p build/home && HOME="$$PWD/build/home" && export HOME; };
# What deno knows of the front end's types.
export DENO_DIR ?= $(CURDIR)/build/deno
export DENO_NO_UPDATE_CHECK := 1
# TensorFlow's start-up log is of no use to who reads test results.
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: lab test programs lint types contracts tests tests-tf1 test-all fresh bench binder notebooks pictures docs docs-links clean

# Without dot, diagrams show themselves as lists.
lab: $(READY_LAB)
	@tools/system_packages.sh dot || true
	@$(AT_HOME) $(BIN)/python -m jupyterlab --LabApp.default_url=/lab/tree/$(QUICKSTART) $(LAB_ARGS)

test: programs lint types contracts docs tests-tf1 tests

# What needs a program that is not there is skipped, and says so.
programs:
	@tools/system_packages.sh $(PROGRAMS) || true

lint: $(READY)
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/deno fmt --check --quiet
	$(BIN)/deno lint --quiet
	$(BIN)/deno check --quiet hubexplore

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-logo

tests: $(READY)
	@$(AT_HOME) $(BIN)/pytest -q $(IN_PARALLEL)

# The API once more in a process where TF2 behaviour is disabled, as in old programs.
tests-tf1: $(READY)
	@$(AT_HOME) HUBEXPLORE_TEST_TF1=1 $(BIN)/pytest -q $(IN_PARALLEL) tests/hub

# Half an hour and more, hence not a part of `make test`. TEST_ALL_ARGS names some: oldest newest package.
test-all: programs $(READY)
	$(BIN)/nox --noxfile tools/environments.py $(if $(TEST_ALL_ARGS),--session $(TEST_ALL_ARGS))

# Both commands on a new Debian, as a user without root; see `tools/fresh.py`. Needs root and debootstrap.
fresh:
	@"$(PYTHON)" -m tools.fresh $(FRESH_ARGS)

bench: programs $(READY)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Runs the notebooks and stores their outputs; refuses an error, a warning, or outputs of another structure,
# which NOTEBOOKS_ARGS=--accept stores.
notebooks: $(READY)
	@tools/system_packages.sh dot || true
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS_ARGS)

# Says how long each step took and how much memory is used.
binder: programs $(READY)
	$(BIN)/pytest -q tests/browser/test_binder.py
	@cat build/binder.txt

pictures: programs $(READY)
	$(BIN)/pytest -q tests/browser/test_pictures.py tests/browser/test_graph.py
	$(BIN)/python -m tools.pictures build/screenshots docs/pictures
	$(BIN)/python -m tools.layers docs/pictures/layers.svg

# Nothing of an earlier site stays: a link to what is gone has to fail.
docs: $(READY_DOCS)
	@rm -rf $(SITE) $(SITE)-trees
	@$(BIN)/python -m tools.stage_docs $(SITE)-source
	@$(BIN)/sphinx-build -q -W --keep-going -n -c docs -d $(SITE)-trees $(SITE)-source $(SITE)
	@$(BIN)/python -m tools.check_links $(SITE)

# Asks other hosts whether what the site links to is there.
docs-links: docs
	$(BIN)/sphinx-build -q -b linkcheck -c docs -d $(SITE)-trees $(SITE)-source $(SITE)-links

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Each stage has more of the extras that pyproject.toml names. A stage that fails says why, and so does one that
# cannot begin.
$(READY_LAB): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "There is no $(PYTHON). Install Python 3.11 to 3.13 (on Debian: apt-get install python3-venv), or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hubexplore needs Python 3.11 or newer, and $(PYTHON) is older; say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing what pyproject.toml names into .venv (a few minutes the first time) ..."
	@"$(PYTHON)" -E tools/set_up.py lab
	@pwd -P > $@

$(READY): $(READY_LAB)
	@echo "Installing what the checks need into .venv ..."
	@"$(PYTHON)" -E tools/set_up.py lab test
	@pwd -P > $@

$(READY_DOCS): $(READY)
	@echo "Installing what the site is made with into .venv ..."
	@"$(PYTHON)" -E tools/set_up.py lab test docs
	@pwd -P > $@
