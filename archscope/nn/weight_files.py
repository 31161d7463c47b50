"""Files of weights, read without executing anything in them, and written."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from archscope.errors import UsageError, shown
from archscope.files import open_to_read, reading
from archscope.nn.guarded import require, told

# Where training scripts (timm's, torchvision's references, ours) keep the state dict of a model.
_WRAPPERS = ("state_dict", "model", "state")
# What DataParallel and torch.compile put before every key.
_PREFIXES = ("module.", "_orig_mod.")


def read_weights(path: Path, safetensors: bool | None = None) -> dict[str, Tensor]:
    """The state dict in a safetensors file, or in one that `torch.save` wrote.

    Args:
        path: of the file.
        safetensors: whether it is of that kind; without it, its suffix decides.

    Raises:
        UsageError: where the file is missing, damaged, holds no state dict, or a pickle in it asks
            for more than tensors and containers.
    """
    name = shown(str(path))
    with reading(name, "give the path of a file of weights", error=UsageError, what="the weights "):
        open_to_read(path).close()
    if path.suffix == ".safetensors" if safetensors is None else safetensors:
        library = require("safetensors.torch", "safetensors")
        try:
            return dict(library.load_file(path))
        except Exception as error:  # of the library's own, or the system's
            raise _refused(path, f"it is damaged ({told(error)})") from None
    state = _state_dict(_read_pickle(path))
    if state is None:
        raise _refused(path, "it holds no state dict: names and their tensors")
    return state


def _read_pickle(path: Path) -> Any:
    """What `torch.save` wrote, tensors and containers alone."""
    try:
        if zipfile.is_zipfile(path):  # torch does not look at the checksums
            with zipfile.ZipFile(path) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise _refused(path, f"it is damaged (the checksum of {shown(damaged)})")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except UsageError:
        raise
    except Exception as error:  # a damaged file can fail in any way at all
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        if isinstance(error, pickle.UnpicklingError):
            more = asked[1] if asked else "more than data"
            why = f"it asks for {more}, but weights are only tensors"
        else:
            why = f"it is damaged, or not of that kind ({told(error)})"
        raise _refused(path, why) from None


def _state_dict(found: Any) -> dict[str, Tensor] | None:
    """The state dict in what was read, with plain keys; None where there is none."""
    for _ in _WRAPPERS:
        inner = [found.get(key) for key in _WRAPPERS] if isinstance(found, Mapping) else []
        found = next((entry for entry in inner if isinstance(entry, Mapping)), found)
    if not isinstance(found, Mapping) or not found:
        return None
    if not all(isinstance(k, str) and isinstance(v, Tensor) for k, v in found.items()):
        return None
    state = dict(found)
    for prefix in _PREFIXES * 2:
        if all(key.startswith(prefix) for key in state):
            state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _refused(path: Path, why: str) -> UsageError:
    return UsageError(
        f"no weights can be loaded from {shown(str(path))}: {why}; give a complete .pth or "
        ".safetensors file of this network's weights"
    )
