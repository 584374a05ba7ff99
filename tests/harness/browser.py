"""A headless Chromium, spoken to over pipes: what a page shows, says to the console and asks of the network."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Under what names systems have it.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")

#: Seconds after which a browser is ended, whatever it does.
_PATIENCE = 300


def browser_command() -> str | None:
    """Return the browser that is installed, None if none is."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


class Browser:
    """One tab.

    Attributes:
        requests: The addresses that were asked for since the last `open`.
        complaints: What the console and the browser's log said since then, and exceptions.
    """

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, os.fdopen(answers, "rb")
        self._rest, self._last = b"", 0
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def open(self, page: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Show a file, and wait until it is loaded."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        self.requests, self.complaints = [], []
        self._loaded = False
        self._call("Page.navigate", url=page.absolute().as_uri())
        while not self._loaded:
            self._take()

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression comes to on the page."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def screenshot(self, target: Path, *, whole: bool = False) -> None:
        """Save what is seen as a PNG file, or the whole page."""
        answer = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        target.write_bytes(base64.b64decode(answer["data"]))

    def close(self) -> None:
        self._session = None
        self._call("Browser.close")
        self._answers.close()
        os.close(self._commands)

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while (answer := self._take()).get("id") != number:
            pass
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    def _take(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            read = os.read(self._answers.fileno(), 1 << 20)
            assert read, "the browser has ended"
            self._rest += read
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, told: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(told["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(told))


@contextmanager
def browsing(profile: Path) -> Iterator[Browser]:
    """Start a browser with an empty profile for the length of the block."""
    command = browser_command()
    assert command is not None, "no Chromium is installed: apt-get install chromium-headless-shell"
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # It speaks over the descriptors 3 and 4.
    shell = ["timeout", str(_PATIENCE), "bash", "-c", f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}', "browser"]
    options = ["--headless", "--no-sandbox", "--no-first-run", "--disable-gpu", "--remote-debugging-pipe"]
    with subprocess.Popen(
        [*shell, command, *options, f"--user-data-dir={profile}"],
        pass_fds=(theirs_in, theirs_out),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(theirs_in)
        os.close(theirs_out)
        browser = Browser(ours_out, ours_in)
        try:
            yield browser
            browser.close()
        finally:
            process.terminate()
