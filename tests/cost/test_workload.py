"""What is timed: modes, precisions, and that nothing of it stays."""

import copy

import pytest
import torch

from archscope.arch.names import parse
from archscope.arch.network import Network
from archscope.arch.nodes import Aux, Conv, Linear, Norm, Pool, Seq
from archscope.cost.workload import (
    batch_of,
    dtype_of,
    measuring,
    place,
    wait_for,
    workload,
)
from archscope.errors import UsageError
from archscope.nn.build import build


def built(name="resnet8"):
    network = parse(name)
    module = build(network)
    place(module, "cpu")
    return module, network.input


def state_of(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


@pytest.mark.parametrize("width", [1, 3, 4, 7, 8, 15, 16])
@pytest.mark.parametrize("kernel", [1, 3])
def test_gradients_of_few_channels_with_a_stride_are_those_of_double_precision(width, kernel):
    """Where oneDNN's are wrong, or end the process."""
    torch.manual_seed(width)
    first = torch.nn.Conv2d(3, width, 3, padding=1, bias=False)
    second = torch.nn.Conv2d(width, 2 * width, kernel, stride=2, padding=kernel // 2, bias=False)
    module = torch.nn.Sequential(first, second)
    exact = copy.deepcopy(module).double()
    images = torch.randn(6, 3, 16, 16)
    exact(images.double()).square().sum().backward()
    place(module, "cpu")
    module(images.to(memory_format=torch.channels_last)).square().sum().backward()
    for weight, other in zip(module.parameters(), exact.parameters(), strict=True):
        torch.testing.assert_close(weight.grad.double(), other.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("mode", ["latency", "throughput", "step"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_each_mode_runs_the_module_once(mode, precision):
    module, shape = built()
    seen = []
    module.register_forward_hook(lambda m, args, out: seen.append((m.training, args[0], out)))
    workload(module, mode, (2, *shape), precision, "cpu")()
    ((training, images, logits),) = seen
    assert training is (mode == "step")
    assert images.shape == (2, *shape)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert logits.dtype == dtype_of(precision)
    assert logits.requires_grad is (mode == "step")


def test_a_step_has_gradients_but_keeps_the_weights():
    module, shape = built()
    before = state_of(module)
    gradients = []
    module.conv1.weight.register_post_accumulate_grad_hook(
        lambda weight: gradients.append(weight.grad.abs().sum().item())
    )
    call = workload(module, "step", (2, *shape), "fp32", "cpu")
    call(), call()
    assert len(gradients) == 2 and gradients[0] > 0
    after = module.state_dict()
    assert all(torch.equal(before[name], after[name]) for name, _ in module.named_parameters())
    assert module.conv1.weight.grad is None


def test_a_step_of_what_has_no_classes_says_which_modes_there_are():
    call = workload(torch.nn.Conv2d(3, 4, 3), "step", (2, 3, 8, 8), "fp32", "cpu")
    with pytest.raises(UsageError, match=r"2×4×6×6: time it with --modes latency,throughput"):
        call()


def test_a_forward_pass_leaves_the_running_statistics():
    module, shape = built()
    before = state_of(module)
    workload(module, "throughput", (2, *shape), "fp32", "cpu")()
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_a_side_head_is_trained_too():
    side = Seq(Conv(3, label="side"), Norm(label="bn"), Pool("global"), Linear(4, label="out"))
    main = Seq(Pool("global"), Linear(4, label="fc"))
    module = build(Network("aux", Seq(Aux(main, side)), (2, 5, 5)))
    place(module, "cpu")
    trained = []
    module.side.weight.register_post_accumulate_grad_hook(lambda weight: trained.append(weight))
    workload(module, "step", (2, 2, 5, 5), "fp32", "cpu")()
    assert len(trained) == 1


def test_threads_and_generator_are_what_they_were():
    threads = torch.get_num_threads()
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    with measuring(threads + 1):
        assert torch.get_num_threads() == threads + 1
        torch.rand(100)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(1), expected)


def test_latency_takes_one_image():
    assert [batch_of(mode, 8) for mode in ("latency", "throughput", "step")] == [1, 8, 8]


def test_the_device_is_waited_for(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    wait_for("cuda:1")()
    wait_for("cpu")()
    assert waited == ["cuda:1"]


def test_a_strided_1x1_convolution_of_few_channels_can_be_trained_on_this_processor():
    module = build(parse("resnet18@0.0625", classes=2, input_shape=(3, 64, 64)))
    place(module, "cpu")
    workload(module, "step", (4, 3, 64, 64), "fp32", "cpu")()
