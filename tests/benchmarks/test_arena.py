"""The benchmark of an engine's arena: its planner by hand, and the engine itself where it is."""

import os
import sys
from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace

import arena
import pytest
from microcontroller.planner import Buffer, alive, greedy
from microcontroller.tflite import Tflite

from archscope.arch.network import Network
from archscope.arch.nodes import Act, Cat, Conv, Linear, Pool, Repeat, Seq, Shortcut, Sum
from archscope.errors import ArchscopeError, UsageError

REASON = "TensorFlow Lite Micro is not installed"


def test_of_equally_large_buffers_the_last_is_placed_first():
    """Two residual blocks of 16 bytes: x, its two convolutions, their sum; then once more.

    From the end on: the last sum at 0, and at 16 and 0 what it adds and what that is made of; the
    first sum, beside all of these, at 32; its own two at 0 and 16, and x above the three.
    """
    blocks = [Buffer(16, *times) for times in ((0, 3), (1, 2), (2, 3), (3, 6), (4, 5), (5, 6))]
    held = [*blocks, Buffer(16, 6, 7)]
    assert alive(held) == 3 * 16
    assert greedy(held) == 4 * 16


def test_buffers_begin_at_multiples_of_16_bytes():
    assert greedy([Buffer(17, 0, 1), Buffer(3, 1, 2)]) == 32 + 16
    assert greedy([Buffer(17, 0, 1), Buffer(3, 2, 3)]) == 32


def test_what_the_engine_prints_below_python_is_read(capfd):
    said = arena.written_to_stderr(lambda: os.write(2, b"head 128 bytes\n"))
    os.write(2, b"after")
    assert said == "head 128 bytes\n"
    assert capfd.readouterr().err == "after"


def test_a_head_that_the_planner_does_not_give_is_an_error(monkeypatch):
    tflite = SimpleNamespace(activations=lambda: [Buffer(16, 0, 1)])
    network = Network("one", Seq(), (1, 4, 4))
    for head, fits in ((16, True), (32, False)):
        monkeypatch.setattr(arena, "engine", lambda *_, head=head: arena.Arena(head, 0))
        if fits:
            assert arena.planned(network, tflite).head == head
            continue
        with pytest.raises(ArchscopeError, match="head of one is 32 bytes, 16 by the planner"):
            arena.planned(network, tflite)


def test_without_the_engine_it_says_what_to_install(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(arena, "version", missing)
    monkeypatch.setattr(sys, "argv", ["arena.py"])
    with pytest.raises(SystemExit, match="pip install tflite-micro"):
        arena.main()


BLOCK = Sum(Seq(Conv(6, 3, bias=True), Act(), Conv(6, 3, groups=2, bias=True)), Shortcut(6))
NODES = (
    *(Conv(6, 3, 2, bias=True), Act("relu6"), Conv(6, 5, groups=6, bias=True), Act()),
    *(Repeat(2, Seq(BLOCK, Act()), Seq(BLOCK, Act()), label="stage"), Pool("max", 3, 2, 1)),
    *(Cat(Conv(5, bias=True), Pool("avg", 3, 1, 1)), Act(), Pool("adaptive", 2), Linear(7), Act()),
    Linear(3),
)


@pytest.mark.parametrize("padded", [False, True])
def test_the_engine_plans_as_its_planner_is_followed_here(padded):
    pytest.importorskip("tflite_micro", reason=REASON)
    network = Network("all", Seq(*NODES), (3, 16, 16))
    found = arena.planned(network, Tflite(network, padded=padded))
    # Image and first map, 8x8: beside the pads of the image where torch's are written.
    image, first = 3 * 16**2, 6 * 8**2
    assert found.head >= (image + 3 * 18**2 if padded else image + first)
    assert found.tail > 8 * (6 * 6 + 5 + 7 + 3)  # a multiplier and a shift of each output


def test_its_values_are_those_of_torch():
    """A grouped convolution, which the format has no name for, among others."""
    pytest.importorskip("tflite_micro", reason=REASON)
    import numpy as np
    import torch
    from tflite_micro import runtime

    conv = Conv(8, 3, 2, groups=4, bias=True)
    tflite = Tflite(Network("one", Seq(conv), (8, 6, 6)), padded=True)
    interpreter = runtime.Interpreter.from_bytes(tflite.file(), arena_size=2**16)
    image = np.random.default_rng(0).integers(-128, 128, (1, 6, 6, 8), dtype=np.int8)
    interpreter.set_input(image, 0)
    interpreter.invoke()
    [weights] = [t for t in tflite.tensors if t.shape == [8, 3, 3, 2]]
    values = tflite.buffers[weights.buffer].data.view(np.int8).reshape(weights.shape)
    x, w = (torch.from_numpy(v.astype(np.float64)).permute(0, 3, 1, 2) for v in (image, values))
    exact = torch.nn.functional.conv2d(x, w, stride=2, padding=1, groups=4)[0].permute(1, 2, 0)
    exact = (exact * torch.from_numpy(weights.quantization.scale)).clamp(-128, 127)
    assert abs(exact.numpy() - interpreter.get_output(0)[0]).max() <= 1


def test_what_is_not_written_is_named():
    pytest.importorskip("tflite_micro", reason=REASON)
    with pytest.raises(UsageError, match=r"only convolutions, pools.*'' is a Act"):
        Tflite(Network("silu", Seq(Conv(4), Act("silu")), (3, 8, 8)))
