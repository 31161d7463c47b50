"""The exact multiply-adds of single operators, against loops that really multiply and add."""

import math
from functools import partial

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from archscope.cost.fvcore import count_with_fvcore

CHEAP = settings(max_examples=40)
sizes = st.integers(1, 4)


class Operator(nn.Module):
    """A network of one operator on tensors of its own; the image is not used."""

    def __init__(self, function, *tensors):
        super().__init__()
        self.function, self.tensors = function, nn.ParameterList(tensors)

    def forward(self, image):
        return self.function(*self.tensors)


def counted(function, *tensors):
    return count_with_fvcore(Operator(function, *tensors), (1, 1, 1))


def seen_by_torch(function, *tensors):
    """The multiply-adds that torch's own counter sees in what is really computed."""
    with FlopCounterMode(display=False) as counter:
        function(*tensors)
    return counter.get_total_flops() // 2


def whole(*shape):
    """Small whole numbers, so that sums in any order are equal."""
    return torch.randint(-3, 4, shape).double()


@st.composite
def factors(draw):
    """The shapes of two operands of a matmul: vectors, matrices, batches that are broadcast."""
    batch = draw(st.lists(sizes, max_size=3))

    def thinned():
        kept = batch[draw(st.integers(0, len(batch))) :]
        return [size if draw(st.booleans()) else 1 for size in kept]

    m, k, n = draw(sizes), draw(sizes), draw(sizes)
    left = draw(st.sampled_from([[k], [*thinned(), m, k]]))
    return left, draw(st.sampled_from([[k], [*thinned(), k, n]]))


def multiplied_by_hand(left, right):
    """A matmul in loops: the result, and how many multiply-adds it took."""
    a = left[None] if left.ndim == 1 else left
    b = right[:, None] if right.ndim == 1 else right
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
    b = np.broadcast_to(b, (*batch, *b.shape[-2:]))
    result, steps = np.zeros((*batch, a.shape[-2], b.shape[-1])), 0
    for place in np.ndindex(*result.shape):
        *where, row, column = place
        for k in range(a.shape[-1]):
            result[place] += a[(*where, row, k)] * b[(*where, k, column)]
            steps += 1
    return result, steps


@CHEAP
@given(factors())
def test_matmul_costs_what_its_loops_do(shapes):
    left, right = (whole(*shape) for shape in shapes)
    result, steps = multiplied_by_hand(left.numpy(), right.numpy())
    product = torch.matmul(left, right)
    assert (product.numpy() == result.reshape(product.shape)).all()
    assert counted(torch.matmul, left, right).macs == steps
    if left.ndim > 1 and right.ndim > 1:  # it counts no product of vectors
        assert seen_by_torch(torch.matmul, left, right) == steps


@CHEAP
@given(st.lists(sizes, max_size=3), sizes, sizes)
def test_linear_layers_and_products_of_matrices(batch, k, n):
    rows = math.prod(batch)
    assert counted(F.linear, whole(*batch, k), whole(n, k), whole(n)).macs == rows * k * n
    assert counted(F.linear, whole(*batch, k), whole(k)).macs == rows * k
    assert counted(torch.mm, whole(rows, k), whole(k, n)).macs == rows * k * n
    assert counted(torch.addmm, whole(n), whole(rows, k), whole(k, n)).macs == rows * k * n
    assert counted(torch.bmm, whole(rows, 2, k), whole(rows, k, n)).macs == rows * 2 * k * n


def test_fvcore_s_own_numbers_stay_its_own():
    """It counts the elements of the first operand times n, and knows no vectors."""
    found = counted(torch.matmul, whole(16, 32), whole(8, 32, 49))
    assert (found.macs, found.flops) == (8 * 16 * 32 * 49, 16 * 32 * 49)
    assert found.by_operator == {"matmul": 16 * 32 * 49} and found.unsupported == {}
    assert found.differences == {"matmul": (8 * 16 * 32 * 49, 16 * 32 * 49)}
    found = counted(torch.matmul, whole(5, 7), whole(7))
    assert (found.macs, found.flops, found.unsupported) == (35, 0, {"matmul": 1})
    found = counted(torch.matmul, whole(5, 7), whole(7, 3))
    assert found.differences == {} and found.macs == found.flops == 105


def test_a_network_without_such_operators_has_no_differences():
    module = nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.ConvTranspose2d(6, 2, 2), nn.ReLU())
    found = count_with_fvcore(module, (4, 8, 8))
    macs = 6 * 6 * 6 * 2 * 9 + 6 * 6 * 6 * 2 * 4
    assert (found.macs, found.flops, found.differences) == (macs, macs, {})
    assert [part.macs for part in found.parts.values()] == [6 * 6 * 6 * 2 * 9, 6 * 6 * 6 * 2 * 4, 0]


@st.composite
def equations(draw, operands, most=4):
    """An equation of einsum, and shapes for it: diagonals, ellipses, broadcast sizes of 1.

    No index has size 1 in all operands: torch makes an elementwise product of those.
    """
    size = {label: draw(st.integers(2, most)) for label in [*"abcXY", -1, -2]}
    terms, shapes, seen = [], [], set()
    for _ in range(operands):
        labels = draw(st.lists(st.sampled_from("abcXY"), max_size=3))
        dots = draw(st.sampled_from([None, [], [-1], [-2, -1]]))
        place = draw(st.integers(0, len(labels)))
        term = labels if dots is None else [*labels[:place], "...", *labels[place:]]
        labels[place:place] = dots or []
        thin = [
            label in seen and labels.count(label) == 1 and draw(st.integers(0, 5)) == 0
            for label in labels
        ]
        shapes.append([1 if one else size[label] for one, label in zip(thin, labels, strict=True)])
        terms.append("".join(term))
        seen.update(labels)
    equation = draw(st.sampled_from([",", " , "])).join(terms)
    if draw(st.booleans()):
        known = sorted(set(equation) - set("., "))
        output = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
        dots = "..." if "..." in equation and draw(st.booleans()) else ""
        equation += f"->{dots}{''.join(output)}"
    return equation, shapes


@CHEAP
@given(st.data(), st.integers(1, 4))
def test_einsum_costs_what_torch_computes(data, operands):
    equation, shapes = data.draw(equations(operands))
    path = []
    for left in range(operands, 1, -1):
        path += data.draw(st.permutations(range(left)))[:2]
    tensors = [whole(*shape) for shape in shapes]
    for steps in (None, path or None):
        run = partial(einsum, equation, steps)
        assert counted(run, *tensors).macs == seen_by_torch(run, *tensors)


def einsum(equation, path, *tensors):
    """torch.einsum, but for the path, which it takes from opt_einsum, if that is installed."""
    return torch.ops.aten.einsum(equation, tensors, path=path)


@st.composite
def pairs(draw):
    """Two terms of different letters, an output, and the sizes: 1 too, but none is broadcast."""
    left, right = (
        draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=3)) for _ in range(2)
    )
    known = sorted({*left, *right})
    output = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
    return left, right, output, {letter: draw(sizes) for letter in known}


def summed_alone(array, letters, needed):
    """Without the indices that nothing else has: no products are needed to sum them."""
    alone = tuple(place for place, letter in enumerate(letters) if letter not in needed)
    return array.sum(alone), [letter for letter in letters if letter in needed]


def contracted_by_hand(left, right, output, size, a, b):
    """An einsum of two operands in loops: the result, and how many multiply-adds it took."""
    a, left = summed_alone(a, left, {*right, *output})
    b, right = summed_alone(b, right, {*left, *output})
    letters = sorted({*left, *right})
    result, steps = np.zeros([size[letter] for letter in output]), 0
    for place in np.ndindex(*(size[letter] for letter in letters)):
        at = dict(zip(letters, place, strict=True))
        first, second = (tuple(map(at.get, term)) for term in (left, right))
        result[tuple(map(at.get, output))] += a[first] * b[second]
        steps += 1
    return result, steps if set(letters) - set(output) else 0  # elementwise: nothing is added


@CHEAP
@given(pairs())
def test_einsum_of_two_costs_what_its_loops_do(pair):
    left, right, output, size = pair
    equation = f"{''.join(left)},{''.join(right)}->{''.join(output)}"
    tensors = [whole(*(size[letter] for letter in term)) for term in (left, right)]
    result, steps = contracted_by_hand(*pair, *(tensor.numpy() for tensor in tensors))
    run = partial(torch.einsum, equation)
    assert (run(*tensors).numpy() == result).all()
    assert counted(run, *tensors).macs == steps


def test_a_network_of_einsums():
    """1,762,939 = 37 * 53 * 29 * 31, which fvcore reads from a text of four digits."""

    class Odd(nn.Module):
        def forward(self, image):
            return torch.einsum("bchw,cd->bdhw", image, torch.zeros(37, 53))

    found = count_with_fvcore(nn.Sequential(Odd(), nn.ReLU()), (37, 29, 31))
    assert found.macs == 37 * 53 * 29 * 31 and found.flops == 1_763_000
    assert found.parts["0"] == (0, found.macs, True)
    scaled = partial(torch.einsum, "bchw,bc->bchw")  # what `*` computes, which costs nothing
    found = counted(scaled, whole(2, 3, 4, 5), whole(2, 3))
    assert found.macs == 0 and found.differences == {"einsum": (0, found.flops)}
