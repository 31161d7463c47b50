"""The server of `archscope ui`: to whom it answers, and what ends it. Needs the extra `ui`."""

import asyncio
import http.client
import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner
from waiting import run_archscope

import archscope as a
from archscope.cli import app

pytest.importorskip("bokeh")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page():
    page = a.ui("wrn_28")
    yield page
    page.stop()


def answer(page, path, **headers):
    """Status and headers of a path, which starts behind the port."""
    connection = http.client.HTTPConnection(urlsplit(page.address).netloc, timeout=30)
    connection.putrequest("GET", path, skip_host=False)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    found = connection.getresponse()
    text = found.read().decode("utf-8", "replace")
    connection.close()
    return found.status, text, found.headers


def base(page):
    return urlsplit(page.address).path


def test_with_the_token_the_page_is_there_and_may_fetch_nothing_else(page):
    status, text, headers = answer(page, base(page))
    assert status == 200 and "designs under a budget" in text
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert set(re.findall(r"\w+://\S+", policy.replace(";", " "))) == {
        f"ws://{urlsplit(page.address).netloc}",
        *("http://localhost:*", "http://127.0.0.1:*"),
    }
    assert headers["Referrer-Policy"] == "no-referrer"
    for script in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert not re.match(r"(?:https?:)?//", script), script


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/static/js/bokeh.min.js", "/wrong/", "/wrong/ws", "/metadata"]
)
def test_without_the_token_nothing_is_answered(page, path):
    status, text, _ = answer(page, path)
    assert status == 403 and "token" in text


def test_tokens_differ_and_are_long(page):
    other = a.ui("wrn_28")
    other.stop()
    assert base(other) != base(page) and len(base(page)) > 40
    other.stop()  # twice is once
    with pytest.raises(ConnectionRefusedError):
        answer(other, base(other))


@pytest.mark.parametrize(
    "way",
    [
        *("static/../../../../../../../../etc/passwd", "static/%2e%2e/%2e%2e/%2e%2e/etc/passwd"),
        *("static//etc/passwd", "static/extensions/../../../etc/passwd", "../etc/passwd"),
        *("static/js/..%2f..%2f..%2fserver.py", "static/../server.py"),
    ],
)
def test_no_file_of_the_machine_can_be_read(page, way):
    status, text, _ = answer(page, base(page) + way)
    assert status in (400, 403, 404)
    assert "root:" not in text and "import" not in text


def upgraded(page, path, origin):
    return answer(
        page,
        path,
        Upgrade="websocket",
        Connection="Upgrade",
        Origin=origin,
        **{"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="},
    )[0]


def test_a_websocket_needs_the_token_and_a_page_of_this_address(page):
    own = page.address.removesuffix(base(page))
    assert upgraded(page, "/ws", own) == 403
    assert upgraded(page, base(page) + "ws", "http://evil.example") == 403
    assert upgraded(page, base(page) + "ws", "http://127.0.0.1:1") == 403

    async def connected():
        from tornado.httpclient import HTTPRequest
        from tornado.websocket import websocket_connect

        found = re.search(r'"token":\s*"([^"]+)"', answer(page, base(page))[1])
        request = HTTPRequest(page.address.replace("http", "ws") + "ws", headers={"Origin": own})
        socket = await websocket_connect(request, subprotocols=["bokeh", found[1]])
        message = await socket.read_message()
        socket.close()
        return message

    assert "ACK" in asyncio.run(connected())


def test_it_listens_to_this_machine_alone(page):
    port = urlsplit(page.address).port
    every = [Path("/proc/net", name).read_text() for name in ("tcp", "tcp6")]
    rows = [line.split() for text in every for line in text.splitlines()]
    local = [row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
    assert local == [f"0100007F:{port:04X}"]


def test_a_port_in_use_is_said_in_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = CliRunner().invoke(app, ["ui", "--port", str(port), "--no-browser"])
    assert result.exit_code == 2
    assert result.stderr == (
        f"archscope: port {port} is in use: name another, or leave --port out\n"
    )


def test_a_family_that_is_none_is_said_before_anything_is_served():
    result = CliRunner().invoke(app, ["ui", "resnexxt", "--no-browser"])
    assert result.exit_code == 2 and "resnexxt" in result.stderr


def test_ctrl_c_ends_it():
    code, text = run_archscope(["ui", "wrn_28", "--no-browser"], interrupt="Ctrl-C ends it")
    assert code == 130
    assert re.fullmatch(
        r"archscope: http://127\.0\.0\.1:\d+/[\w-]{43}/ \(Ctrl-C ends it\)\n"
        r"archscope: interrupted\n",
        text,
    )


def test_in_a_notebook_the_page_shows_itself(page):
    assert f'src="{page.address}"' in page._repr_html_()


def test_an_axis_that_other_families_lack_gives_way_to_the_usual_one(monkeypatch):
    from bokeh.document import Document

    from archscope.explore.workbench import gathered
    from archscope.explore.workbench.session import Session

    session = Session(Document(), ["wrn_28", "densenet"], 1, None)
    session.x.value = "memory"
    assert session.view.axes == ("memory", "macs")
    session.y.value = "memory"
    assert "two different costs" in session.trouble.text
    session.redraw()
    monkeypatch.setattr(gathered, "MOST_PROGRAMS", 0)
    session.families.value = ["densenet"]
    assert "memory: left out" in session.note.text
    assert session.view.axes == ("activations", "macs") and session.trouble.text == ""


def test_the_browser_opens_the_families_that_are_offered_alone(tmp_path):
    from bokeh.document import Document

    from archscope.explore.workbench.session import Session

    bad = tmp_path / "evil.py"
    bad.write_text("raise SystemExit('it was run')\n")
    session = Session(Document(), ["wrn_28", "wrn_40"], 1, None)
    session.families.value = ["wrn_40", f"{bad}:evil"]
    assert session.designs.found.query.families == ("wrn_40",)
    session.families.value = [f"{bad}:evil"]
    assert "Choose a family" in session.trouble.text


def test_a_server_that_fails_is_told_to_who_waits_for_it(monkeypatch):
    def made(*_):
        raise TypeError("unexpected keyword 'prefix'")

    monkeypatch.setattr("archscope.explore.workbench.server.made", made)
    with pytest.raises(a.ArchscopeError, match=r"server failed \(TypeError: unexpected keyword"):
        a.ui("wrn_28")
    found = CliRunner().invoke(app, ["ui", "wrn_28", "--no-browser"])
    assert found.exit_code == 1


def test_one_that_fails_while_it_serves_ends_the_wait(monkeypatch):
    page = a.ui("wrn_28")
    monkeypatch.setattr(page, "stop", lambda: None)

    def fail():
        raise OSError("gone")

    monkeypatch.setattr(page._loop, "close", fail)
    page._loop.add_callback(page._loop.stop)
    with pytest.raises(a.ArchscopeError, match="OSError: gone"):
        page.wait()
