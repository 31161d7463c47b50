"""Modules that somebody holds, in whatever state: counted as what they compute."""

import dataclasses
import pickle
import re
import sys
import warnings
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn

import archscope as a
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.networks.compare import compare
from archscope.explore.networks.difference import difference
from archscope.explore.networks.opened import open_network
from archscope.nn.live import ready
from archscope.nn.sent import received

INPUT = (3, 32, 32)
# By hand: the convolution has 8 (27 + 1) params and 8 * 30 * 30 outputs of 27 multiply-adds each,
# the linear layer 8 * 10 + 10 params and 80 multiply-adds.
COSTS = (314, 194_480, 7_210)


def small():
    return nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    )


def on_meta():
    with torch.device("meta"):
        return small()


def compiled_in_part():
    module = small()
    module[0] = torch.compile(module[0])
    return module


def compiled_in_place():
    module = small()
    module.compile()
    return module


def quantised():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.ao.quantization.quantize_dynamic(small(), {nn.Linear})


def costs(network, **options):
    found = a.count(network, **options)
    return found.params, found.macs, found.activations


@pytest.mark.parametrize(
    "make",
    [
        *(small, on_meta, compiled_in_part, compiled_in_place, quantised),
        lambda: small().half(),
        lambda: small().bfloat16(),
        lambda: small().double(),
        lambda: torch.compile(small()),
        lambda: nn.DataParallel(small()),
    ],
)
def test_a_module_costs_the_same_in_whatever_state_it_is(make):
    assert costs(make(), input=INPUT) == COSTS


def test_a_lazy_module_is_counted_and_stays_lazy():
    module = nn.Sequential(nn.LazyConv2d(8, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10))
    # 900 * 8 inputs of the linear layer: 72,000 + 10 params.
    assert costs(module, input=INPUT) == (72_234, 266_400, 7_210)
    assert nn.parameter.is_lazy(module[0].weight)


def test_a_counted_module_is_what_it_was():
    module = small().train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    compare(module, input=INPUT)
    assert module.training and module[0]._forward_hooks == {}
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_shared_weights_on_the_meta_device_stay_shared():
    with torch.device("meta"):
        first, second = nn.Linear(4, 4), nn.Linear(4, 4)
        second.weight = first.weight
        module = nn.Sequential(first, second, nn.BatchNorm1d(4))
    filled, _ = ready(module, "x")
    assert filled[0].weight is filled[1].weight and not filled[0].weight.is_meta
    assert not filled[2].running_mean.is_meta


def test_the_table_of_modules_beside_ours():
    found = compare([small(), "resnet20", small()], input=INPUT)
    assert [one.network.name for one in found.networks] == [
        *("Sequential", "resnet20", "Sequential (2)"),
    ]
    first = found.document()["networks"][0]
    assert (first["source"], first["counted_by"], first["classes"]) == ("module", ["fvcore"], 10)
    assert [part["macs"] for part in first["stages"]][::4] == [194_400, 80]
    (note,) = compare(quantised(), input=INPUT).document()["networks"][0]["notes"]
    assert "float layers" in note
    with pytest.raises(UsageError, match="has the classes that it was made with"):
        compare([small()], classes=3)
    with pytest.raises(UsageError, match=r"only archscope's own .* rewritten, not Sequential"):
        a.equivalence(small())


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    note: str = "not a tensor"


class Pair(NamedTuple):
    one: torch.Tensor
    other: dict[str, torch.Tensor]


class Two(nn.Module):
    """An image and ten numbers, and maybe words."""

    def __init__(self, answer=Answer):
        super().__init__()
        self.conv, self.fc, self.words = nn.Conv2d(3, 8, 3), nn.Linear(10, 8), nn.Embedding(5, 8)
        self.answer = answer

    def forward(self, image, numbers, words=None, flag=True):
        found = self.conv(image).mean((2, 3)) + self.fc(numbers)
        if words is not None and flag:
            found = found + self.words(words).sum(1)
        return self.answer(found)


IMAGE, NUMBERS = torch.zeros(1, *INPUT), torch.zeros(1, 10)
WORDS = torch.zeros(1, 4, dtype=torch.int64)


@pytest.mark.parametrize(
    ("input", "shapes"),
    [
        ((INPUT, (10,)), [[3, 32, 32], [10]]),
        ((IMAGE, NUMBERS, WORDS), [[3, 32, 32], [10], [4]]),
        ({"image": IMAGE, "words": WORDS, "numbers": NUMBERS}, [[3, 32, 32], [4], [10]]),
        ((IMAGE, NUMBERS, None, False), [[3, 32, 32], [10]]),
    ],
)
def test_several_inputs_by_size_or_as_tensors(input, shapes):
    found = a.count(Two(), input=input)
    assert (found.params, found.macs) == (224 + 88 + 40, 8 * 900 * 27 + 80)
    assert found.document()["input"] == shapes
    assert "3×32×32,10" in found.tables()[0].title or len(shapes) == 3


@pytest.mark.parametrize(
    "answer",
    [
        lambda found: Pair(found, {"more": found}),
        lambda found: [{"a": Answer(found)}, "text", 3],
        lambda found: {"logits": found, "loss": None},
    ],
)
def test_answers_that_are_no_single_tensor(answer):
    assert a.count(Two(answer), input=(INPUT, (10,))).macs == 8 * 900 * 27 + 80


def test_convolutions_of_one_and_three_dimensions():
    module = nn.Sequential(nn.Conv3d(3, 8, 3), nn.Flatten())
    assert costs(module, input=(3, 8, 16, 16))[:2] == (656, 8 * 6 * 14 * 14 * 81)
    assert costs(nn.Conv1d(2, 4, 3), input=(2, 10))[:2] == (28, 4 * 8 * 6)


class Scripted(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, x):
        return self.part(x)


def test_what_keeps_no_layers_says_what_to_give_instead():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in (torch.jit.script(small()), Scripted(torch.jit.script(small()))):
            with pytest.raises(UsageError, match=r"scripted module.*; give the module that it was"):
                a.count(module, input=INPUT)
    static = nn.Sequential(torch.ao.nn.quantized.Linear(8, 10))
    with pytest.raises(UsageError, match=r"quantised layers \(Linear\).*give that"):
        a.count(static, input=(8,))


@pytest.mark.parametrize(
    ("network", "input", "rule"),
    [
        (print, None, "a network is a name, a Network, a tree, or a torch.nn.Module"),
        (nn.ReLU, None, "a network is a name"),
        (small(), "3x32x32", "an input is sizes without the batch"),
        (small(), (3, 0, 32), "an input is sizes without the batch"),
        (small(), (), "an input is sizes without the batch"),
        ("resnet20", (10,), "takes one image, channels x height x width, not 10"),
        ("resnet20", (INPUT, (10,)), "not 3x32x32,10; write 3x224x224"),
    ],
)
def test_what_is_no_network_or_input_is_one_sentence(network, input, rule):
    with pytest.raises(UsageError, match=rule):
        open_network(network, input=input)


def test_a_batch_that_was_given_is_counted_whole_and_told():
    found = compare(small(), input=torch.zeros(4, *INPUT)).document()["networks"][0]
    assert (found["macs"], found["input"]) == (4 * COSTS[1], [3, 32, 32])
    assert any("a batch of 4" in note for note in found["notes"])


def test_sizes_of_any_kind_of_whole_number_and_none_too_large():
    assert costs(small(), input=np.array([3, 32, 32]).tolist()) == COSTS
    assert costs(small(), input=tuple(np.array([3, 32, 32]))) == COSTS
    assert a.count("resnet20", IMAGE).macs == a.count("resnet20").macs
    for call in (a.count, a.memory):
        with pytest.raises(UsageError, match="MB free; use a smaller input"):
            call(small(), input=(3, 10**9, 10**9))


def test_what_cannot_run_says_how_to_give_the_inputs():
    with pytest.raises(
        ArchscopeError, match=r"missing 1 required.*; give what it takes by --input"
    ):
        a.count(Two(), input=INPUT)


@pytest.mark.parametrize("name", ["resnet20", "preresnet8"])
def test_memory_of_a_module_is_seen_and_that_of_ours_is_the_trees(name):
    tree, seen = a.memory(name), a.memory(a.build(name), input=INPUT)
    assert seen.peak_activation_bytes == tree.peak_activation_bytes
    assert (seen.param_bytes, seen.peak_at) == (tree.param_bytes, tree.peak_at)
    assert (seen.document()["measured"], tree.document()["measured"]) == (True, False)
    half = a.memory(a.build(name).half(), input=INPUT, element_bytes=2)
    assert 2 * half.peak_activation_bytes == tree.peak_activation_bytes


def test_modules_are_timed_and_sent_to_the_process_that_measures_memory(monkeypatch):
    notes, peaks = [], []

    def measured(task):
        received = pickle.loads(pickle.dumps(task)).network
        peaks.append(received.module()[0].weight)
        return 1000

    monkeypatch.setattr("archscope.explore.clock.peak_memory.peak_memory", measured)
    setting = a.Setting(modes=("latency",), rounds=1, threads=1)
    monkeypatch.setattr("archscope.explore.clock.bench.tune_malloc", lambda: False)
    options = {"input": (3, 8, 8), "note": notes.append}
    module = small().half()
    found = a.bench(module, setting, **options)
    assert found.results[0].timing.median > 0 and found.results[0].peak_memory == 1000
    assert module[0].weight.dtype is torch.float16 and torch.equal(peaks[0], module[0].weight)
    assert any("float16 weights run as float32" in note for note in notes)
    with pytest.raises(UsageError, match="takes one image"):
        a.bench(Two(), setting, input=(INPUT, (10,)))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda one: setattr(type(one), "__module__", "__main__"), "Two is in __main__"),
        (lambda one: setattr(one, "own", lambda: 0), "lambda"),
    ],
)
def test_the_memory_of_a_module_that_cannot_be_sent_is_said_to_be_left_out(monkeypatch, spoil, why):
    kind = type("Two", (nn.Sequential,), {})
    monkeypatch.setattr(sys.modules[__name__], "Two", kind)
    one, notes = kind(*small()), []
    spoil(one)
    monkeypatch.setattr("archscope.explore.clock.bench.tune_malloc", lambda: False)
    setting = a.Setting(modes=("latency",), rounds=1, threads=1)
    found = a.bench(one, setting, input=(3, 8, 8), note=notes.append)
    assert found.results[0].timing.median > 0 and found.results[0].peak_memory is None
    assert re.search(f"Two is not measured: .*{why}.*; define it in a file of its own", notes[-1])


def test_a_module_that_cannot_be_loaded_is_one_sentence():
    with pytest.raises(ArchscopeError, match="loading Net in a fresh process failed: Unpickling"):
        received(b"x", "Net")


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64, "meta"])
def test_saved_programs_of_other_types(tmp_path, kind):
    path = str(tmp_path / "mine.pt2")
    module = on_meta() if kind == "meta" else small().to(kind)
    image = torch.zeros(1, *INPUT, **({"device": kind} if kind == "meta" else {"dtype": kind}))
    torch.export.save(torch.export.export(module.eval(), (image,)), path)
    assert costs(path) == COSTS


def test_the_gap_between_modules_is_split_by_their_submodules():
    wider = small()
    wider[0], wider[4] = nn.Conv2d(3, 12, 3), nn.Linear(12, 10)
    found = difference(small(), wider, input=INPUT).document()
    changes = {row["stage"]: tuple(row["change"].values()) for row in found["by_stage"]}
    assert changes["0"] == (4 * 28, 4 * 900 * 27, 4 * 900) and changes["4"] == (40, 40, 0)
    assert found["gap"] == {"params": 152, "macs": 97_240, "activations": 3_600}
    assert found["by_choice"] is None and found["stages_are"] == "direct submodules"
    assert (found["from"]["name"], found["to"]["name"]) == ("Sequential", "Sequential (2)")


class Top(nn.Module):
    """A product that stands in no submodule: 10 * 8, which has no activations of its own."""

    def __init__(self):
        super().__init__()
        self.body, self.last = nn.Linear(3, 8), nn.Parameter(torch.zeros(8, 10))

    def forward(self, x):
        return self.body(x) @ self.last


def test_ours_beside_a_module_and_what_stands_in_no_submodule():
    found = difference("resnet8", a.build("resnet14"), input=INPUT)
    trees = difference("resnet8", "resnet14", input=INPUT)
    assert found.document()["gap"] == trees.document()["gap"]
    layers = [row["change"] for row in found.by_stage if row["stage"].startswith("layer")]
    stages = [
        row["change"] for row in trees.by_stage if row["stage"] in ("conv2", "conv3", "conv4")
    ]
    assert layers == stages
    rows = {row["stage"]: row["to"] for row in difference(Top(), Top(), input=(3,)).by_stage}
    assert (rows["(top level)"]["params"], rows["(top level)"]["macs"]) == (80, 80)
    assert (rows["body"]["params"], rows["body"]["macs"]) == (32, 24)
    assert found.tables()[0].notes[0].endswith("Stages are the direct submodules.")


@pytest.mark.torchvision
def test_timm_is_told_the_channels_and_no_classes():
    pytest.importorskip("timm")
    one = a.count("timm:resnet18", input=(1, 32, 32))
    three = a.count("timm:resnet18", input=(3, 32, 32))
    assert three.params - one.params == 64 * 2 * 49
    assert three.params - a.count("timm:resnet18", input=(3, 32, 32), classes=0).params == 513_000
