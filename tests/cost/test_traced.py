"""What fvcore does not count: recurrent layers, attention, products; and what nobody knows."""

import math
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import strategies as st
from properties import examples
from torch import nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archscope.cost.fvcore import TOP_LEVEL, count_activations_with_fvcore, count_with_fvcore
from archscope.cost.traced.harmless import HARMLESS, is_harmless
from archscope.cost.traced.operators import HANDLES

pytestmark = pytest.mark.filterwarnings("ignore:TF32", "ignore:.torch.jit.script. is deprecated")
sizes = st.integers(1, 5)


class Operator(nn.Module):
    """A network of one function of tensors, or of modules; the image is not used."""

    def __init__(self, function, *parts):
        super().__init__()
        self.function, self.parts = function, parts
        self.modules_among = nn.ModuleList(part for part in parts if isinstance(part, nn.Module))

    def forward(self, image):
        return self.function(*self.parts)


def counted(function, *parts):
    return count_with_fvcore(Operator(function, *parts), (1, 1, 1))


def seen_by_torch(function, *parts):
    """The multiply-adds that torch's own counter sees in what is really computed."""
    with (
        torch.no_grad(),
        sdpa_kernel(SDPBackend.MATH),
        torch.backends.mkldnn.flags(enabled=False),
        FlopCounterMode(display=False) as counter,
    ):
        function(*parts)
    return counter.get_total_flops() // 2


def check(macs, function, *parts, torch_sees=True):
    """One operator against plain arithmetic, and against torch's counter where it is right."""
    found = counted(function, *parts)
    assert found.macs == macs and found.macs_exact
    assert found.flops == 0, "fvcore has no handle of its own"
    assert sum(ours for ours, _ in found.differences.values()) == macs
    if torch_sees:
        assert seen_by_torch(function, *parts) == macs


@examples(5, 60, sizes, sizes, sizes, sizes)
def test_products_of_matrices_and_vectors(b, m, k, n):
    z, unseen = torch.zeros, {"torch_sees": False}  # its counter has no formula for all of them
    for product in (torch.dot, torch.vdot, torch.inner, torch.linalg.vecdot):
        check(k, product, z(k), z(k), **unseen)
    check(m * k, torch.mv, z(m, k), z(k), **unseen)
    check(m * k, torch.addmv, z(m), z(m, k), z(k), **unseen)
    check(m * k, torch.Tensor.addmv_, z(m), z(m, k), z(k), **unseen)
    check(b * m * k * n, torch.Tensor.addbmm_, z(m, n), z(b, m, k), z(b, k, n), **unseen)
    several = min(b, m, n, k) > 1  # of a size of 1 torch makes an elementwise product
    check(b * m * n * k, torch.inner, z(b, m, k), z(n, k), torch_sees=several)
    check(b * m * k, torch.linalg.vecdot, z(b, m, k), z(m, k), **unseen)
    check(b * m * k * n, torch.baddbmm, z(b, m, n), z(b, m, k), z(b, k, n))
    check(b * m * k * n, torch.Tensor.baddbmm_, z(b, m, n), z(b, m, k), z(b, k, n), **unseen)
    check(b * m * k * n, torch.addbmm, z(m, n), z(b, m, k), z(b, k, n), **unseen)
    check(m * k * n, torch.Tensor.addmm_, z(m, n), z(m, k), z(k, n), **unseen)
    check(m * k * n, torch._addmm_activation, z(n), z(m, k), z(k, n), **unseen)
    rows = m * k * n + m * n * b, k * n * b + m * k * b  # from the left, from the right
    check(min(rows), lambda *z: torch.linalg.multi_dot(z), z(m, k), z(k, n), z(n, b))


@examples(5, 60, st.lists(sizes, min_size=2, max_size=6))
def test_a_chain_of_matrices_costs_the_cheapest_order(lengths):
    matrices = [torch.zeros(one, other) for one, other in pairwise(lengths)]

    def cheapest(first, last):
        cuts = range(first + 1, last)
        ends = lengths[first] * lengths[last]
        return min(
            (cheapest(first, cut) + cheapest(cut, last) + ends * lengths[cut] for cut in cuts),
            default=0,
        )

    if len(matrices) > 1:
        check(cheapest(0, len(matrices)), lambda *all: torch.linalg.multi_dot(all), *matrices)
        found = counted(torch.ops.aten.chain_matmul, matrices)
        assert found.macs == cheapest(0, len(matrices))


@examples(
    5, 60, st.lists(sizes, max_size=2), st.lists(sizes, max_size=2), st.lists(sizes, max_size=2)
)
def test_tensordot(left, summed, right):
    dims = list(range(len(left), len(left) + len(summed))), list(range(len(summed)))
    run = partial(torch.tensordot, dims=dims)
    one, other = torch.zeros(left + summed), torch.zeros(summed + right)
    macs = math.prod(left + summed + right) if summed else 0  # no sums: an elementwise product
    several = 1 not in left + summed + right  # as above
    check(macs, run, one, other, torch_sees=bool(several and summed and left + right))


def test_what_is_written_as_a_product_of_elements_costs_nothing_in_any_spelling():
    x, y = torch.zeros(4), torch.zeros(5)
    for product in (
        torch.outer,
        torch.kron,
        lambda x, y: x[:, None] * y,
        partial(torch.einsum, "i,j->ij"),
        partial(torch.tensordot, dims=0),
        lambda x, y: torch.addr(torch.zeros(4, 5), x, y),
        lambda x, y: torch.inner(torch.tensor(2.0), y),
    ):
        found = counted(product, x, y)
        assert found.macs == 0 and found.macs_exact


@examples(5, 60, sizes, sizes, sizes, sizes)
def test_bilinear_costs_x_times_the_weight_times_y(batch, one, other, out):
    x, y, w = torch.zeros(batch, one), torch.zeros(batch, other), torch.zeros(out, one, other)
    macs = batch * out * one * other + batch * out * other
    check(macs, F.bilinear, x, y, w, torch.zeros(out), torch_sees=False)
    assert counted(partial(torch.einsum, "bi,oij,bj->bo"), x, w, y).macs == macs


@examples(5, 60, st.data(), st.integers(1, 3))
def test_convolutions_of_any_dimension(data, dimensions):
    groups, one, other = (data.draw(st.integers(1, 3)) for _ in range(3))
    kernel = [data.draw(st.integers(1, 3)) for _ in range(dimensions)]
    image = [data.draw(st.integers(3, 5)) for _ in range(dimensions)]
    x = torch.zeros(2, groups * one, *image)
    bias = torch.zeros(groups * other)
    weight = torch.zeros(groups * other, one, *kernel)
    plain, transposed = (getattr(F, f"conv{kind}{dimensions}d") for kind in ("", "_transpose"))
    a_pixel = groups * other * one * math.prod(kernel)
    outputs = math.prod(size - k + 1 for size, k in zip(image, kernel, strict=True))
    run = partial(plain, groups=groups)
    assert counted(run, x, weight, bias).macs == 2 * outputs * a_pixel
    assert seen_by_torch(run, x, weight, bias) == 2 * outputs * a_pixel
    same = partial(plain, groups=groups, padding="same")
    check(2 * math.prod(image) * a_pixel, same, x, weight, bias)
    network = Operator(same, x, weight)
    activations = 2 * groups * other * math.prod(image)
    assert count_activations_with_fvcore(network, (1, 1, 1)) == activations
    weight = torch.zeros(groups * one, other, *kernel)
    run = partial(transposed, groups=groups, stride=2)
    assert counted(run, x, weight, bias).macs == 2 * math.prod(image) * a_pixel


def test_a_convolution_over_time():
    x, weight, bias = torch.zeros(7, 2, 3), torch.zeros(3, 3, 4), torch.zeros(4)
    check(5 * 2 * 4 * 3 * 3, torch.conv_tbc, x, weight, bias, torch_sees=False)


@pytest.fixture(scope="module")
def deform_conv2d():
    """torchvision's operator; where that is not installed, one of its name and arguments."""
    try:
        from torchvision.ops import deform_conv2d

        yield deform_conv2d
        return
    except ImportError:
        library = torch.library.Library("torchvision", "FRAGMENT")
    library.define(
        "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, "
        "SymInt stride_h, SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, "
        "SymInt dilation_w, SymInt groups, SymInt offset_groups, bool use_mask) -> Tensor"
    )

    def computed(x, weight, *rest):
        offset = rest[0]
        return x.new_zeros(len(x), len(weight), *offset.shape[2:])

    library.impl("deform_conv2d", computed, "CPU")

    def run(x, offset, weight, bias=None, padding=(0, 0)):
        extra = weight.new_zeros(len(x), 0), weight.new_zeros(len(weight))
        numbers = 1, 1, *padding, 1, 1, x.shape[1] // weight.shape[1], 1, False
        return torch.ops.torchvision.deform_conv2d(x, weight, offset, *extra, *numbers)

    yield run
    library._destroy()


class Deformable(nn.Module):
    def __init__(self, run):
        super().__init__()
        self.run = run
        self.offset = nn.Conv2d(3, 18, 3, padding=1)
        self.weight = nn.Parameter(torch.zeros(64, 3, 3, 3))
        self.bias = nn.Parameter(torch.zeros(64))

    def forward(self, x):
        return self.run(x, self.offset(x), self.weight, self.bias, padding=(1, 1))


def test_a_deformable_convolution_costs_what_a_convolution_does(deform_conv2d):
    found = count_with_fvcore(Deformable(deform_conv2d), (3, 16, 16))
    assert found.params == 2_296 and found.macs_exact
    assert found.macs == 124_416 + 442_368  # 256 places: 27 * 18, and 27 * 64
    x, offset = torch.zeros(2, 6, 5, 5), torch.zeros(2, 18, 3, 3)
    check(2 * 9 * 8 * 3 * 9, deform_conv2d, x, offset, torch.zeros(8, 3, 3, 3), torch_sees=False)


@st.composite
def recurrent_layers(draw):
    kind = draw(st.sampled_from(["LSTM", "GRU", "RNN"]))
    one, hidden = draw(sizes), draw(st.integers(2, 5))
    options = {
        "num_layers": draw(st.integers(1, 2)),
        "bidirectional": draw(st.booleans()),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
    }
    if kind == "LSTM" and draw(st.booleans()):
        options["proj_size"] = draw(st.integers(1, hidden - 1))
    if kind == "RNN":
        options["nonlinearity"] = draw(st.sampled_from(["tanh", "relu"]))
    layer = getattr(nn, kind)(one, hidden, **options)
    return layer, one, hidden, {"LSTM": 4, "GRU": 3, "RNN": 1}[kind], options


def a_step(one, hidden, gates, options):
    """Multiply-adds of one step of one sequence, through all layers and directions."""
    directions, macs = 1 + options["bidirectional"], 0
    projected = options.get("proj_size", 0)
    result = projected or hidden
    for layer in range(options["num_layers"]):
        width = one if layer == 0 else directions * result
        a_gate = hidden * width + hidden * result
        macs += directions * (gates * a_gate + hidden * projected)
    return macs


@examples(5, 60, recurrent_layers(), st.integers(1, 3), st.integers(1, 3))
def test_recurrent_layers(drawn, steps, batch):
    layer, one, *numbers = drawn
    macs = a_step(one, *numbers)
    images = torch.zeros(batch, steps, one)  # or steps and batch exchanged: the same cost
    check(batch * steps * macs, lambda layer, x: layer(x)[0], layer, images)
    check(steps * macs, lambda layer, x: layer(x)[0], layer, images[0], torch_sees=False)
    lengths = [steps, *[1] * (batch - 1)]

    def packed(layer, x):
        pack = nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True)
        return layer(pack)[0].data

    found = counted(packed, layer, images)
    assert found.macs == sum(lengths) * macs and found.macs_exact


def test_the_layer_of_a_decomposed_lstm():
    """What torch.export makes of an LSTM where it is decomposed."""
    x, first = torch.zeros(6, 2, 3), torch.zeros(2, 5)
    weights = torch.zeros(20, 3), torch.zeros(20, 5), torch.zeros(20), torch.zeros(20)
    settings = False, [], 2, 5, 1, True, False, False, False

    def run(x, *weights):
        return torch.ops.aten.mkldnn_rnn_layer(x, *weights, first, first, *settings)[0]

    check(6 * 2 * 4 * 5 * (3 + 5), run, x, *weights, torch_sees=False)


@examples(5, 60, st.sampled_from([("LSTM", 4), ("GRU", 3), ("RNN", 1)]), sizes, sizes, sizes)
def test_recurrent_cells(kind, batch, one, hidden):
    name, gates = kind
    cell = getattr(nn, f"{name}Cell")(one, hidden)
    found = counted(lambda cell, x: cell(x), cell, torch.zeros(batch, one))
    assert found.macs == batch * gates * hidden * (one + hidden) and found.macs_exact
    assert found.macs == seen_by_torch(cell, torch.zeros(batch, one))


@examples(5, 60, st.lists(sizes, min_size=1, max_size=2), sizes, sizes, sizes, sizes, st.booleans())
def test_attention_is_two_products(batch, queries, keys, width, values, causal):
    """Also where it is causal: all places are counted, as fvcore and ONNX would."""
    q, k = torch.zeros(*batch, queries, width), torch.zeros(*batch, keys, width)
    v = torch.zeros(*batch, keys, values)
    run = partial(F.scaled_dot_product_attention, is_causal=causal)
    check(math.prod(batch) * queries * keys * (width + values), run, q, k, v)


def test_all_variants_of_attention_take_a_query_a_key_and_a_value():
    kinds = [kind for kind in HANDLES if "scaled_dot_product" in kind]
    assert len(kinds) > 6
    for kind in kinds:
        operator = getattr(torch.ops.aten, kind.removeprefix("aten::"), None)
        if operator is not None:  # the newest torch may have others
            names = [argument.name for argument in operator.default._schema.arguments]
            assert names[:3] == ["query", "key", "value"], kind


def test_grouped_heads_and_the_variants_of_attention():
    q, k = torch.zeros(2, 6, 5, 4), torch.zeros(2, 3, 7, 4)
    run = partial(F.scaled_dot_product_attention, enable_gqa=True)
    check(2 * 6 * 5 * 7 * 8, run, q, k, k)
    k = torch.zeros(2, 6, 7, 4)
    for name in ("flash_attention_for_cpu", "attention_math"):
        run = getattr(torch.ops.aten, f"_scaled_dot_product_{name}")
        check(2 * 6 * 5 * 7 * 8, lambda *all, run=run: run(*all)[0], q, k, k, torch_sees=False)


@examples(5, 60, sizes, sizes, st.integers(1, 2), st.integers(1, 3))
def test_torch_s_fused_encoder_costs_what_its_single_layers_do(batch, places, heads, head):
    width, wide = 2 * heads * head, 5
    layer = nn.TransformerEncoderLayer(width, heads, wide, batch_first=True)
    layer.eval().requires_grad_(False)
    attention, x = layer.self_attn, torch.zeros(batch, places, width)
    weights = [attention.in_proj_weight, attention.in_proj_bias]
    weights += [attention.out_proj.weight, attention.out_proj.bias]

    def fused(x):
        return torch._native_multi_head_attention(x, x, x, width, heads, *weights)[0]

    def whole(x):
        norms = [layer.norm1.weight, layer.norm1.bias, layer.norm2.weight, layer.norm2.bias]
        linears = [layer.linear1.weight, layer.linear1.bias]
        linears += [layer.linear2.weight, layer.linear2.bias]
        settings = False, False, 1e-5
        return torch._transformer_encoder_layer_fwd(
            x, width, heads, *weights, *settings, *norms, *linears
        )

    macs = batch * (4 * places * width**2 + 2 * places**2 * width)
    check(macs, fused, x, torch_sees=False)
    assert counted(lambda one, x: one(x, x, x)[0], attention, x).macs == macs
    macs += batch * places * 2 * width * wide
    check(macs, whole, x, torch_sees=False)
    assert counted(lambda layer, x: layer(x), layer, x).macs == macs


def test_the_points_of_an_affine_grid():
    run = partial(F.affine_grid, align_corners=False)
    check(2 * 5 * 6 * 2 * 3, run, torch.zeros(2, 2, 3), (2, 1, 5, 6), torch_sees=False)
    check(2 * 4 * 5 * 6 * 3 * 4, run, torch.zeros(2, 3, 4), (2, 1, 4, 5, 6), torch_sees=False)


class Hidden(torch.autograd.Function):
    """The tracer sees nothing of what this computes."""

    @staticmethod
    def forward(ctx, x):
        return F.conv2d(x, torch.zeros(4, 3, 3, 3))


def square(x):
    return torch.matmul(x, x)


def scripted(x):
    return torch.jit.script(square)(x)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (Hidden.apply, "prim::PythonOp.Hidden"),
        (scripted, "prim::CallFunction"),
        (torch.fft.rfft2, "fft_rfft2"),
        (torch.linalg.inv, "linalg_inv"),
        (torch.linalg.cholesky, "linalg_cholesky"),
    ],
)
def test_what_may_multiply_and_is_not_counted_makes_the_count_a_bound(function, name):
    found = counted(function, torch.eye(8).expand(1, 3, 8, 8))
    assert found.uncounted == {name: 1} and not found.macs_exact
    assert found.unsupported == {name: 1}  # fvcore does not count it either


def test_a_shape_that_the_trace_does_not_tell_makes_the_count_a_bound():
    def ragged(x):
        nested = torch.nested.nested_tensor([x, x])
        return nested.matmul(nested.transpose(1, 2)).to_padded_tensor(0.0)

    found = counted(ragged, torch.zeros(3, 4))
    assert found.macs == 0 and not found.macs_exact and found.uncounted["matmul"] == 1


def test_harmless_operators_multiply_nothing():
    """torch's own counter sees no product in any of those that take one or two matrices."""
    tried = 0
    for name in sorted(HARMLESS):
        operator = getattr(torch.ops.aten, name, None)
        for tensors in ([torch.ones(3, 3)], [torch.ones(3, 3)] * 2):
            try:
                macs = seen_by_torch(operator, *tensors)
            except (RuntimeError, TypeError, NotImplementedError, IndexError):
                continue  # it takes something else
            assert macs == 0, name
            tried += 1
    assert tried > 200
    assert not any(is_harmless(kind) for kind in HANDLES)
    assert is_harmless("aten::add_") and is_harmless("aten::__and__")
    assert not is_harmless("mine::add") and not is_harmless("aten::new_operator")


class Parts(nn.Module):
    """A part called by `forward`, a part called twice, a shared one, and something of its own."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU())
        self.again = nn.Conv2d(3, 3, 1, bias=False)
        self.holder = nn.ModuleDict({"shared": self.again, "own": nn.Conv2d(3, 5, 1, bias=False)})
        self.tied = nn.Linear(3, 3, bias=False)
        self.tied.weight = nn.Parameter(self.again.weight.data[:, :, 0, 0])
        self.twin = nn.Linear(3, 3, bias=False)
        self.twin.weight = self.tied.weight
        self.weight = nn.Parameter(torch.zeros(3, 3))

    def forward(self, x):
        x = self.again(self.again(self.body.forward(x)))
        x = nn.Conv2d.forward(self.holder["shared"], x)
        x = self.twin(self.tied.forward(x.transpose(1, 3)))
        x = torch.matmul(x, self.weight).transpose(1, 3)
        return self.holder["own"].forward(x)


def test_the_parts_of_a_network_add_up_whatever_way_they_are_called():
    found = count_with_fvcore(Parts(), (3, 2, 2))
    assert {name: (part.params, part.macs) for name, part in found.parts.items()} == {
        "body": (9, 4 * 9),
        "again": (9, 2 * 4 * 9),
        "holder": (15, 4 * 15),
        "tied": (9, 4 * 9),
        "twin": (0, 4 * 9),
        TOP_LEVEL: (9, 2 * 4 * 9),  # the matmul, and the class's forward of a shared part
    }
    assert sum(part.params for part in found.parts.values()) == found.params == 51
    assert sum(part.macs for part in found.parts.values()) == found.macs
    module = Parts()
    count_with_fvcore(module, (3, 2, 2))
    assert not any("forward" in vars(part) for part in module.modules())


def test_a_part_that_hides_something_is_a_bound_and_the_others_are_exact():
    class Hides(nn.Module):
        def forward(self, x):
            return Hidden.apply(x)

    module = nn.Sequential(nn.Conv2d(3, 3, 1), Hides())
    found = count_with_fvcore(module, (3, 4, 4))
    assert [part.macs_exact for part in found.parts.values()] == [True, False]
    assert sum(part.macs for part in found.parts.values()) == found.macs == 16 * 9


@pytest.mark.parametrize("nothing", [nn.Identity(), nn.Sequential(), nn.Sequential(nn.Identity())])
def test_a_network_without_any_operator_costs_nothing_exactly(nothing):
    found = count_with_fvcore(nothing, (1, 4, 4))
    assert (found.params, found.macs, found.macs_exact, found.flops) == (0, 0, True, 0)
    assert found.parts == {}
