"""The page of `archscope ui` in headless Chromium, with real clicks. Needs the extra `ui`."""

import csv
import io
import re

import pytest
from chromium import BROWSER, Chromium
from waiting import wait_for

import archscope as a

pytest.importorskip("bokeh")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed"),
]

READY = "!!(window.Bokeh && Bokeh.documents.length && Bokeh.documents[0].is_idle)"
HELP = """
window.every = (root) => [...root.querySelectorAll("*")].flatMap(
  (one) => [one, ...(one.shadowRoot ? every(one.shadowRoot) : [])]);
window.find = (kind, text) => every(document).find(
  (one) => one.matches(kind) && (!text || one.textContent.trim() === text));
window.middle = (one) => {
  one.scrollIntoView({ block: "center" });
  const box = one.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
};
window.said = () => every(document).filter((one) => one.matches(".bk-clearfix"))
  .map((one) => one.innerText).join("\\n");
window.plot = () => {
  const look = (view) => view.model.type === "Figure" ? view
    : (view.child_views ?? []).map(look).find(Boolean);
  return [...Bokeh.index].map(look).find(Boolean);
};
window.front = () => plot().model.renderers.find(
  (one) => one.glyph.type === "Scatter" && one.glyph.size.value === 5).data_source.data;
window.dot = (share) => {
  const view = plot(), data = front(), at = Math.floor(share * (data.x.length - 1));
  view.el.scrollIntoView({ block: "center" });
  const box = view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(data.x[at]),
    box.y + view.frame.y_scale.compute(data.y[at]), data.row[at]];
};
window.clips = [];
window.saved = [];
navigator.clipboard.writeText = async (text) => { clips.push(text); };
document.execCommand = () => { clips.push(document.activeElement.value); return true; };
let blob = null;
URL.createObjectURL = (made) => { blob = made; return "blob:"; };
HTMLAnchorElement.prototype.click = function () {
  blob.text().then((text) => saved.push([this.download, text]));
};
"""


@pytest.fixture(scope="module")
def page():
    page = a.ui("cifar_resnext29")
    yield page
    page.stop()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Chromium(tmp_path_factory.mktemp("chromium") / "profile") as browser:
        yield browser


def opened(browser, page, width, dark):
    browser.requests.clear()
    browser.errors.clear()
    browser.open(page.address, width, dark=dark)
    browser.wait(READY)
    browser.value(HELP + "0")


def press(browser, label):
    browser.wait(f"find('button', '{label}') && !find('button', '{label}').disabled")
    browser.click(*browser.value(f"middle(find('button', '{label}'))"))


def tap(browser, share):
    """Tap a dot of the front; the name of the design that is told then."""
    before = browser.value("find('h2') && said()")
    x, y, _ = browser.value(f"dot({share})")
    browser.click(x, y)
    wait_for(lambda: browser.value("said()") != before)
    return re.findall(r"^(resnext29_\d+x\d+d)$", browser.value("said()"), re.M)[0]


def within(browser):
    return int(
        re.search(r"([\d,]+) of [\d,]+ designs", browser.value("said()"))[1].replace(",", "")
    )


def test_slide_tap_pin_compare_copy_and_save(browser, page):
    opened(browser, page, 1280, dark=False)
    whole = within(browser)
    assert whole == 64 * 128

    handle = browser.value(
        "middle(every(document).filter((one) => one.matches('.noUi-handle'))[1])"
    )
    browser.drag(handle, (handle[0] - 100, handle[1]))
    wait_for(lambda: within(browser) < whole)
    wait_for(lambda: browser.value("/--params :[\\d.]+[kM]?/.test(said())"))
    command = re.search(r"archscope enumerate .*", browser.value("said()"))[0]
    assert command.endswith("--pareto activations,-macs")

    first = tap(browser, 0.3)
    counted = a.count(first)
    assert f"{counted.params:,} parameters" in browser.value("said()")
    for label in ("Copy name", "Copy Python"):
        press(browser, label)
    browser.wait("clips.length === 2")
    name, python = browser.value("clips")
    assert name == first and f'a.network("{first}")' in python
    press(browser, "Pin it")
    browser.wait(f"said().includes('Table 1 for {first}')")

    second = tap(browser, 0.8)
    assert second != first
    press(browser, "Pin it")
    browser.wait(f"said().includes('Table 1 for {first} and {second}')")
    browser.wait("find('img') && find('img').complete && find('img').naturalWidth > 100")
    assert second in browser.value("find('img').alt")

    press(browser, "CSV of the front")
    browser.wait("saved.length === 1")
    [[file, text]] = browser.value("saved")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert file == "front.csv" and {first, second} <= {row["network"] for row in rows}
    assert [int(row["macs"]) for row in rows if row["network"] == first] == [counted.macs]

    press(browser, "Take all pins off")
    browser.wait("!said().includes('Table 1 for')")
    assert browser.errors == []
    own = page.address.removeprefix("http://")
    for url in browser.requests:
        assert url.startswith(("data:", "blob:", f"http://{own}", f"ws://{own}")), url


@pytest.mark.parametrize(("width", "dark"), [(390, True), (390, False), (1280, True)])
def test_nothing_is_cut_off_or_faint(browser, page, width, dark):
    opened(browser, page, width, dark)
    assert browser.value("document.documentElement.scrollWidth - innerWidth") <= 0
    assert browser.value("plot().el.getBoundingClientRect().width") > 300
    assert browser.value("matchMedia('(prefers-color-scheme: dark)').matches") is dark
    colours = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(find('p')).color]"
    light = [sum(map(int, re.findall(r"\d+", one)[:3])) / 765 for one in browser.value(colours)]
    assert (light[0] < 0.2 and light[1] > 0.7) if dark else (light[0] > 0.9 and light[1] < 0.4)
    narrow = browser.value("find('pre').scrollWidth - find('pre').clientWidth")
    assert narrow <= 1
    assert browser.errors == []
