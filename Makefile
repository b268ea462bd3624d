# make lab    opens JupyterLab at the quickstart
# make test   lint, types, import contracts, the site and its links, tests, executed notebooks
# make bench  compares hubexplore with tensorflow_hub 0.15 and with the floor
# make docs   builds the site of reference and notebooks in build/docs, and checks its links
#
# make notebooks   runs the notebooks and stores their outputs
# make pictures    redraws the pictures of README and CONTRIBUTING
# make gallery     takes the pictures of docs/gallery: one kind of value after the other in the panel
# make binder      builds and opens what Binder builds, and prints times and memory
# make test-all    tests in separate environments: oldest and newest TensorFlow, the system's Python, the
#                  package; and checks that the index has all pinned versions
# make fresh       `make lab` and `make test` on a new, minimal Debian
#
# Each target sets up what it needs in .venv and installs programs such as dot with apt-get if it can do so
# without a password. A second run reuses both. LAB_ARGS passes options to JupyterLab.

PYTHON ?= python3
BIN := .venv/bin
READY_LAB := .venv/ready-lab
READY := .venv/ready
READY_DOCS := .venv/ready-docs
READY_FRONT_ENDS := build/front-ends/ready
READY_CONVERTERS := build/converters/ready
# What the tests need besides Python packages. Playwright's driver needs the library.
PROGRAMS := dot chromium libatomic.so.1
SITE := build/docs
# Three for two cores: browsers and kernels wait half of the time. Without the reordering, which puts files with
# few tests last: these are the longest, and would be waited for.
IN_PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
QUICKSTART := notebooks/01_quickstart.ipynb
# An environment that was made in another folder, or for a Python that no longer exists, is set up again.
FORGOTTEN := $(shell tools/forget_moved.sh)
# JupyterLab and its kernels write into the home folder. A user without one gets a folder in build.
AT_HOME = [ -w "$$HOME" ] || { mkdir -p build/home && HOME="$$PWD/build/home" && export HOME; };
# Deno's cache of the types that the front end uses.
export DENO_DIR ?= $(CURDIR)/build/deno
export DENO_NO_UPDATE_CHECK := 1
# TensorFlow's start-up log would drown the test results.
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: lab test programs lint types contracts tests tests-tf1 test-all fresh bench binder strangers notebooks pictures gallery docs docs-links clean

# Without dot, diagrams are displayed as lists.
lab: $(READY_LAB)
	@tools/system_packages.sh dot || true
	@$(AT_HOME) $(BIN)/python -m jupyterlab --LabApp.default_url=/lab/tree/$(QUICKSTART) $(LAB_ARGS)

test: programs lint types contracts docs tests-tf1 tests

# Tests whose program is missing are skipped, with a message.
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

tests: $(READY) $(READY_FRONT_ENDS) $(READY_CONVERTERS)
	@$(AT_HOME) $(BIN)/pytest -q $(IN_PARALLEL)

# The API tests again with TF2 behaviour disabled, as in old programs.
tests-tf1: $(READY)
	@$(AT_HOME) HUBEXPLORE_TEST_TF1=1 $(BIN)/pytest -q $(IN_PARALLEL) tests/hub

# Takes more than half an hour, so it is not a part of `make test`. TEST_ALL_ARGS selects: oldest newest package.
test-all: programs $(READY)
	$(BIN)/nox --noxfile tools/environments.py $(if $(TEST_ALL_ARGS),--session $(TEST_ALL_ARGS))

# `make lab` and `make test` on a new Debian, as a user without root; see tools/fresh.py. Needs root and debootstrap.
fresh:
	@"$(PYTHON)" -m tools.fresh $(FRESH_ARGS)

bench: programs $(READY)
	$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Runs the notebooks and stores their outputs, unless there is an error, a warning or a change in the structure of
# the outputs. NOTEBOOKS_ARGS=--accept stores a new structure.
notebooks: $(READY)
	@tools/system_packages.sh dot || true
	$(BIN)/python tools/notebooks.py $(NOTEBOOKS_ARGS)

# Compares scanners on the hostile and harmless models of the tests; installs the others in build/peers.
strangers: $(READY)
	$(BIN)/python -m tools.strangers

# Prints how long each step took, in an empty environment, and how much memory is used.
binder: programs $(READY)
	rm -rf build/binder
	$(BIN)/pytest -q tests/browser/test_binder.py
	@cat build/binder.txt

pictures: programs $(READY)
	$(BIN)/pytest -q tests/browser/test_pictures.py tests/browser/test_graph.py
	$(BIN)/python -m tools.pictures build/screenshots docs/pictures
	$(BIN)/python -m tools.layers docs/pictures/layers.svg

gallery: programs $(READY)
	HUBEXPLORE_GALLERY=1 $(BIN)/pytest -q tests/browser/test_gallery.py -k test_kind
	$(BIN)/python -m tools.gallery build/screenshots/gallery docs/gallery

# The earlier site is deleted first: a link to a page that was removed has to fail.
docs: $(READY_DOCS)
	@rm -rf $(SITE) $(SITE)-trees
	@$(BIN)/python -m tools.stage_docs $(SITE)-source
	@$(BIN)/sphinx-build -q -W --keep-going -n -c docs -d $(SITE)-trees $(SITE)-source $(SITE)
	@$(BIN)/python -m tools.check_links $(SITE)

# Also checks the links to other sites.
docs-links: docs
	$(BIN)/sphinx-build -q -b linkcheck -c docs -d $(SITE)-trees $(SITE)-source $(SITE)-links

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

# Each stage installs more of the extras in pyproject.toml, and explains why if it fails or cannot start.
$(READY_LAB): pyproject.toml constraints.txt
	@command -v "$(PYTHON)" >/dev/null || \
	  { echo "There is no program $(PYTHON). Install Python 3.11 to 3.13 (on Debian: apt-get install python3-venv), or name it: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hubexplore needs Python 3.11 or newer, and $(PYTHON) is older. Name a newer one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing what pyproject.toml names into .venv (a few minutes the first time) ..."
	@"$(PYTHON)" -E tools/set_up.py lab lens map dask
	@pwd -P > $@

$(READY): $(READY_LAB)
	@echo "Installing what the checks need into .venv ..."
	@"$(PYTHON)" -E tools/set_up.py lab lens map dask test
	@pwd -P > $@

$(READY_CONVERTERS): $(READY) tools/converters.py tools/converters.txt tools/layered.py
	@echo "Installing the converters that tests use into build/converters ..."
	@$(BIN)/python -m tools.converters
	@pwd -P > $@

$(READY_FRONT_ENDS): $(READY) tools/front_ends.py tools/front_ends.txt tools/layered.py
	@echo "Installing the front ends that the browser tests open into build/front-ends ..."
	@$(BIN)/python -m tools.front_ends
	@pwd -P > $@

$(READY_DOCS): $(READY)
	@echo "Installing what the site needs into .venv ..."
	@"$(PYTHON)" -E tools/set_up.py lab lens map dask test docs
	@pwd -P > $@
