"""Networks after public reports about counters, each with the right value by hand."""

import csv
import io

import pytest
import torch
from torch import nn

from archscope.errors import UsageError
from archscope.explore.design.limits import read_limits
from archscope.explore.networks.compare import compare
from archscope.explore.networks.readings import count
from archscope.explore.networks.show import show
from archscope.reporting.table.json_csv import csv_text
from archscope.reporting.table.render import render

NETWORKS = """
import torch
from torch import nn
from torch.nn import functional as F


class Weighted(nn.Module):
    def __init__(self, *shape):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))


class Left(Weighted):
    def forward(self, x):
        return torch.matmul(self.weight, x)


class EinsumOdd(Weighted):
    def forward(self, x):
        return torch.einsum("bchw,cd->bdhw", x, self.weight)


class Tensordot(Weighted):
    def forward(self, x):
        return torch.tensordot(x, self.weight, dims=([1], [0]))


class MatrixVector(Weighted):
    def forward(self, x):
        return torch.mv(self.weight, x.flatten())


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 32, 3, padding=1)
        self.lstm = nn.LSTM(32, 64, batch_first=True)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.lstm(self.conv(x).mean(2).transpose(1, 2))[0])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.patch = nn.Conv2d(3, 64, 16, 16)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        return F.scaled_dot_product_attention(x, x, x)


class Spectrum(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return torch.fft.rfft2(self.conv.forward(x))


def left(): return Left(16, 32)
def einsum_odd(): return EinsumOdd(37, 53)
def tensordot(): return Tensordot(16, 32)
def matrix_vector(): return MatrixVector(10, 3 * 32 * 32)
"""
CASES = {
    "left": ((8, 32, 49), 512, 8 * 16 * 32 * 49),
    "einsum_odd": ((37, 29, 31), 1_961, 37 * 53 * 29 * 31),
    "tensordot": ((16, 8, 8), 512, 64 * 16 * 32),
    "matrix_vector": ((3, 32, 32), 30_720, 30_720),
    # The convolution, 100 steps of 4 gates of 64 that see 32 and 64, and 10 outputs a step.
    "Recurrent": ((1, 32, 100), 26_058, 921_600 + 100 * 4 * 64 * (32 + 64) + 100 * 640),
    "Attention": ((3, 224, 224), 49_216, 196 * 49_152 + 2 * 196 * 196 * 64),
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "nets.py"
    path.write_text(NETWORKS)
    return path


@pytest.mark.parametrize("name", CASES)
def test_a_network_costs_what_it_costs_by_hand(file, name):
    input, params, macs = CASES[name]
    (found,) = compare(f"{file}:{name}", input=input).document()["networks"]
    assert (found["params"], found["macs"], found["macs_exact"]) == (params, macs, True)
    assert sum(stage["params"] for stage in found["stages"]) == params
    assert sum(stage["macs"] for stage in found["stages"]) == macs


def test_a_lower_bound_says_so_in_every_format(file):
    """12 multiply-adds a pixel in the convolution, and those of the transform that nobody knows."""
    what, macs = f"{file}:Spectrum", 12 * 30 * 50
    found = compare(["resnet8", what], input=(3, 30, 50))
    ours, theirs = found.document()["networks"]
    assert ours["macs_exact"] is True
    assert (theirs["macs"], theirs["macs_exact"]) == (macs, False)
    note = f"{what} has at least so many multiply-adds; those that 1 fft_rfft2 may have are not"
    assert any(line.startswith(note) for line in theirs["notes"])
    (table,) = found.tables()
    for format, bound in (
        ("table", "≥ 18,000"),
        ("markdown", "≥ 18,000"),
        ("latex", r"$\geq$ 18,000"),
    ):
        text = render(table, format)
        assert text.count(bound) == 1 and "fft" in text
    rows = list(csv.DictReader(io.StringIO(csv_text(found.csv_tables()[0]))))
    assert [row["macs_exact"] for row in rows] == ["true", "false"]
    stages = {stage["name"]: stage for stage in theirs["stages"]}
    assert (stages["conv"]["macs"], stages["conv"]["macs_exact"]) == (macs, True)
    assert (stages["(top level)"]["macs"], stages["(top level)"]["macs_exact"]) == (0, False)


def test_a_lower_bound_is_no_budget(file):
    what = f"{file}:Spectrum"
    rule = r"a budget is an exact count, and .* has at least 192 macs; take its params alone"
    with pytest.raises(UsageError, match=rule):
        read_limits([], [what], (3, 4, 4))
    (limit,) = read_limits([], [f"{what}:params"], (3, 4, 4))
    assert (limit.metric, limit.value) == ("params", 3 * 4 + 4)


def test_a_saved_program_tells_the_weights_of_its_parts_alone(tmp_path):
    """All that it multiplies is at its top level; what has no weights is no part."""
    net = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 2))
    path = tmp_path / "saved.pt2"
    torch.export.save(torch.export.export(net, (torch.zeros(1, 3, 4, 4),)), path)
    found = show(str(path))
    document = found.document()
    parts = {
        stage["name"]: (stage["params"], stage["macs"], stage["activations"])
        for stage in document["stages"]
    }
    macs = 12 * 16 + 2 * 64
    whole = (0, macs, 64 + 2)
    assert parts == {"0": (16, None, None), "3": (130, None, None), "(top level)": whole}
    assert document["macs"] == macs
    assert document["notes"][0].endswith("which part multiplies: all is at (top level).")
    assert "–" in render(found.tables()[0], "table")
    live = show(net, input=(3, 4, 4)).document()
    assert [stage["macs"] for stage in live["stages"]] == [12 * 16, 0, 0, 2 * 64]
    assert live["notes"] == []


def test_show_and_count_say_it_too(file):
    what, macs = f"{file}:Spectrum", 12 * 4 * 4
    shown = show(what, input=(3, 4, 4))
    assert shown.document()["macs_exact"] is False
    assert "≥ 192" in render(shown.tables()[0], "table")
    assert list(shown.to_frame()["macs_exact"]) == [True, False]
    counted = count(what, (3, 4, 4))
    assert (counted.macs, counted.macs_exact) == (macs, False)
    assert counted.document()["macs_exact"] is False and counted.document()["notes"]
    assert "≥ 192" in render(counted.tables()[0], "table")
    assert count("resnet8").document()["macs_exact"] is True
