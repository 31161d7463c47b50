"""The server of the page: Bokeh's, behind a token, with a policy that fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bokeh.application import Application
from bokeh.application.handlers.function import FunctionHandler
from bokeh.core.templates import get_env
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.ioloop import IOLoop
from tornado.web import OutputTransform, RequestHandler

from archscope.explore.workbench.session import Session
from archscope.reporting.table.html import style

# Bokeh makes functions of the texts that draw ticks and copy, hence unsafe-eval.
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' ws://{origin}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*"
)


class Forbidden(RequestHandler):
    """What is answered without the token."""

    def prepare(self) -> None:
        """Refuse."""
        self.set_status(403)
        self.finish("The address lacks its token: open the one that archscope ui has printed.\n")


def made(
    sockets: Sequence[Any], token: str, origins: set[str], asked: tuple[Any, ...]
) -> BaseServer:
    """The server on these sockets, all of whose addresses begin with the token.

    Args:
        sockets: on which it listens.
        token: random, and known to who may see the page.
        origins: of pages that may open the websocket.
        asked: what `Session` takes beside the document.
    """
    policy = _POLICY.format(origin=next(iter(origins)))

    class Guarded(OutputTransform):
        """Adds the policy to every answer."""

        def transform_first_chunk(
            self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
        ) -> tuple[int, HTTPHeaders, bytes]:
            headers["Content-Security-Policy"] = policy
            headers["X-Content-Type-Options"] = "nosniff"
            headers["Referrer-Policy"] = "no-referrer"
            return status_code, headers, chunk

    here = Path(__file__).parent
    template = (here / "template.html").read_text("utf-8")
    looks = style() + (here / "page.css").read_text("utf-8")

    def show(document: Document) -> None:
        document.title = "archscope"
        document.template = get_env().from_string(template)
        document.template_variables["style"] = looks
        Session(document, *asked)

    tornado = BokehTornado(
        {"/": Application(FunctionHandler(show))},
        prefix=token,
        extra_websocket_origins=sorted(origins),
        ico_path="none",
        default_handler_class=Forbidden,
        log_function=lambda _: None,
    )
    tornado.transforms.append(Guarded)
    http = HTTPServer(tornado)
    http.add_sockets(sockets)
    return BaseServer(IOLoop.current(), tornado, http)
