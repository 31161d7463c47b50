"""`make gpu`: tests marked gpu, `archscope verify-device`, and the benchmarks of this folder.

    python benchmarks/gpu/run_all.py [FOLDER]         # in FOLDER (.venv-gpu) an environment is made

Runs with the Python that has torch, as it is there: an environment beside it sees all that this
Python sees, and takes the packages that are missing, where a package index can be reached (or a
folder of them: PIP_NO_INDEX=1 PIP_FIND_LINKS=DIR). torch is never installed or changed. The
standard library alone is imported here.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ("pytest", "hypothesis")  # what the gpu tests need besides
ONE_BY_ONE = ("cuda_graph.py", "packed_seeds.py")
LEAST_TORCH = (2, 11)
# What can be left out, and what does not run then.
OPTIONAL = {
    "fvcore": "its counts on the device are not compared (the check counts is not possible)",
    "pytest": "the gpu tests do not run",
    "hypothesis": "the gpu tests do not run",
}


def required() -> list[str]:
    """The packages that archscope requires, torch left out."""
    import tomllib  # of Python 3.11

    with (ROOT / "pyproject.toml").open("rb") as stream:
        wanted = tomllib.load(stream)["project"]["dependencies"]
    return [one for one in wanted if _name(one) != "torch"]


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def missing(requirement: str, above: frozenset[str] = frozenset()) -> list[str]:
    """What is not installed of a requirement and of what it needs in turn."""
    name = _name(requirement)
    try:
        needs = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return [requirement]
    below = [one for one in needs if ";" not in one and _name(one) not in above]
    return [lacking for one in below for lacking in missing(one, above | {name})]


def refusal() -> str | None:
    """Why nothing can be run with this Python; None where it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 (whatever Python is given runs this)
        return f"archscope needs Python 3.11 or newer, not {sys.version.split()[0]}"
    try:
        import torch
    except ImportError as error:
        return f"{sys.executable} has no torch ({error})"
    version = tuple(map(int, re.findall(r"[0-9]+", torch.__version__)[:2]))
    if version < LEAST_TORCH:
        return f"make gpu needs torch 2.11 or newer, not {torch.__version__}"
    if not torch.cuda.is_available():
        return f"torch {torch.__version__} of {sys.executable} sees no CUDA device"
    return None


def environment(folder: Path) -> Path:
    """The Python of an environment that sees this one's packages, and archscope."""
    find = importlib.util.find_spec
    own_pip = find("pip") is None and find("ensurepip") is not None
    venv.create(folder, with_pip=own_pip, symlinks=True)
    library = {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}
    library |= {str(Path(__file__).parent), *(str(Path(one) / "lib-dynload") for one in library)}
    seen = [path for path in sys.path if Path(path).is_dir() and path not in library]
    (_own(folder) / "beside.pth").write_text("\n".join([str(ROOT), *seen]) + "\n")
    return folder / "bin" / "python"


def _own(folder: Path) -> Path:
    return next((folder / "lib").glob("python*/site-packages"))


def install(python: Path, lacking: list[str]) -> bool:
    """Put what is missing beside; whether that went well."""
    import torch

    kept = python.parents[1] / "torch.txt"
    kept.write_text(f"torch=={torch.__version__}\n")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--retries", "0", "--timeout", "15", "-c", str(kept), *lacking]
    return subprocess.run(command, check=False).returncode == 0


def prepared(folder: Path) -> tuple[Path, set[str]]:
    """The Python to run with, and the names of what it still lacks."""
    python = environment(folder)
    sys.path.append(str(_own(folder)))
    wanted = [*required(), *TESTS]
    lacking = sorted({one for each in wanted for one in missing(each)})
    if lacking:
        print(
            f"missing beside torch: {', '.join(map(_name, lacking))}; installing them", flush=True
        )
        # One by one where all together fail: one that cannot be had leaves the others.
        if not install(python, lacking):
            for one in lacking:
                install(python, [one])
        importlib.invalidate_caches()
    left = {_name(each) for each in wanted if missing(each)}
    for name in sorted(left):
        what = OPTIONAL.get(name, "archscope needs it")
        print(f"{name} is missing and could not be installed: {what}", flush=True)
    if left:
        print(
            "put them and what they need in a folder: PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER make gpu"
        )
    return python, left


def marked() -> list[str]:
    """The files with tests marked gpu."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(one.relative_to(ROOT)) for one in files if "pytest.mark.gpu" in one.read_text()]


def main() -> int:
    """Run everything; 0 where all went well, 2 where nothing could be run."""
    if why := refusal():
        print(
            f"{why}; run make gpu PYTHON=... with one that has all of them, or see the checks work "
            "with archscope verify-device cpu",
            file=sys.stderr,
        )
        return 2
    python, left = prepared(ROOT / (sys.argv[1] if len(sys.argv) > 1 else ".venv-gpu"))
    if left - OPTIONAL.keys():
        return 1
    commands = [["-m", "archscope", "verify-device"]]
    commands += [[str(Path(__file__).with_name(name))] for name in ONE_BY_ONE]
    if not left & set(TESTS):  # without the plugins that pyproject.toml takes for granted
        options = ["-m", "gpu", "-o", "addopts=-ra", "-p", "no:cacheprovider"]
        commands.insert(0, ["-m", "pytest", *options, *marked()])
    failed = 0
    for arguments in commands:
        print("$ python", *arguments, flush=True)
        environ = {**os.environ, "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")}
        code = subprocess.run([str(python), *arguments], cwd=ROOT, env=environ, check=False)
        failed += code.returncode != 0
    print(f"{len(commands) - failed} of {len(commands)} parts went well", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
