"""`archscope.latency_model`, and what is refused in its place."""

import pytest

import archscope as a


def test_the_model_of_this_machine_is_the_one_that_was_kept(kept):
    found = a.latency_model(threads=1)
    assert found == kept and isinstance(found, a.LatencyModel)
    (one,) = a.compare("resnet18", counter="formula", latency=found).networks
    assert one.predicted == (kept.predicted(a.network("resnet18")),)


def test_where_there_is_none_the_command_is_named(kept):
    with pytest.raises(a.UsageError, match=r"archscope bench --fit .*--threads 63"):
        a.latency_model(threads=63)


@pytest.mark.parametrize("threads", [0, "1", 1.5])
def test_threads_are_a_whole_number(threads):
    with pytest.raises(a.UsageError, match=f"1 to 65,536, not {threads!r}"):
        a.latency_model(threads=threads)


@pytest.mark.parametrize(
    "ask",
    [
        lambda given: a.list("resnet", latency=given),
        lambda given: a.compare("resnet18", counter="formula", latency=given),
        lambda given: a.solve("resnext50", at_most="20ms", latency=given),
        lambda given: a.enumerate(a.Query(["resnext50"], latency=given)),
        lambda given: a.FeasibleSet("resnext50", "20ms", latency=given),
        lambda given: a.Goal(["resnext50"], ["20ms"], trials=4, latency=given),
        lambda given: a.ui("resnext50", latency=given),
    ],
    ids=["list", "compare", "solve", "enumerate", "FeasibleSet", "Goal", "ui"],
)
@pytest.mark.parametrize("given", ["latency.json", 20.0])
def test_what_is_no_model_is_refused_in_a_sentence(ask, given):
    with pytest.raises(a.UsageError, match=r"latency= takes a fitted model, not .*; give"):
        ask(given)
