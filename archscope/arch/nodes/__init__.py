"""The expression tree: a convolutional network as frozen dataclasses.

Input channels are never written: `archscope.arch.shape` infers them by walking the tree with a
shape. Numeric fields may be NumPy arrays (for counting many designs at once); such a tree can be
counted, but not built, hashed, compared or rewritten.

A `label` names a node: labels give the keys of the state dict (`layer1.0.conv1`) and the rows of
Table 1. An unlabelled combinator adds nothing to the path.

A new node must be taught to every reading of the tree: `archscope.arch.readings` lists them. A
reading that does not know a node raises `unknown`.
"""

from archscope.arch.nodes.combinators import (
    Aux,
    Cat,
    Gate,
    Grow,
    Repeat,
    Seq,
    Shortcut,
    Split,
    Sum,
    has_residuals,
    is_combinator,
)
from archscope.arch.nodes.leaves import (
    Act,
    Activation,
    Conv,
    Dropout,
    Gain,
    Linear,
    Norm,
    Pool,
    Shuffle,
)
from archscope.arch.nodes.node import Kernel, Node, array_fields, with_arrays

__all__ = [
    "Act",
    "Activation",
    "Aux",
    "Cat",
    "Conv",
    "Dropout",
    "Gain",
    "Gate",
    "Grow",
    "Kernel",
    "Linear",
    "Node",
    "Norm",
    "Pool",
    "Repeat",
    "Seq",
    "Shortcut",
    "Shuffle",
    "Split",
    "Sum",
    "array_fields",
    "has_residuals",
    "is_combinator",
    "with_arrays",
]
