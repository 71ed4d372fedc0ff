# The commands of the project. `make demo` and `make test` do all the set-up that they need.
PORT ?= 8000
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv)
STAMP := $(VENV)/.installed

.PHONY: help env demo test lint format lock bench screenshot clean

help:
	@echo "make demo    serve the product with its data on 127.0.0.1:$(PORT)"
	@echo "make test    run all tests, on SQLite and, where a server answers, on PostgreSQL"
	@echo "make lint    linters, type checks, migrations, fixtures and locks in step"
	@echo "make env     the environment alone, in $(VENV), from the locks"
	@echo "make format  lay out the code"
	@echo "make lock    write the locks anew from pyproject.toml (UPGRADE=1 takes newer versions)"
	@echo "make bench   measure the pages on synthetic corpora; ARGS=\"20000\" names the numbers of statements"
	@echo "make screenshot  take the pictures of the README and of the guides"

env: $(STAMP)

$(STAMP): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it with PYTHON=..."; exit 1; }
ifneq ($(UV),)
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@$(UV) pip sync --quiet --require-hashes --python $(BIN)/python requirements/dev.txt
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
endif
	@touch $@

demo: env
	@$(BIN)/python manage.py demo --port $(PORT)

test: env
	@$(BIN)/python -m tests $(ARGS)

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint --lint --check stances/templates
	$(BIN)/python manage.py check
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py compile_seeds --check
	@$(BIN)/python requirements/check.py

format: env
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format --quiet .

lock: env
	@$(BIN)/python requirements/check.py --write $(if $(UPGRADE),--upgrade)

bench: env
	@$(BIN)/python -m bench $(ARGS)

screenshot: env
	@$(BIN)/python -m docs.screenshot

clean:
	rm -rf $(VENV) var staticfiles
