"""Bad networks of every family at the command line: one sentence and 2, never a traceback."""

import pytest

from archscope.arch.families.registry import families
from archscope.arch.names import parse
from archscope.errors import UsageError


def refused(result):
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert result.stderr.startswith("archscope: ") and result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.parametrize("one", families(), ids=lambda one: one.name)
def test_an_input_of_one_pixel(run, one):
    name = one.names.known[0]
    try:
        parse(name, input_shape=(3, 1, 1))
    except UsageError:
        assert "use a larger input" in refused(run("show", name, "--input", "3x1x1"))
    else:  # windows padded by half of them fit on one pixel
        assert run("show", name, "--input", "3x1x1").exit_code == 0


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("show mobilenet_v2_0.000000001", "width must be at least 0.01"),
        ("show resnet50 --input 3x1000000x1000000", "each from 1 to 65,536, not '3x1000000"),
        ("compare vgg12 vgg16", "did you mean vgg19"),
        ("enumerate regnetx --axis depth=1:3", "depth must be at least 4, not 1"),
        ("enumerate regnetx --axis group=0.5", "group must be a whole number, not 1/2"),
        ("enumerate mobilenet_v2 --axis width=nan", "width must be numbers above 0"),
        ("enumerate mobilenet_v2 --axis width=0.5:2", "of fractions with its step"),
        ("solve --network mobilenet_v2 --budget 9MMACs --axis width=0.001", "at least 0.01"),
        ("solve --network convnext --budget=-5MACs", "a budget is a positive whole number"),
        ("solve --network convnext --budget nan", "a network's budget needs its unit"),
        ("solve --network wrn --budget 9MMACs --deepening 5000", "must be at most 999, not 5000"),
    ],
)
def test_the_rule(run, words, rule):
    assert rule in refused(run(*words.split()))
