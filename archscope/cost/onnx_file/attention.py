"""The multiply-adds of the operators that hold a whole attention: ONNX's own and ONNX Runtime's."""

from __future__ import annotations

import math
from collections.abc import Callable

from archscope.cost.onnx_file.node import Node
from archscope.cost.onnx_file.values import NotOnnx, Unknown


def attention(node: Node) -> int:
    """ONNX's: each of (batch, steps, heads * width) or (batch, heads, steps, width)."""
    query, key, value = (node.sizes(number) for number in range(3))
    node.require({len(query), len(key), len(value)} <= {3, 4})
    heads, steps, width = _heads(node, query, "q_num_heads")
    others, keys, key_width = _heads(node, key, "kv_num_heads")
    _, values, value_width = _heads(node, value, "kv_num_heads")
    node.require(keys == values and width == key_width and heads % others == 0)
    if node.has(4):
        past = node.sizes(4)
        node.require(len(past) == 4)
        keys += past[2]
    return query[0] * heads * steps * keys * (width + value_width)


def _heads(node: Node, shape: list[int], attribute: str) -> tuple[int, int, int]:
    """Heads, steps and the width of a head."""
    if len(shape) == 4:
        return shape[1], shape[2], shape[3]
    heads = node.integer(attribute)
    node.require(shape[2] % heads == 0)
    return heads, shape[1], shape[2] // heads


def projected(node: Node) -> tuple[list[int], list[int]]:
    """Of a fused attention: the images, and the widths of query, key and value."""
    images, weights = node.sizes(0), node.sizes(1)
    node.require(len(images) == 3 and len(weights) == 2 and images[2] == weights[0])
    parts = node.attributes.get("qkv_hidden_sizes") or [weights[1] // 3] * 3
    node.require(len(parts) == 3 and min(parts) > 0 and sum(parts) == weights[1])
    return images, list(parts)


def fused_attention(past: int) -> Callable[[Node], int]:
    """ONNX Runtime's: images (batch, steps, inputs), weights of all three projections.

    Args:
        past: the input of former keys and values, (2, batch, heads, steps, width).
    """

    def count(node: Node) -> int:
        images, (query, key, value) = projected(node)
        node.require(query == key)
        batch, steps = images[:2]
        keys = steps
        if node.has(past):
            if node.integer("past_present_share_buffer", 0):
                raise Unknown
            former = node.sizes(past)
            node.require(len(former) == 5)
            keys += former[3]
        return batch * steps * (images[2] * (query + key + value) + keys * (query + value))

    return count


def multi_head(node: Node) -> int:
    """ONNX Runtime's of projected inputs, the key and the value packed with the query or apart."""
    query = node.sizes(0)
    if len(query) == 5 and not node.has(1):  # (batch, steps, heads, 3, width)
        width = query[2] * query[4]
        return query[0] * query[1] * query[1] * 2 * width
    node.require(len(query) == 3)
    batch, steps, width = query
    key = node.sizes(1)
    match len(key):
        case 5:  # (batch, steps, heads, 2, width)
            keys, value = key[1], key[2] * key[4]
        case 4:  # (batch, heads, steps, width)
            other = node.sizes(2)
            node.require(len(other) == 4)
            keys, value = key[2], other[1] * other[3]
        case 3:
            other = node.sizes(2)
            node.require(len(other) == 3)
            keys, value = key[1], other[2]
        case _:
            raise NotOnnx(f"{node} has a key of {len(key)} sizes")
    if node.has(6):
        if node.has(8):
            raise Unknown
        former = node.sizes(6)
        node.require(len(former) == 4)
        keys += former[2]
    return batch * steps * keys * (width + value)


def attended(node: Node) -> list[int]:
    """The shape of what ONNX Runtime's attentions give: (batch, steps, width)."""
    if node.operator != "MultiHeadAttention":
        images, parts = projected(node)
        return [*images[:2], parts[2]]
    query = node.sizes(0)
    if len(query) == 5:
        return [*query[:2], query[2] * query[4]]
    value = node.sizes(2) if node.has(2) else node.sizes(1)
    node.require(len(query) == 3 and len(value) in (3, 4, 5))
    if len(value) == 3:
        return [*query[:2], value[2]]
    return [*query[:2], math.prod(value[1::2]) if len(value) == 4 else value[2] * value[4]]
