"""Random calls of every command with values that nobody means well, drawn from a seed.

Options and what they take are read from the commands themselves, so that a new one is tried as
well.
"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

NUMBERS = ["0", "1", "2", "3", "-1", "-0", "7.5", "1e9", "1e300", "1e999", "nan", "inf", "-inf"]
NUMBERS += [
    "9" * 25,
    "9" * 400,
    "0x10",
    "1_000",
    "１",
    "1,2",
    "1:4",
    "4:1",
    ":",
    "64",
    "1000000000",
]
WORDS = [
    "",
    " ",
    "-",
    "--",
    ",",
    "@",
    "@none.csv",
    "@list.csv",
    "@deep.json",
    "x" * 500,
    "é\u202e",
    "\x1b[31m",
    "a\nb",
    "=1+1",
]
WORDS += ["../..", "~", "%s%n", "{}", "[]", "$(true)", "\udc80", "none", "all", "auto", "../" * 50]
NETWORKS = ["resnet20", "wrn_10_1", "cifar_resnext11_1x4d", "resnext29_2x4d", "preresnet20"]
NETWORKS += ["resnet50", "resnext50_32x4d", "inception_v3", "wrn_16", "resnext", "timm:nothing"]
NETWORKS += [
    "mobilenet_v2_0.1",
    "shufflenet_v2_x0_5",
    "regnetx_200mf",
    "vgg12",
    "densenet_1_1_1_1_k4",
]
NETWORKS += ["hostile.py:net", "none.py:x", "file.onnx", "file.pth", "x" * 300, "resnet" + "9" * 50]
TEXTS = ["32x4d", "1x64d,2x64d", "4.1GMACs", "25Mparams", "20M:26M", ":1M", "3x32x32", "3x0x0"]
TEXTS += ["3x224x224", "params,macs", "-macs", "depth=1:3", "width=1", "cifar10", "shapes", "svhn"]
TEXTS += ["folder:.", "folder:deep", "quick", "proxy", "resnext", "fp32", "bf16", "cpu", "cuda"]
TEXTS += [
    "local",
    "inference",
    "train",
    "fvcore,formula",
    "png,svg",
    "zca",
    "floor",
    "multiple-of:8",
]
TEXTS += ["wrn-table4", "resnext-table2", "deep.toml", "huge.toml", "within", "0.1", "0.0625"]
PATHS = ["new", "out.csv", "out.json", "out.md", "out.tex", "out.png", "out.svg", "out.onnx", "out"]
PATHS += ["folder", "empty", "deep.json", "deep.toml", "noise.bin", "none/x.csv", "link", "sweep"]
PATHS += [
    "sweep/sweep.json",
    "file.onnx",
    "file.pth",
    "x" * 300,
    "\x1b[2J",
    "a\nb",
    "-",
    "/dev/null",
]
QUICK = "--preset quick --scale 0.0625 --samples 320 --epochs 2 --threads 1 --workers 1"
# One of these is given, unless drawn otherwise: what is done shall be small, and not all refused.
SMALL = {
    "cifar-sweep": f"{QUICK} --templates 1x64d,2x64d --seeds 1",
    "decide": (
        f"{QUICK} 1x64d 2x64d --max-seeds 4",
        "--plan --spread 0.5 1x64d 2x64d",
        "--plan --like sweep 1x64d 2x64d",
    ),
    "train": "--dataset shapes --samples 320 --epochs 2 --threads 1 --workers 1",
    "verify-resume": "--kills 1 --templates 1x64d --scale 0.0625 --samples 320 --seeds 1 --epochs "
    "2 --threads 1 --workers 1",
    "verify-device": "--checks device",
    "study": "--preset none",
    "solve": (
        "",
        "--block res2net --splits 2,4",
        "--network resnext50 --cardinality 32 --budget 4.1GMACs",
        "--network mobilenet_v2 --at-most 5Mparams --at-most 600MMACs",
        "--network mobilenet_v2 --flash 1MB:int8 --sram 256kB:int8",
        "--network mobilenet_v2_0.35 --rule all --budget 30MMACs --input 96:160:32",
    ),
    "export": ("--to timm", "--to torchvision --detection", "--to onnx", "--to pt2"),
    "bench": "--rounds 1 --batch 1 --no-memory --threads 1 --quick",
    "equivalence": "--rounds 1 --batch 1",
    "ui": "--no-browser",
    "enumerate": ("--depth 1:2 --limit 3", "wrn --depth 1:2 --sample 3 --seed 2"),
}
WORD = re.compile(r"[^\s(),;]*[^\s(),;.:]")


def write_files(folder: Path) -> None:
    """The files and folders that `PATHS` and `TEXTS` name."""
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("nowhere")
    (folder / "empty").write_bytes(b"")
    (folder / "deep").mkdir()
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "deep.toml").write_text("x = " + "[" * 100_000)
    (folder / "huge.toml").write_text('schema = "archscope.study/1"\nclasses = ' + "9" * 5000)
    (folder / "list.csv").write_text("network,params\nresnet20,1\nwrn_10_1,2\n")
    (folder / "noise.bin").write_bytes(random.Random(0).randbytes(5000))
    (folder / "file.onnx").write_bytes(random.Random(1).randbytes(5000))
    (folder / "file.pth").write_bytes(b"\x80\x02}" + b"q\x00h\x00\x86" * 60 + b"K\x01s.")
    (folder / "hostile.py").write_text('raise ValueError("\\x1b[31m\\u202e")\n')


class Calls:
    """The words of calls, from a seed; `commands` are those of the program by name."""

    def __init__(self, commands: dict[str, Any], seed: int) -> None:
        self._commands = commands
        self._random = random.Random(seed)

    def call(self, name: str) -> list[str]:
        """The words of one call of a command."""
        command, words = self._commands[name], [name]
        small = SMALL.get(name, "")
        starts = [small] if isinstance(small, str) else small
        words += self._random.choice([self._random.choice(starts).split()] * 4 + [[]])
        options = [option for option in command.params if option.param_type_name == "option"]
        number = self._random.choice([0, 1, 1, 2, 2, 3, 5])
        for option in self._random.sample(options, min(number, len(options))):
            words.append(self._random.choice(option.opts + option.secondary_opts))
            if not option.is_flag or self._random.random() < 0.05:
                words.append(self._value(option))
        for argument in command.params:
            if argument.param_type_name == "argument":
                most = 3 if argument.nargs == -1 else 1
                words += [
                    self._value(argument) for _ in range(self._random.choice([1] * 5 + [0, most]))
                ]
        return words

    def _value(self, option: Any) -> str:
        if not hasattr(option, "type"):  # newer Typers do not say what it takes
            return self._random.choice(
                self._random.choice([TEXTS, WORDS, NUMBERS, NETWORKS, PATHS])
            )
        kind = option.type.name
        likely = {"path": PATHS, "integer": NUMBERS, "int range": NUMBERS, "float": NUMBERS}
        if kind == "choice" and self._random.random() < 0.7:
            return str(self._random.choice(list(option.type.choices)))
        if option.param_type_name == "argument" and kind != "path":
            return self._random.choice(self._random.choice([NETWORKS, NETWORKS, TEXTS, WORDS]))
        chosen = [likely.get(kind, TEXTS)] * 3 + [TEXTS, WORDS, NUMBERS, NETWORKS]
        # What its own help names: "256kB:int8" of --sram, "compound" of --rule.
        named = WORD.findall(f"{option.help or ''} {str(option.metavar).replace('|', ' ')}")
        chosen += [named, named] + [[one for one in named if re.search(r"\d", one)] or named] * 4
        return self._random.choice(self._random.choice(chosen))
