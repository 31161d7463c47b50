"""What must be said of a name, where sources of it differ, is said wherever the name is taken."""

import pytest

SAID = "regnetx_004 is pycls's, with widths rounded to the nearest; torchvision's regnet_x_400mf is"


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "regnetx_004"),
        ("show", "regnetx_004"),
        ("compare", "regnetx_004", "resnet18", "--diff"),
        ("compare", "regnetx_004", "--counters", "formula"),
        ("solve", "--network", "regnetx_004", "--free", "group", "--budget", "400MMACs"),
        ("solve", "--network", "regnetx_004", "--rule", "width", "--budget", "500MMACs"),
    ],
    ids=" ".join,
)
def test_it_is_said(run, command):
    result = run(*command)
    assert result.exit_code == 0, result.output
    assert SAID in " ".join(result.stdout.split())


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ("bench", "regnetx_004", "--modes", "latency", "--rounds", "1", "--no-memory"),
        ("train", "cifar_regnetx_004", "--dataset", "shapes", "--samples", "128", "--epochs", "1"),
    ],
    ids=" ".join,
)
def test_it_is_said_where_something_runs(run, command, tmp_path):
    out = ["--out", str(tmp_path / "out")] if command[0] == "train" else []
    result = run(*command, *out)
    assert result.exit_code == 0, result.output
    assert SAID in " ".join(result.output.split())
