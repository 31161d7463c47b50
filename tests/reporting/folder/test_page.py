"""report.html as text, and in a real browser where one is installed."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
import shutil
import statistics
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bench_documents import document, entry
from sweep_fixture import CARDINALITY, WIDTH

from archscope.reporting.folder.folder import contents
from archscope.reporting.folder.page import page
from archscope.reporting.folder.study_contents import Kept, keep
from archscope.reporting.judge.pairs import pairs_of_interest
from archscope.reporting.table.table import Column, Table
from archscope.studies.reader import read_study
from archscope.sweep.store.records import read_sweep

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


class Checker(HTMLParser):
    """Every tag closed in order, ids unique, nothing from elsewhere."""

    VOID = frozenset({"meta", "br", "path", "use", "rect", "polyline", "link", "img", "input"})

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.outside, self.text = [], [], [], []

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            if key == "id":
                self.ids.append(value)
            if key in ("src", "href", "xlink:href") and not value.startswith("#"):
                self.outside.append(value)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def checked(text):
    checker = Checker()
    checker.feed(text)
    assert checker.open == []
    return checker


@pytest.fixture(scope="session")
def written_page(written):
    folder, _ = written
    return (folder / "report.html").read_text()


@pytest.mark.slow
def test_the_page_is_whole_and_takes_nothing_from_elsewhere(written_page):
    text = written_page
    checker = checked(text)
    assert all(re.fullmatch(r"trials/[\w.]+-s\d+-[0-9a-f]+/", link) for link in checker.outside)
    assert len(set(checker.ids)) == len(checker.ids)
    assert "@import" not in text and "url(http" not in text


def test_verdict_first_then_figures_tables_and_the_command(fake_sweep):
    text = page(read_sweep(fake_sweep(noise=0.01)))
    places = [
        text.index(f"<h2>{part}</h2>")
        for part in (
            "Verdict",
            "Test error against parameters",
            "Networks",
            "Training curves",
            "Every trial",
            "Settings and machine",
            "To continue or repeat",
        )
    ]
    assert places == sorted(places)
    assert "2x64d better than 1x96d" in text
    assert "<pre>archscope cifar-sweep</pre>" in text
    assert "sha256:" + "0" * 64 in text
    # One row a trial, each with its curve.
    assert text.count('<svg class="spark"') == 21


@pytest.mark.slow
def test_markers_tell_their_values(written_page):
    # The made-up errors of 1x64d: 39.5, 40, 40.5, so the standard error is 0.5 / sqrt(3) = 0.29.
    assert "1x64d: 40.00 ± 0.29 % test error (n = 3)" in written_page


def test_what_is_unfinished_or_failed_is_said_at_the_top(fake_sweep):
    statuses = {("8x64d", 1): "pending", ("4x64d", 2): "failed"}
    text = page(read_sweep(fake_sweep(templates=("4x64d", "8x64d"), statuses=statuses)))
    top = text[: text.index("<h2>")]
    assert "Unfinished: 5 of 6 trials ended" in top
    assert "Failed, left out of the means: 4x64d seed 2" in top


def test_trials_that_have_a_folder_are_links_to_it(fake_sweep):
    folder = fake_sweep(templates=("1x64d", "2x64d"), statuses={("2x64d", 1): "pending"})
    links = checked(page(read_sweep(folder))).outside
    assert len(links) == 5 and all((folder / link).is_dir() for link in links)


def test_a_sweep_of_which_nothing_has_finished_is_a_page_too(fake_sweep):
    statuses = {("1x64d", 1): "running", ("1x96d", 1): "pending"}
    folder = fake_sweep(templates=("1x64d", "1x96d"), seeds=(1,), statuses=statuses)
    text = page(read_sweep(folder))
    checked(text)
    assert "0 of 2 trainings done" in text and "<h2>Verdict</h2>" not in text


def test_what_others_wrote_is_escaped(fake_sweep):
    folder = fake_sweep(templates=("1x64d", "2x64d"))
    document = json.loads((folder / "sweep.json").read_text())
    document["dataset"]["label"] = "<script>alert(1)</script>"
    document["command"] = ["archscope", "--data-label", "<img src=x onerror=alert(1)>"]
    (folder / "sweep.json").write_text(json.dumps(document))
    text = page(read_sweep(folder))
    assert "<script>alert" not in text and "<img" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_browser_may_run_the_pages_own_script_alone_and_fetch_nothing(fake_sweep):
    text = page(read_sweep(fake_sweep(templates=("1x64d", "2x64d"))))
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    assert len(digests) == 2 and f"script-src {allowed};" in policy
    assert policy.startswith("default-src 'none'")
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r"<[^>]* on\w+=", text)


def test_pairs_of_a_plain_sweep_are_near_in_parameters(fake_sweep):
    sweep = read_sweep(fake_sweep())
    params = {trial.trial.template: trial.trial.entry.params for trial in sweep.trials}
    pairs = pairs_of_interest(sweep)
    assert pairs and all(0.8 <= params[a] / params[b] <= 1.25 for a, b in pairs)
    alone = read_sweep(fake_sweep(templates=("1x64d", "1x96d", "1x160d")))
    assert pairs_of_interest(alone) == [("1x96d", "1x64d"), ("1x160d", "1x64d")]


def test_a_table_in_a_notebook_is_html_with_raw_values():
    table = Table("A < B", [Column("x", "x\n(%)")], [{"x": 1234.5}, {"x": "<b>"}], ["a & b"])
    text = table._repr_html_()
    assert text == table.html()
    assert "<caption>A &lt; B</caption>" in text and "x<br>(%)" in text
    assert 'data-value="1234.5"' in text and "<p>a &amp; b</p>" in text
    assert '<td class="right">&lt;b&gt;</td>' in text


HARNESS = Path(__file__).with_name("page_harness.html").read_text("utf-8")
LISTEN = (
    "<script>window.failures=[];addEventListener('error',e=>failures.push(e.message));"
    "console.error=(...said)=>failures.push(said.join(' '))</script>"
)


def in_browser(source, tmp_path, scheme):
    """What a browser says of the page at 390 and 1280 pixels; faults are asserted here."""
    quoted = json.dumps(source.replace("<head>", f"<head>{LISTEN}", 1)).replace("</", "<\\/")
    (tmp_path / "harness.html").write_text(HARNESS.replace("SOURCE", quoted))
    run = subprocess.run(
        [
            BROWSER,
            *("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=20000"),
            f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            (tmp_path / "harness.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    text = re.search(r'<pre id="found">(.*?)</pre>', run.stdout, re.DOTALL)
    assert text and text[1], run.stderr[-2000:]
    found = json.loads(html.unescape(text[1]))
    assert set(found) == {"390", "1280"}
    for said in found.values():
        assert said["dark"] == (scheme == "dark")
        assert said["errors"] == []
        assert said["wide"] <= 0
        assert said["clipped"] == []
        assert said["faint"] == []
        assert all(height > 80 for height in said["figures"])
        rising, falling = (
            [float(value) for value in said[way] if value is not None]
            for way in ("rising", "falling")
        )
        assert rising == sorted(rising) and falling == rising[::-1]
        assert said["sorted"] == "descending"
        assert said.get("tapped") == said.get("mark")
        assert len(said["contents"]) > 2 and all(said["contents"])
        assert {name.rpartition(".")[2] for name in said["saved"]} == {"csv", "svg"}
        assert all(re.fullmatch(r"[a-z0-9-]+\.(csv|svg)", name) for name in said["saved"])
        assert said.get("kept") != []
        for text in said.get("kept", ()):
            assert "8x64d" in text and "done" in text
        assert said["scrolled"] == 0
        if "explored" in said:
            check_explored(said)
    return [(len(said["figures"]), len(said["rising"])) for said in found.values()]


def check_explored(said):
    """A marker stands where its own numbers say, on an axis of either kind; curves are overlaid."""
    for marks, cost, way in zip(
        said["explored"], ("parameters", "multiply-adds"), (math.log, float), strict=True
    ):
        told = [re.search(rf"([\d,]+) {cost}", text) for _, _, text in marks]
        values = [way(int(one[1].replace(",", ""))) for one in told]
        errors = [float(re.search(r"error ([\d.]+)", text)[1]) for _, _, text in marks]
        assert len(set(values)) > 2
        for places, exact in (([m[0] for m in marks], values), ([m[1] for m in marks], errors)):
            slope, *_ = statistics.linear_regression(exact, places)
            assert abs(statistics.correlation(exact, places)) > 0.99999
            assert (slope > 0) == (exact is values)
    assert said["atFirst"] == 4
    assert said["overlaid"] == [0, 2, 4]  # of each its test and its training error
    assert {"1x64d", "2x64d", "test error", "training error"} <= set(said["named"])


browsed = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


# The page of times is light by default.
@browsed
@pytest.mark.parametrize("scheme", ["dark", pytest.param("light", marks=pytest.mark.slow)])
@pytest.mark.usefixtures("narrow_too")
def test_in_a_browser_nothing_fails_is_clipped_or_faint_and_tables_sort(
    fake_sweep, tmp_path, scheme
):
    statuses = {("8x64d", 1): "pending", ("4x64d", 2): "failed"}
    source = page(read_sweep(fake_sweep(statuses=statuses)))
    assert "filter rows" in source
    assert in_browser(source, tmp_path, scheme) == [(5, 21)] * 2


@pytest.mark.slow
@browsed
@pytest.mark.usefixtures("narrow_too")
def test_in_a_browser_the_page_of_a_study_of_many_networks_is_whole(fake_sweep, tmp_path):
    folder = fake_sweep(templates=(*CARDINALITY, *WIDTH[1:], "16x64d"), noise=0.3)
    keep(folder, Kept(read_study("resnext-fig7"), "proxy"), {"preset": "proxy"})
    source = contents(folder).texts["report.html"]()
    assert "Error distribution" in source
    assert in_browser(source, tmp_path, "dark") == [(6, 24)] * 2


@browsed
@pytest.mark.usefixtures("narrow_too")
def test_in_a_browser_the_page_of_times_is_whole(tmp_path):
    names = ("preresnet1001", "wrn_40_4", "wrn_28_10")
    ratios = {"preresnet1001": 1.0, "wrn_40_4": 0.125, "wrn_28_10": 0.625}
    results = [entry(name, 2.0 * ratios[name], ratios[name]) for name in names]
    times = document(*[{**one, "published_ratio": ratios[one["network"]]} for one in results])
    times["machine"] |= {"load_average": 9.0, "platform": "Linux"}
    (tmp_path / "bench.json").write_text(json.dumps(times))
    keep(tmp_path, Kept(read_study("wrn-fig4"), "quick"), {"preset": "quick"})
    source = contents(tmp_path).texts["report.html"]()
    assert "The machine was busy" in source[: source.index("<h2>")]
    assert in_browser(source, tmp_path, "light") == [(1, 5)] * 2
