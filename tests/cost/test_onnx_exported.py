"""What torch's exporter makes of a network with an open batch costs what the network does."""

import warnings

import pytest
import torch
from torch import nn

pytestmark = pytest.mark.torchvision
pytest.importorskip("onnxscript", reason="onnx is an extra")
from archscope.cost.onnx_file import count_onnx, read_input  # noqa: E402


class Mixed(nn.Module):
    """3x8x8 to 16 places of 6, through a recurrent layer and an attention, to 5 classes."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.places = nn.Parameter(torch.zeros(1, 17, 6))
        self.token = nn.Parameter(torch.zeros(1, 1, 6))
        self.lstm = nn.LSTM(6, 4, bidirectional=True, batch_first=True)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm = nn.LayerNorm(8)
        self.last = nn.Linear(17 * 8, 5)

    def forward(self, x):
        x = self.conv(x).flatten(2).mT
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.places
        x, _ = self.lstm(x)
        x = self.norm(x + self.attention(x, x, x, need_weights=False)[0])
        return self.last(x.reshape(x.shape[0], -1))


def test_an_open_batch(tmp_path):
    """Weights drawn at random, as an exporter keeps only one of several that are equal."""
    module, path = Mixed().eval(), tmp_path / "net.onnx"
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            (torch.zeros(2, 3, 8, 8),),
            path,
            dynamo=True,
            verbose=False,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    assert read_input(path) == (3, 8, 8)
    found = count_onnx(path, (3, 8, 8))
    convolution = 6 * 16 * 27
    recurrent = 17 * 2 * 4 * 4 * (6 + 4)
    attention = 17 * 8 * (3 * 8 + 8) + 2 * 17 * 17 * 8
    assert found.macs == convolution + recurrent + attention + 17 * 8 * 5
    assert found.macs_exact and found.classes == 5
    assert found.params == sum(one.numel() for one in module.parameters())
