# make demo: install, and run a small sweep on built-in data.   make test: install, and pass the tests.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

# Torchvision's newest release needs another torch than constraints.txt has, hence its own environment.
TV = .venv-torchvision

.PHONY: demo test slow lint test-torchvision clean

demo: $(VENV)/.installed
	$(BIN)/archscope cifar-sweep --preset quick --gpus 0 --out runs/demo

test: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

slow: $(VENV)/.installed-slow
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto -m slow

# What torchvision, timm, onnx and safetensors alone can show; on x86 its torch is the CUDA build (5 GB).
test-torchvision: $(TV)/.installed
	$(TV)/bin/python -m pytest -m torchvision

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

$(VENV)/.installed-slow: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev,ray]"
	touch $@

$(TV)/bin/python:
	$(PYTHON) -m venv $(TV)

$(TV)/.installed: pyproject.toml constraints-torchvision.txt | $(TV)/bin/python
	$(TV)/bin/python -m pip install --quiet -c constraints-torchvision.txt -e ".[dev,onnx,safetensors,timm,torchvision]"
	touch $@

clean:
	rm -rf $(VENV) $(TV) runs build *.egg-info
