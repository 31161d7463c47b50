"""Networks from outside: a user's functions and saved programs, in the table of ours."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import archscope
from archscope.arch.names import parse
from archscope.errors import ArchscopeError, UsageError
from archscope.explore.networks.compare import compare
from archscope.explore.networks.opened import Outside, is_outside, open_network
from archscope.nn.build import build

NETWORKS = """
from torch import nn
print("hello")
def net(num_classes=10):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, num_classes),
    )
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = net(7)
    def forward(self, x):
        return {"logits": self.body(x)}
made = net()
class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(2, 2, batch_first=True)
    def forward(self, x):
        x = x.flatten(2).mT
        return self.attention(x, x, x, need_weights=False)[0]
def number() -> int: return 3
assert number.__annotations__ == {"return": int}  # the file's own dialect, not archscope's
def fails(): raise ValueError("no such width. Really")
def leaves(): raise SystemExit(9)
class Broken(nn.Module):
    def forward(self, x): return x.nothing
number_itself = 3
"""
# By hand, at 3x8x8: the convolution has 8 (27 + 1) params and 8 * 8 * 8 outputs of 27 multiply-adds
# each, batch norm 16 params, the linear layer 8 * 10 + 10 params, 80 multiply-adds and 10 outputs.
PARAMS, MACS, ACTIVATIONS = 224 + 16 + 90, 512 * 27 + 80, 512 + 10


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(NETWORKS)
    return path


def row(*networks, **options):
    return compare(list(networks), **options).document()["networks"][-1]


def test_a_function_of_a_file_is_counted_beside_ours(file, capsys):
    comparison = compare(["resnet20", f"{file}:net"], input=(3, 8, 8))
    ours, theirs = comparison.document()["networks"]
    assert (ours["source"], ours["counted_by"]) == ("archscope", ["formula", "fvcore"])
    assert (theirs["source"], theirs["counted_by"]) == ("file", ["fvcore"])
    counted = (theirs["params"], theirs["macs"], theirs["activations"], theirs["classes"])
    assert counted == (PARAMS, MACS, ACTIVATIONS, 10)
    assert theirs["published_errors"] == [] and theirs["input"] == [3, 8, 8]
    # fvcore adds 2 an element for batch norm and 1 for the pooling.
    assert theirs["fvcore_flops"] == MACS + 2 * 512 + 512
    rows = [(part["name"], part["params"], part["macs"]) for part in theirs["stages"]]
    assert (rows[0], rows[-1]) == (("0", 224, 512 * 27), ("5", 90, 80))
    assert theirs["stages"][0]["output"] is None
    table = comparison.tables()[0]
    cells = {entry["stage"]: entry["network1"] for entry in table.rows}
    assert cells["params"] == "330" and cells["conv1"] is None
    said = [note for note in table.notes if f"{file}" in note]
    assert said == [f"Counted by fvcore alone: {file}:net."]
    assert theirs["nearest_published"] is None
    assert capsys.readouterr().out == ""  # what their code prints is no data
    frame = comparison.to_frame()
    assert list(frame["source"]) == ["archscope", "file"]


def test_the_input_is_imagenets_where_nothing_tells_it(file):
    document = row("resnet20", f"{file}:net")
    assert document["input"] == [3, 224, 224]
    assert document["macs"] == 8 * 224 * 224 * 27 + 80
    table = compare(["resnet20", f"{file}:net"]).tables()[0]
    inputs = next(entry for entry in table.rows if entry["stage"] == "input")
    assert (inputs["network0"], inputs["network1"]) == ("3×32×32", "3×224×224")


def test_classes_are_handed_to_a_function_that_takes_them(file):
    assert row(f"{file}:net", classes=4, input=(3, 8, 8))["params"] == 224 + 16 + 36
    for name in ("Net", "made"):
        with pytest.raises(UsageError, match=r"as num_classes or n_classes, and .* takes neither"):
            compare([f"{file}:{name}"], classes=4)


def test_a_class_and_a_module_are_networks_too(file):
    document = row(f"{file}:Net", input=(3, 8, 8))
    assert document["classes"] is None and document["params"] == 224 + 16 + 63
    network = open_network(f"{file}:made")
    assert isinstance(network, Outside) and network.module() is not network.module()
    assert row(replace(network, input=(3, 8, 8)))["params"] == PARAMS


def test_attention_is_counted_by_its_linear_layers_and_its_products(file):
    """2 to 6 and 2 to 2 for each of 4 * 4 places; in 2 heads of width 1 places times places."""
    comparison = compare([f"{file}:Attention"], input=(2, 4, 4))
    products = 2 * 2 * 16 * 16 * 1
    assert comparison.document()["networks"][0]["macs"] == 16 * (2 * 6 + 2 * 2) + products
    note = "1,024 multiply-adds in scaled_dot_product_attention; fvcore's own total has 0"
    assert any(note in line for line in comparison.tables()[0].notes)
    assert torch.backends.mha.get_fastpath_enabled()


def test_what_fvcore_counts_wrongly_is_counted_right_and_told(tmp_path):
    """(16, 32) times (1, 8, 32, 49): 8 * 16 * 32 * 49, of which fvcore sees one in eight."""
    path = tmp_path / "mine.py"
    path.write_text(
        "import torch\n"
        "class Left(torch.nn.Module):\n"
        "    def forward(self, x): return torch.matmul(torch.zeros(16, 32), x)\n"
        "def left(): return torch.nn.Sequential(Left(), torch.nn.ReLU())\n"
    )
    comparison = compare([f"{path}:left"], input=(8, 32, 49))
    document = comparison.document()["networks"][0]
    assert document["macs"] == document["stages"][0]["macs"] == 200_704
    assert document["fvcore_flops"] == document["fvcore_by_operator"]["matmul"] == 25_088
    note = "200,704 multiply-adds in matmul; fvcore's own total has 25,088"
    assert any(note in line for line in comparison.tables()[0].notes)
    assert any(note in line for line in document["notes"])


@pytest.mark.parametrize(
    ("name", "kind", "rule"),
    [
        ("fails", ArchscopeError, r"fails failed with ValueError: no such width$"),
        ("leaves", ArchscopeError, "SystemExit: 9"),
        ("Broken", ArchscopeError, "3x224x224 failed with AttributeError.*; give what it takes by"),
        ("number", UsageError, "number returned an int; return one"),
        ("nett", UsageError, "did you mean net"),
        ("number_itself", UsageError, "there is no function 'number_itself'"),
    ],
)
def test_what_fails_is_one_sentence(tmp_path, monkeypatch, name, kind, rule):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(NETWORKS)
    with pytest.raises(kind, match=rule) as caught:
        compare([f"mine.py:{name}"])
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, UsageError) == (kind is UsageError)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("nothing.py:net", "nothing.py cannot be read"),
        ("mine.py", "needs a name, as a file may hold several; write FILE.py:NAME"),
        ("python:mine", "written python:package.module:function"),
        ("python::net", "written python:package.module:function"),
        ("python:archscope.nothing:net", "no module 'archscope.nothing'"),
        ("python:archscope.errors:net", "there is no function 'net'"),
        ("nothing.pt2", "cannot be read .No such file"),
        ("nothing.onnx", "cannot be read .No such file"),
        ("resnet50:net", "no network named"),
    ],
)
def test_what_is_not_there_is_one_sentence(text, rule):
    with pytest.raises(UsageError, match=rule):
        open_network(text)


@pytest.mark.parametrize(
    ("text", "package", "extra"),
    [
        ("timm:resnet50", "timm", "timm"),
        ("torchvision:resnet50", "torchvision", "torchvision"),
        ("x.onnx", "onnx", "onnx"),
    ],
)
def test_a_missing_package_names_the_extra(text, package, extra, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=rf"this needs {package}, .*archscope\[{extra}\]"):
        open_network(text)


def test_the_formula_runs_nothing_from_outside(file):
    file.write_text("raise RuntimeError('was run')")
    with pytest.raises(UsageError, match="use --counter fvcore"):
        compare(["resnet20", f"{file}:net"], counter="formula")
    outside = Outside("x", "python", (3, 8, 8), lambda: nn.Identity())
    with pytest.raises(UsageError, match="use --counter fvcore"):
        compare([outside], counter="formula")


@settings(max_examples=200)
@given(
    st.sampled_from(["python:", "", "./", "a.b:"]),
    st.text(max_size=20) | st.sampled_from(["x" * 300, "\0", "a.b", "..", ".", "archscope"]),
    st.sampled_from(["", ".py", ".py:f", ":f", ".pt2", ".onnx", ":"]),
)
def test_no_text_is_a_traceback(before, name, after):
    with contextlib.suppress(ArchscopeError):
        open_network(before + name + after)


def test_which_texts_are_networks_from_outside():
    for text in (
        "timm:x",
        "torchvision:x",
        "python:a.b:c",
        "./a.py:b",
        "a b.pt2",
        "x.onnx",
    ):
        assert is_outside(text), text
    for text in ("resnet50", "WRN-40-2-B(3,1,3)", "a.py:", "a.py:b:c", "x.pth", "", ":"):
        assert not is_outside(text), text
    with pytest.raises(UsageError, match="needs a name"):
        is_outside("a.py")


def opened_in(folder, texts, pythonpath):
    """What becomes of each text where `python -m` has put the working directory on sys.path."""
    home = str(Path(archscope.__file__).parents[1])
    code = f"""
import sys
sys.path[:1] = ['', {home!r}]
from archscope.errors import ArchscopeError
from archscope.explore.networks.opened import open_network
for text in {texts!r}:
    try:
        print(open_network(text).source)
    except ArchscopeError as error:
        print(error)
"""
    environment = {**os.environ, "PYTHONPATH": pythonpath}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()


@pytest.mark.slow
def test_nothing_is_imported_from_the_working_directory_unasked(tmp_path):
    """Its folder holds what would be imported: a network, a sibling, a false timm.

    An empty entry of PYTHONPATH means the working directory too, but nobody means it.
    """
    (tmp_path / "mine.py").write_text("import sibling\n" + NETWORKS)
    (tmp_path / "sibling.py").write_text("open('was_run', 'w')")
    (tmp_path / "timm.py").write_text("open('was_run', 'w')")
    texts = ["python:mine:net", "mine.py:net", "timm:nothing"]
    module, file, package = opened_in(tmp_path, texts, f"{os.pathsep}/nowhere")
    assert "no module 'mine'" in module
    assert "No module named 'sibling'" in file
    assert "timm" in package
    assert not (tmp_path / "was_run").exists()
    assert not (tmp_path / "__pycache__").exists()


@pytest.mark.slow
def test_a_folder_that_pythonpath_names_is_asked_for(tmp_path):
    (tmp_path / "mine.py").write_text(NETWORKS)
    assert opened_in(tmp_path, ["python:mine:net"], str(tmp_path)) == ["python"]


@pytest.mark.slow
@pytest.mark.parametrize("batch", ["one", "open"])
def test_a_saved_program_costs_what_its_network_costs(tmp_path, batch):
    network = parse("resnet8", input_shape=(3, 24, 40))
    module = build(network).eval()
    images = torch.randn(1 if batch == "one" else 2, 3, 24, 40)
    shapes = None if batch == "one" else ({0: torch.export.Dim("batch")},)
    path = tmp_path / "mine.pt2"
    torch.export.save(torch.export.export(module, (images,), dynamic_shapes=shapes), path)
    ours, theirs = compare([network, str(path)]).document()["networks"]
    assert theirs["source"] == "pt2" and theirs["input"] == [3, 24, 40]
    for key in ("params", "macs", "activations", "classes", "fvcore_by_operator"):
        assert theirs[key] == ours[key], key
    opened = open_network(str(path)).module().eval().train()  # torch's own refuses to be asked
    assert torch.equal(opened(images), module(images))
    with pytest.raises(ArchscopeError, match="on an input of 3x32x32 failed"):
        compare([str(path)], input=(3, 32, 32))
    with pytest.raises(UsageError, match="leave --classes out"):
        compare([str(path)], classes=3)


class Two(nn.Module):
    """An image and three words of ten: 2 * 8 * 8 outputs of 3 multiply-adds, and 4 of 3 * 5."""

    def __init__(self):
        super().__init__()
        self.conv, self.words, self.fc = nn.Conv2d(3, 2, 1), nn.Embedding(10, 5), nn.Linear(15, 4)

    def forward(self, image, words):
        return self.conv(image).mean(), self.fc(self.words(words).flatten(1))


def test_saved_programs_may_take_several_inputs_of_their_own_types(tmp_path):
    path = tmp_path / "mine.pt2"
    example = (torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, dtype=torch.int64))
    torch.export.save(torch.export.export(Two(), example), path)
    document = row(str(path))
    assert document["input"] == [[3, 8, 8], [3]]
    assert document["macs"] == 2 * 64 * 3 + 4 * 15
    assert document["params"] == 8 + 50 + 64
    assert compare([str(path)]).csv_tables()[0].rows[0]["input"] == "3x8x8,3"


def test_saved_programs_of_several_images_at_once_are_refused(tmp_path):
    path = tmp_path / "mine.pt2"
    for images in (torch.zeros(8, 3, 8, 8), torch.zeros(3, 8)):
        torch.export.save(torch.export.export(nn.ReLU(), (images,)), path)
        with pytest.raises(
            UsageError, match=r"takes one image at a time, and .* takes [38]; export"
        ):
            open_network(str(path))
    for content in (b"", b"hello", path.read_bytes()[:-100]):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"with torch\.export\.load failed") as caught:
            open_network(str(path))
        assert "\n" not in str(caught.value)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


def saved_with(path, pickled):
    """A saved program whose pickles were exchanged."""
    torch.export.save(torch.export.export(nn.ReLU(), (torch.zeros(1, 3, 8, 8),)), path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert any(name.endswith(".pt") for name in parts)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, pickled if name.endswith(".pt") else content)


def test_a_pickle_in_a_saved_program_that_nests_without_end_is_refused(tmp_path):
    path, saved, nested = tmp_path / "mine.pt2", io.BytesIO(), ()
    for _ in range(60):
        nested = (nested, nested)
    torch.save([nested], saved)
    saved_with(path, saved.getvalue())
    with pytest.raises(UsageError, match="nests its tuples without end"):
        open_network(str(path))


@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.97])
def test_a_damaged_saved_program_is_one_sentence(tmp_path, capfd, caplog, place):
    """Torch logs what it could not read with a traceback, and raises then."""
    path = tmp_path / "mine.pt2"
    torch.export.save(torch.export.export(torch.nn.ReLU(), (torch.zeros(1, 3, 4, 4),)), path)
    whole = bytearray(path.read_bytes())
    start = int(place * len(whole))
    del whole[start : start + 40]
    path.write_bytes(whole)
    with pytest.raises(UsageError, match=r"loading .* failed with .*; save it with"):
        open_network(str(path))
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert not told and capfd.readouterr().err == ""


def test_a_pickle_in_a_saved_program_is_held_to_tensors(tmp_path):
    """torch.export.load itself tries such a pickle once more, without limits."""
    path, mark, evil = tmp_path / "mine.pt2", tmp_path / "pwned", io.BytesIO()
    torch.save({"x": Evil(mark)}, evil)
    saved_with(path, evil.getvalue())
    with pytest.raises(UsageError, match="Weights only load failed"):
        open_network(str(path))
    assert not mark.exists()
