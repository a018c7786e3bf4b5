# make demo | test | check | nightly | bench-accuracy NAME=... | bench-speed NAME=... | docs | clean
# PYTHON  the interpreter that makes the environment (3.11 or newer)
# VENV    an environment of your own: used as it is when it exists, made when it does not

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
INSTALL := $(RUN) -m pip install --quiet --disable-pip-version-check -c constraints.txt
NEEDS := pyproject.toml constraints.txt
ONE := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
FAST := -m "not slow and not realdata and not nightly"

# An environment that somebody names and that exists is theirs: nothing is installed into it.
ifneq ($(origin VENV),file)
ifneq ($(wildcard $(VENV)/bin/python),)
GIVEN := yes
endif
endif
ifdef GIVEN
DEMO :=
TEST :=
else
DEMO := $(VENV)/.ready-demo
TEST := $(VENV)/.ready-test
endif

.DEFAULT_GOAL := help
.PHONY: help demo test check nightly bench-accuracy bench-speed docs clean

help:
	@echo "make demo            make pictures, learn from them, read new ones (under 5 minutes)"
	@echo "make test            every test that needs no real data"
	@echo "make nightly         2,000 damaged files, some minutes"
	@echo "make check           what must pass before a commit (under 60 s)"
	@echo "make bench-accuracy NAME=...   redo one published accuracy; without NAME: list them"
	@echo "make bench-speed NAME=...      redo one published speed; without NAME: list them"
	@echo "make docs            the pages, as a site in site/"
	@echo "make clean           remove what make made"

demo: $(DEMO)
	$(RUN) examples/demo.py

test: $(TEST)
	$(ONE) $(RUN) -m pytest -n 2 -m "not realdata and not nightly" $(ARGS)

nightly: $(TEST)
	$(RUN) -m pytest -m nightly $(ARGS)

check: $(TEST)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(ONE) $(RUN) -m pytest -n 2 $(FAST) $(ARGS)

bench-accuracy: $(DEMO)
ifdef NAME
	$(RUN) -m benchmarks.accuracy $(NAME) $(ARGS)
else
	@echo "which one? make bench-accuracy NAME=..."; $(RUN) -m benchmarks.accuracy --list
endif

bench-speed: $(DEMO)
ifdef NAME
	$(RUN) -m benchmarks.speed $(NAME) $(ARGS)
else
	@echo "which one? make bench-speed NAME=..."; $(RUN) -m benchmarks.speed --list
endif

docs: $(VENV)/.ready-docs
	$(RUN) -m mkdocs build --strict --quiet
	@echo "open site/index.html"

clean:
	rm -rf site dist demo .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +
ifeq ($(origin VENV),file)
	rm -rf $(VENV)
endif

$(VENV)/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "vesale needs Python 3.11 or newer; name one: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready-demo: $(NEEDS) | $(VENV)/bin/python
	@echo "installing vesale and what learning needs into $(VENV) (once, some minutes)"
	$(INSTALL) -e '.[train,weights]'
	@touch $@

$(VENV)/.ready-test: $(NEEDS) | $(VENV)/bin/python
	@echo "installing vesale, what learning needs and the test tools into $(VENV) (once, some minutes)"
	$(INSTALL) -e '.[train,weights,test]'
	@touch $@ $(VENV)/.ready-demo

$(VENV)/.ready-docs: $(NEEDS) | $(VENV)/bin/python
	$(INSTALL) -e '.[docs]'
	@touch $@
