# Every target brings its own environment: tools/bootstrap.py makes .venv, unless it is complete.
# A .venv that runs is remade with its own Python: one that was chosen by PYTHON=... stays chosen.
PYTHON ?= $(shell .venv/bin/python -c '' 2>/dev/null && echo .venv/bin/python || echo python3)
PROFILE ?= demo
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup repro redraw lab pipeline test unit lint format nbval golden bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: ## make .venv with the pinned packages, unless it is complete
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed; Python 3.11 to 3.13 is needed (PYTHON=... names another)" >&2; exit 1; }
	@$(PYTHON) tools/bootstrap.py

repro: setup ## rebuild every figure and table; PROFILE=demo (default, offline, scratch copy), laptop or paper
	@$(BIN)/python -m semcom_lib.pipeline.repro $(PROFILE)

redraw: setup ## redraw every report from results/, without data and checkpoints
	@$(BIN)/python -m semcom_lib.pipeline.repro laptop --redraw

lab: setup ## JupyterLab; notebooks/*.py open as notebooks, and what they make goes to build/interactive/
	@JUPYTER_CONFIG_PATH=$(CURDIR)/.jupyter $(BIN)/jupyter-lab --LabApp.default_url=/lab/tree/notebooks

pipeline: setup ## write dvc.yaml from stages.yaml and what the notebooks import
	@$(BIN)/python -m semcom_lib.pipeline.dvc_yaml

test: setup ## lint, unit tests, the demo pipeline twice with equal bytes, strict nbval over executed notebooks
	@$(BIN)/python tools/check.py

unit: setup ## unit tests only
	@$(BIN)/python -m pytest

lint: setup ## ruff, code and format
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

format: setup ## rewrite the code in the house's format
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

golden: setup ## record the demo's checksums after an intended change (tests/golden/demo.sha256)
	@$(BIN)/python tools/check.py --record-golden

bench: setup ## benchmarks as JSON lines, ours against a named peer in the same run
	@for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

lock: setup ## resolve requirements.in into requirements.lock and environment.yml
	@$(BIN)/python tools/lock.py

clean: ## remove .venv and build/
	rm -rf .venv build
