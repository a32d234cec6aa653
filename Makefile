# make setup | demo [EXIT=1] | test [REQUIRE=all] | soak [SOAK="--kills 20"] | pins | screens | clean
PYTHON ?= python3
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin
STAMP := .venv/.installed
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make pins"

.PHONY: setup demo test soak pins screens clean

setup: $(STAMP)

$(STAMP): requirements/build.txt requirements/dev.txt pyproject.toml hatch_build.py package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Asset Hub needs Python 3.11 or newer; name one: make PYTHON=python3.12 setup")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "Python cannot make a virtual environment; install it (apt-get install python3-venv)."; rm -rf .venv; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/ah demo --data .demo $(if $(EXIT),--exit)

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(REQUIRE),ASSETHUB_TEST_REQUIRE=$(REQUIRE)) $(BIN)/python -m pytest -n $(JOBS)

soak: setup
	$(BIN)/python -m tests.faults.soak $(SOAK)
	$(BIN)/python -m tests.faults.collecting

# Screenshots of every page, from the demo's data.
screens: setup
	$(BIN)/python -m tests.console.screens docs/screens

pins:
	$(COMPILE) pyproject.toml -o requirements/client.txt
	$(COMPILE) pyproject.toml --extra server -o requirements/server.txt
	$(COMPILE) --group build -o requirements/build.txt
	$(COMPILE) pyproject.toml --extra server --group dev -o requirements/dev.txt
	$(COMPILE) --group compatibility -o requirements/compatibility.txt

clean:
	rm -rf .venv .demo dist build src/assethub/server/console/static/vendor
