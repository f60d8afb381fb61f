"""What Playwright has no handle for: the toolbar's popup, and a background that dies and comes back."""

from __future__ import annotations

import json
import time
from typing import Any

from playwright.sync_api import BrowserContext, Error, Page

from tests.driven import PATIENCE

# The browser lists a background before it has run: its script has come to its end when it listens.
IS_READY = """() => Boolean(
    globalThis.chrome?.storage && (globalThis.document || chrome.runtime.onMessage.hasListeners())
)"""


class TargetGoneError(Exception):
    """A target has ended before it has answered."""


class Targets:
    """The browser's own list of what runs in it, and a way to run JavaScript there."""

    def __init__(self, context: BrowserContext) -> None:
        assert context.browser is not None
        self._session = context.browser.new_browser_cdp_session()
        self._answers: dict[tuple[str, int], dict[str, Any]] = {}
        self._attached: dict[str, str] = {}
        self._context = context
        self._number = 0
        self._session.on("Target.receivedMessageFromTarget", self._hear)
        self._session.on("Target.detachedFromTarget", self._forget)

    def find(self, address: str, kind: str | None = None) -> str | None:
        """The target at an address; None where there is none."""
        asked = {"filter": [{"type": kind}]} if kind else {}
        for one in self._session.send("Target.getTargets", asked)["targetInfos"]:
            if one["url"].startswith(address):
                found: str = one["targetId"]
                return found
        return None

    def wait(self, address: str) -> str:
        """The target at an address, when it is there."""
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            if found := self.find(address):
                return found
            self._pause(50)
        raise AssertionError(f"nothing runs at {address}")

    def evaluate(self, address: str, function: str, argument: object = None) -> Any:
        """Call a JavaScript function in the target at an address, once its scripts have run; what it returns."""
        said = self._evaluate(self._ready(address), function, argument)
        problem = _problem(said)
        assert not problem, problem
        return said["result"]["result"].get("value")

    def _ready(self, address: str) -> str:
        """The session of the target at an address, once its scripts have run; another one if that ends meanwhile."""
        deadline = time.monotonic() + PATIENCE / 1000
        while time.monotonic() < deadline:
            try:
                session = self._attach(self.wait(address))
                said = self._evaluate(session, IS_READY, None)
            except (Error, TargetGoneError):
                continue  # it has ended
            if not _problem(said) and said["result"]["result"].get("value"):
                return session
            self._pause(50)
        raise AssertionError(f"the scripts at {address} do not come to their end")

    def _attach(self, target: str) -> str:
        if target not in self._attached:
            asked = {"targetId": target, "flatten": False}
            self._attached[target] = self._session.send("Target.attachToTarget", asked)["sessionId"]
        return self._attached[target]

    def _evaluate(self, session: str, function: str, argument: object) -> dict[str, Any]:
        return self._call(
            session,
            "Runtime.evaluate",
            expression=f"({function})({json.dumps(argument)})",
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )

    def close(self, target: str) -> None:
        """End a target, as the browser does when it wants its memory back."""
        self._session.send("Target.closeTarget", {"targetId": target})

    def press_toolbar(self, extension: str, page: Page) -> None:
        """Press the extension's button in the toolbar, with that page in front."""
        tab = self.find(page.url, "tab")
        self._session.send("Extensions.triggerAction", {"id": extension, "targetId": tab})

    def _call(self, session: str, method: str, **params: object) -> dict[str, Any]:
        self._number += 1
        message = json.dumps({"id": self._number, "method": method, "params": params})
        self._session.send("Target.sendMessageToTarget", {"sessionId": session, "message": message})
        deadline = time.monotonic() + PATIENCE / 1000
        while (session, self._number) not in self._answers:
            if session not in self._attached.values():
                raise TargetGoneError(method)
            assert time.monotonic() < deadline, f"{method} is not answered"
            self._pause(10)
        return self._answers.pop((session, self._number))

    def _pause(self, milliseconds: float) -> None:
        self._context.pages[0].wait_for_timeout(milliseconds)  # lets Playwright hear what has come

    def _hear(self, event: dict[str, Any]) -> None:
        said = json.loads(event["message"])
        if "id" in said:
            self._answers[event["sessionId"], said["id"]] = said

    def _forget(self, event: dict[str, Any]) -> None:
        gone = event["sessionId"]
        self._attached = {target: session for target, session in self._attached.items() if session != gone}


def _problem(said: dict[str, Any]) -> Any:
    return said.get("error") or said["result"].get("exceptionDetails")
