"""The roofline, against hand sums of a tiny network on an imaginary device."""

import pytest

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Act, Conv, Linear, Norm, Pool, Repeat, Seq, Sum
from archscope.cost import count
from archscope.cost.clock import Timing
from archscope.cost.peak import Peak, measure_peak, peak_of
from archscope.cost.roofline import Layer, Load, layers, memory_share, roofline_seconds

# 10 operations and 1 byte a second: below 10 operations a byte, memory is the limit.
DEVICE = Peak(flops=10.0, bandwidth=1.0)

# 4x4 images of 2 channels: 32 numbers in; 64 after the convolution to 4 channels.
TINY = Network(
    "tiny",
    Seq(
        Conv(4, 3, label="conv"),
        Norm(label="bn"),
        Act(),
        Sum(Conv(4, 1, groups=2, label="grouped"), Seq()),
        Pool("global"),
        Linear(5, label="fc"),
    ),
    (2, 4, 4),
)
# (kind, multiply-adds of an image, parameters, numbers in and out)
BY_HAND = [
    ("Conv", 4 * 2 * 9 * 16, 4 * 2 * 9, 32 + 64),
    ("Norm", 0, 2 * 4, 64 + 64),
    ("Act", 0, 0, 64 + 64),  # in place: read and written
    ("Conv", 4 * 2 * 16, 4 * 2, 64 + 64),
    ("Sum", 0, 0, 64 + 64 + 64),
    ("Pool", 0, 0, 64 + 4),
    ("Linear", 4 * 5, 4 * 5 + 5, 4 + 5),
]


@pytest.mark.parametrize(("batch", "element_bytes"), [(1, 4), (3, 4), (2, 2)])
def test_macs_and_bytes_by_hand(batch, element_bytes):
    rows = layers(TINY, Load(batch, element_bytes))
    assert [(row.kind, row.macs, row.moved) for row in rows] == [
        (kind, batch * macs, element_bytes * (params + batch * data))
        for kind, macs, params, data in BY_HAND
    ]
    assert [row.groups for row in rows] == [1, 1, 1, 2, 1, 1, 1]
    assert [row.path for row in rows][:2] == ["conv", "bn"]


def test_training_passes_by_hand():
    """Three passes over layers with parameters, two over the others."""
    rows, forward = layers(TINY, Load(2, training=True)), layers(TINY, Load(2))
    passes = [3, 3, 2, 3, 2, 2, 3]
    assert [row.macs for row in rows] == [
        number * row.macs for number, row in zip(passes, forward, strict=True)
    ]
    assert [row.moved for row in rows] == [
        number * row.moved for number, row in zip(passes, forward, strict=True)
    ]


def test_what_limits_a_layer_and_its_time():
    busy = Layer("busy", "Conv", 1, 2, macs=100, moved=10)  # 20 operations a byte: 20 s each
    thin = Layer("thin", "Norm", 1, 3, macs=0, moved=40)  # 40 s each
    assert (busy.intensity, busy.bound(DEVICE), busy.seconds(DEVICE)) == (20.0, "arithmetic", 20.0)
    assert (thin.intensity, thin.bound(DEVICE), thin.seconds(DEVICE)) == (0.0, "memory", 40.0)
    assert roofline_seconds([busy, thin], DEVICE) == 2 * 20 + 3 * 40
    assert memory_share([busy, thin], DEVICE) == 120 / 160


def test_a_stage_counts_as_often_as_it_has_blocks():
    block = Seq(Conv(2, 3), Norm())
    once = layers(Network("a", Seq(Repeat(1, block, block)), (2, 4, 4)), Load())
    ten = layers(Network("b", Seq(Repeat(10, block, block)), (2, 4, 4)), Load())
    assert roofline_seconds(ten, DEVICE) == pytest.approx(10 * roofline_seconds(once, DEVICE))


@pytest.mark.parametrize("name", ["resnext50_32x4d", "wrn_40_4", "preresnet110", "inception_v3"])
def test_all_multiply_adds_and_parameters_are_in_it(name):
    network = parse(name)
    rows, cost = layers(network, Load()), count(network)
    assert sum(row.times * row.macs for row in rows) == cost.macs
    # With a batch of 1 and of 2, the bytes differ by what an image moves; the rest are parameters.
    moved = [sum(r.times * r.moved for r in layers(network, Load(n, 1))) for n in (1, 2)]
    assert 2 * moved[0] - moved[1] == cost.params


def test_the_peak_is_the_best_round():
    timings = {
        "product": Timing((2.0, 1.0, 4.0)),
        "copy": Timing((1.0, 0.5, 1.0)),
        "triad": Timing((1.0, 1.0, 1.0)),
    }
    # 2*10^3 operations in 1 s; a copy moves 2*100 bytes in 0.5 s, a triad 3*100 in 1 s.
    peak = peak_of(timings, 10, 100, "by hand")
    assert (peak.flops, peak.bandwidth, peak.ridge) == (2000.0, 400.0, 5.0)
    assert peak.document()["method"] == "by hand"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_peak_is_measured(monkeypatch, precision):
    monkeypatch.setattr("archscope.cost.peak._MATRIX", {"cpu": 64})
    monkeypatch.setattr("archscope.cost.peak._VECTOR", {"cpu": 1000})
    peak = measure_peak("cpu", precision, rounds=2)
    assert peak.flops > 0 and peak.bandwidth > 0
    assert "2 interleaved rounds" in peak.method and precision in peak.method
