# Sets up what each task needs in a virtual environment, then runs it: `make help`.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PYTHON ?= python3
VENV := .venv
ARGS ?=
# Tests of one file stay together: they share servers.
ON_ALL_CORES := --numprocesses=auto --maxprocesses=4 --dist=loadfile

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# The tool that writes the lock files; it is installed for `make lock` alone.
UV_VERSION := 0.13.8
COMPILE := .venv-lock/bin/uv pip compile --quiet --upgrade --python-version 3.11 --no-header \
	--no-annotate --no-emit-index-url --no-emit-find-links

# Without torch its names have no types, so what strictness finds in their users is no finding.
WHERE_TORCH_IS_ANY := --allow-subclassing-any --allow-untyped-decorators --no-warn-return-any \
	--no-warn-unused-ignores

define EXPORTER_EXTRA
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["project"]["optional-dependencies"]["exporter"], sep="\n")
endef
export EXPORTER_EXTRA

.PHONY: help demo test check lint types doors protos-check bench-check protos settings exporter \
	triton milvus peers rankers lock clean

help: ## List the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

demo: $(VENV)/.served ## Index a sample shop, start the server, search it; ARGS=--once to stop after
	$(BIN)/omnishelf demo $(ARGS)

test: $(VENV)/.developed ## Run every test; ARGS go to pytest
	$(BIN)/python -m pytest $(or $(ARGS),$(ON_ALL_CORES))

check: lint types doors protos-check bench-check ## Lint, types, doors, protos, latency harness

lint: $(VENV)/.developed ## Style: ruff's rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.developed ## mypy --strict
	$(BIN)/mypy $(if $(wildcard $(VENV)/.exports),,$(WHERE_TORCH_IS_ANY))

doors: $(VENV)/.developed ## Which package may import which
	$(BIN)/lint-imports --no-logo --no-cache

protos-check: $(VENV)/.developed ## The API's lint, its compatibility, and its committed stubs
	$(BIN)/python -m protos.lint
	$(BIN)/python -m protos.stubs --check

bench-check: $(VENV)/.developed ## Does the latency harness show a stall, and count right
	$(BIN)/python -m benchmarks.selfcheck

protos: $(VENV)/.developed ## Write the API's Python stubs to protos/gen
	$(BIN)/python -m protos.stubs

settings: $(VENV)/.developed ## Write deploy/settings.example.yaml from the settings tree
	$(BIN)/python -m deploy.settings_example

exporter: $(VENV)/.exports $(VENV)/openclip/.made ## Install torch too, for the exporter and its tests

peers: .venv-peers/.made ## Install other servers, for benchmarks/encoders.py and bench parts

rankers: .venv-rankers/.made ## Install other boosting libraries, for benchmarks/ranking.py

triton: .venv-triton/.prepared ## Build a Triton server that needs no container, for x86-64 Linux

milvus: .venv-milvus/.prepared ## Set up a Milvus server that needs no container, for `bench scale`

lock: .venv-lock/.made ## Choose versions anew: write requirements/*.txt from pyproject.toml
	$(COMPILE) --universal --generate-hashes pyproject.toml requirements/build.in \
		-o requirements/base.txt
	$(COMPILE) --universal --generate-hashes --extra dev --extra bench -c requirements/base.txt \
		pyproject.toml requirements/build.in -o requirements/dev.txt
# The macOS wheel of torch names no CUDA packages, so this list holds only what every build needs;
# numpy is chosen by Python version in the lists above.
	.venv-lock/bin/python -c "$$EXPORTER_EXTRA" | MACOSX_DEPLOYMENT_TARGET=15.0 $(COMPILE) \
		--python-platform macos --no-emit-package numpy -c requirements/dev.txt - \
		-o requirements/exporter.txt
# The same ONNX Runtime in Triton as in-process, so that both give the same vectors.
	sed -n 's/^\(onnxruntime-gpu==[^ ]*\).*/\1/p' requirements/base.txt | $(COMPILE) --no-deps \
		--generate-hashes --python-platform x86_64-manylinux_2_35 --only-binary :all: \
		-c - deploy/triton/requirements.in -o deploy/triton/requirements.txt

clean: ## Remove the environment and every cache
	rm -rf $(VENV) .venv-lock .venv-milvus .venv-peers .venv-rankers .venv-triton build dist \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Environments. A stamp is newer than everything it was made from. ---

define CHECK_PYTHON
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'Omnishelf needs Python 3.11 or later as `$(PYTHON)`;' \
			'name another with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
		echo '`$(PYTHON)` cannot make virtual environments; on Debian and Ubuntu install' \
			'python3-venv' >&2; exit 1; }
endef

$(VENV)/.made:
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.served: $(VENV)/.made requirements/base.txt pyproject.toml
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/base.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.developed: $(VENV)/.served requirements/dev.txt
	$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

# No hashes here: torch is another file on every platform and index.
$(VENV)/.exports: $(VENV)/.developed requirements/exporter.txt
	$(PIP) install --quiet --only-binary :all: -r requirements/exporter.txt
	@touch $@

# OpenCLIP, which tests compare with, in a folder of its own that only their process sees: its
# torchvision does not load beside every build of torch, and transformers would find it.
$(VENV)/openclip/.made: $(VENV)/.exports requirements/openclip.txt
	rm -rf $(@D)
	$(PIP) install --quiet --no-deps --only-binary :all: --target $(@D) \
		-r requirements/openclip.txt
	@touch $@

.venv-lock/.made: $(firstword $(MAKEFILE_LIST))
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear .venv-lock
	.venv-lock/bin/python -m pip install --disable-pip-version-check --quiet uv==$(UV_VERSION)
	@touch $@

# No hashes here: torch is another file on every platform and index.
.venv-peers/.made: benchmarks/peers/requirements.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear .venv-peers
	.venv-peers/bin/python -m pip --disable-pip-version-check install --quiet \
		--only-binary :all: -r benchmarks/peers/requirements.txt
	@touch $@

.venv-rankers/.made: benchmarks/peers/rankers.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear .venv-rankers
	.venv-rankers/bin/python -m pip --disable-pip-version-check install --quiet \
		--only-binary :all: -r benchmarks/peers/rankers.txt
	@touch $@

# Apart from the product: Triton's Python backend needs numpy below 2. Its wheel's own dependencies
# serve clients that are not used here, so only what is listed is installed.
.venv-triton/.made: deploy/triton/requirements.txt
	@$(PYTHON) -c 'import platform, sys; sys.exit((sys.platform, platform.machine()) != \
		("linux", "x86_64") or sys.version_info[:2] not in ((3, 11), (3, 12)))' || { \
		echo 'The Triton server comes for x86-64 Linux and for Python 3.11 or 3.12; elsewhere run' \
			'its image, as deploy/triton/README.md says' >&2; exit 1; }
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear .venv-triton
	.venv-triton/bin/python -m pip --disable-pip-version-check install --quiet --no-deps \
		--require-hashes --only-binary :all: -r deploy/triton/requirements.txt
	@touch $@

.venv-triton/.prepared: .venv-triton/.made exporter/triton/server_environment.py
	.venv-triton/bin/python -m exporter.triton.server_environment
	@touch $@

# The server's wheel has no dependencies of its own, and nothing of the product is needed to run it.
.venv-milvus/.made: benchmarks/scale/milvus.txt
	@$(PYTHON) -c 'import platform, sys; sys.exit((sys.platform, platform.machine()) != \
		("linux", "x86_64"))' || { echo 'The Milvus server comes for x86-64 Linux' >&2; exit 1; }
	$(CHECK_PYTHON)
	$(PYTHON) -m venv --clear .venv-milvus
	.venv-milvus/bin/python -m pip --disable-pip-version-check install --quiet --no-deps \
		--only-binary :all: -r benchmarks/scale/milvus.txt
	@touch $@

.venv-milvus/.prepared: .venv-milvus/.made benchmarks/scale/milvus_environment.py
	.venv-milvus/bin/python -m benchmarks.scale.milvus_environment prepare
	@touch $@
