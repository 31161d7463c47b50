# make demo: install, and run a small sweep on built-in data.   make test: install, and pass the tests.
# make gpu: all that a CUDA device has to show, with the torch that PYTHON has.
# make test PYTHON=python3.13: with that Python.   make test-newest: with the newest releases.
PYTHON ?= python3
# An environment for each Python: .venv, but .venv-3.13 with PYTHON=python3.13.
ifndef VENV
ifeq ($(origin PYTHON),file)
VENV := .venv
else
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
$(if $(VERSION),,$(error PYTHON=$(PYTHON) does not start; name a Python that does))
VENV := .venv-$(VERSION)
endif
endif
BIN = $(VENV)/bin

# The newest releases that pyproject.toml allows, in place of constraints.txt.
NEWEST = $(VENV)-newest

# Torchvision's newest release needs another torch than constraints.txt has, hence its own environment.
TV = .venv-torchvision

# make docs: the site in site/, which can be read from the folder.
.PHONY: demo test slow lint docs gpu test-newest test-torchvision clean

demo: $(VENV)/.installed
	$(BIN)/archscope cifar-sweep --preset quick --gpus 0 --out runs/demo
	@printf "Try next:\n  %s\n  %s\n  %s\n" "$(BIN)/archscope solve" "$(BIN)/archscope compare resnet50 resnext50_32x4d" \
		"$(BIN)/archscope solve --network mobilenet_v2 --at-most 5Mparams --at-most 600MMACs"

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

test-newest: $(NEWEST)/bin/python
	$(NEWEST)/bin/python -m pip install --quiet --upgrade --upgrade-strategy eager -e ".[dev]"
	OMP_NUM_THREADS=1 $(NEWEST)/bin/python -m pytest -n auto

slow: $(VENV)/.installed-slow
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto -m slow

# What torchvision, timm, onnx and safetensors alone can show; on x86 its torch is the CUDA build (5 GB).
test-torchvision: $(TV)/.installed
	$(TV)/bin/python -m pytest -m torchvision

# The tests marked gpu, verify-device, benchmarks/gpu; what is missing beside torch is put in .venv-gpu.
gpu:
	$(PYTHON) benchmarks/gpu/run_all.py .venv-gpu

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.installed-docs
	$(BIN)/python -m mkdocs build --quiet --strict

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

$(VENV)/.installed-slow: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,ray,ui]"
	touch $@

$(VENV)/.installed-docs: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	touch $@

$(NEWEST)/bin/python:
	$(PYTHON) -m venv $(NEWEST)

$(TV)/bin/python:
	$(PYTHON) -m venv $(TV)

$(TV)/.installed: pyproject.toml constraints-torchvision.txt | $(TV)/bin/python
	$(TV)/bin/python -m pip install --quiet -c constraints-torchvision.txt -e ".[dev,onnx,safetensors,timm,torchvision]"
	touch $@

clean:
	rm -rf $(sort $(VENV) .venv) .venv-* runs build site *.egg-info
