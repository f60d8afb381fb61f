"""Firefox driven over WebDriver BiDi: as much of the protocol as a test of the extension needs."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.driven import PATIENCE, free_port

_PREFERENCES = """\
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.startup.homepage_override.mstone", "ignore");
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("app.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("services.settings.server", "http://127.0.0.1:1/");
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
"""


class Firefox:
    """A running Firefox. Calls are made one after the other, on an event loop of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._loop, self._socket, self._number = loop, socket, 0

    def call(self, method: str, **params: Any) -> Any:
        """A command of the protocol; its result."""
        return self._loop.run_until_complete(self._call(method, params))

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})
        async with asyncio.timeout(PATIENCE / 1000):
            while (said := await self._socket.receive_json()).get("id") != self._number:
                pass
        assert said["type"] == "success", said
        return said["result"]

    def tabs(self, start: str = "", scope: str | None = None) -> list[str]:
        """The contexts whose address begins like that."""
        asked = {"moz:scope": scope} if scope else {}
        return [
            one["context"]
            for one in self.call("browsingContext.getTree", **asked)["contexts"]
            if one["url"].startswith(start)
        ]

    def tab(self, start: str) -> str:
        """The tab whose address begins like that, when it is there."""
        return self.until(lambda: self.tabs(start))[0]

    def open(self, address: str) -> str:
        """A new tab at an address."""
        tab: str = self.call("browsingContext.create", type="tab")["context"]
        self.call("browsingContext.navigate", context=tab, url=address, wait="complete")
        return tab

    def run(self, tab: str, script: str) -> Any:
        """What an expression gives, a promise awaited; plain values alone."""
        target = {"context": tab}
        said = self.call("script.evaluate", expression=script, target=target, awaitPromise=True, userActivation=True)
        assert said["type"] == "success", said["exceptionDetails"]["text"]
        return said["result"].get("value")

    def in_chrome(self, script: str) -> Any:
        """The same in the browser's own window, with the browser's own rights."""
        return self.run(self.tabs("chrome://browser/content/browser.xhtml", "chrome")[0], script)

    def until(self, condition: Any) -> Any:
        """Ask until it holds; what it then gives."""
        deadline = time.monotonic() + PATIENCE / 1000
        while not (value := condition()):
            assert time.monotonic() < deadline, "it does not come about"
            time.sleep(0.1)
        return value


@contextmanager
def firefox(program: str, profile: Path) -> Iterator[Firefox]:
    """Firefox with a new profile, without a window."""
    (profile / "user.js").write_text(_PREFERENCES)
    port = free_port()
    process = subprocess.Popen(
        [program, "--headless", "--no-remote", "--profile", str(profile), f"--remote-debugging-port={port}",
         "-remote-allow-system-access"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    loop = asyncio.new_event_loop()
    session = None
    try:
        session, socket = loop.run_until_complete(_connected(port))
        driven = Firefox(loop, socket)
        driven.call("session.new", capabilities={})
        yield driven
    finally:
        if session is not None:
            loop.run_until_complete(session.close())
        loop.close()
        process.terminate()
        process.wait(30)


async def _connected(port: int) -> tuple[aiohttp.ClientSession, aiohttp.ClientWebSocketResponse]:
    session = aiohttp.ClientSession()
    deadline = time.monotonic() + PATIENCE / 1000
    while True:
        try:
            return session, await session.ws_connect(f"ws://127.0.0.1:{port}/session", max_msg_size=0)
        except aiohttp.ClientError:
            if time.monotonic() > deadline:
                await session.close()
                raise
            await asyncio.sleep(0.1)
