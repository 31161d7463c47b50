"""A headless Chromium, driven over its debugging port: real clicks, screenshots, its requests."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

from waiting import wait_for

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


class Chromium:
    """One tab; a context manager."""

    def __init__(self, profile: Path) -> None:
        self._profile = profile
        self.requests: list[str] = []
        self.errors: list[str] = []
        self._number, self._answers = 0, {}

    def __enter__(self) -> Chromium:
        self._process = subprocess.Popen(
            [
                *(BROWSER, "--headless=new", "--no-sandbox", "--remote-debugging-port=0"),
                *("--enable-unsafe-swiftshader", "--no-first-run", "--hide-scrollbars"),
                *("--disable-background-networking", f"--user-data-dir={self._profile}"),
                "about:blank",
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        self._loop = asyncio.new_event_loop()
        address = next(
            found[1]
            for line in self._process.stderr
            if (found := re.search(r"ws://([\d.]+:\d+)/", line))
        )
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        self._loop.run_until_complete(self._connect(address))
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.send(f"{domain}.enable")
        return self

    def __exit__(self, *_: Any) -> None:
        self._process.kill()
        self._process.wait()
        self._loop.close()

    async def _connect(self, address: str) -> None:
        from tornado.httpclient import AsyncHTTPClient
        from tornado.websocket import websocket_connect

        listed = await AsyncHTTPClient().fetch(f"http://{address}/json/list")
        [page] = [one for one in json.loads(listed.body) if one["type"] == "page"]
        url = page["webSocketDebuggerUrl"]
        self._socket = await websocket_connect(url, max_message_size=2**28)

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        return self._loop.run_until_complete(self._send(method, params))

    async def _send(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        self._number += 1
        number = self._number
        await self._socket.write_message(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            text = await asyncio.wait_for(self._socket.read_message(), 120)
            message = json.loads(text)
            self._keep(message)
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message["result"]

    def _keep(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif message.get("method") == "Network.webSocketCreated":
            self.requests.append(params["url"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"])[:600])
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"]["text"])

    def open(self, address: str, width: int = 1280, height: int = 1000, dark: bool = False) -> None:
        self.send(
            "Emulation.setDeviceMetricsOverride",
            **{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", features=[scheme])
        self.send("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        """Of an expression in JavaScript, promises awaited."""
        found = self.send(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, expression: str, seconds: float = 60) -> None:
        wait_for(lambda: self.value(expression), seconds)

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x: float, y: float) -> None:
        self.mouse("mouseMoved", x, y)
        for kind in ("mousePressed", "mouseReleased"):
            self.mouse(kind, x, y, button="left", buttons=1, clickCount=1)

    def drag(self, start: tuple[float, float], end: tuple[float, float], steps: int = 8) -> None:
        self.mouse("mouseMoved", *start)
        self.mouse("mousePressed", *start, button="left", buttons=1, clickCount=1)
        for step in range(1, steps + 1):
            x, y = (a + (b - a) * step / steps for a, b in zip(start, end, strict=True))
            self.mouse("mouseMoved", x, y, button="left", buttons=1)
        self.mouse("mouseReleased", *end, button="left", buttons=0, clickCount=1)

    def screenshot(self, path: Path) -> None:
        size = self.send("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.send("Page.captureScreenshot", clip=clip, captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
