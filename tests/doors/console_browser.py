"""A headless browser over its own debugging pipe: no driver, no port, no package."""

import asyncio
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--remote-debugging-pipe", "--force-color-profile=srgb",
)  # fmt: skip

MOVE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.dup2(int(sys.argv[2]), 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


def chromium():
    """The browser's path, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


ANSWER_S = 180
"""How long we wait for anything before it counts as lost. Nobody waits that long but where something is broken; a
machine that does much else at once may well be twenty times slower than an idle one.
"""


class Browser:
    """One browser with a fresh profile. Messages are JSON, ended by a zero byte, on descriptors 3 and 4."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        ours, theirs = os.pipe(), os.pipe()
        # The ends that the browser gets are moved above nine, so that a launcher can put them where it looks.
        take, give = (fcntl.fcntl(fd, fcntl.F_DUPFD, 10) for fd in (ours[0], theirs[1]))
        self.to_write, self.from_read = ours[1], theirs[0]
        self.process = subprocess.Popen(
            [sys.executable, "-c", MOVE, str(take), str(give), chromium(), *FLAGS,
             f"--user-data-dir={self.profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(take, give),
        )  # fmt: skip
        for fd in (ours[0], theirs[1], take, give):
            os.close(fd)
        self.rest, self.next_id = b"", 0
        self.events, self.profiles = defaultdict(list), set()
        """What each page's session was told of, and the profiles that are open."""

    def call(self, method, session=None, /, **params):
        self.next_id += 1
        message = {"id": self.next_id, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        wanted = self.next_id
        while True:
            answer = self._read(ANSWER_S)
            if answer.get("id") == wanted:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]

    def _read(self, seconds):
        until = time.monotonic() + seconds
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.from_read], [], [], max(0, until - time.monotonic()))
            assert ready, "the browser did not answer"
            chunk = os.read(self.from_read, 1 << 20)
            assert chunk, "the browser has gone"
            self.rest += chunk
        raw, _, self.rest = self.rest.partition(b"\0")
        message = json.loads(raw)
        if "id" not in message:
            self.events[message.get("sessionId")].append(message)
        return message

    def wait(self, seconds):
        """Take in events for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if b"\0" in self.rest or select.select([self.from_read], [], [], left)[0]:
                self._read(ANSWER_S)

    def take_one(self, seconds):
        """Take in one event, if one comes within a while."""
        if b"\0" in self.rest or select.select([self.from_read], [], [], seconds)[0]:
            self._read(ANSWER_S)

    @property
    def lives(self):
        return self.process.poll() is None

    def forget(self):
        """Close what is open in it: it is as good as a new one, and costs no start."""
        for profile in tuple(self.profiles):
            self.call("Target.disposeBrowserContext", browserContextId=profile)
        self.profiles.clear()
        self.events.clear()

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to_write)
        os.close(self.from_read)
        shutil.rmtree(self.profile, ignore_errors=True)


class Profile:
    """A person's browser of their own inside the one process: cookies and storage of nobody else."""

    def __init__(self, browser):
        self.browser = browser
        self.id = browser.call("Target.createBrowserContext")["browserContextId"]
        browser.profiles.add(self.id)

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.id)
        self.browser.profiles.discard(self.id)


class Tab:
    """One page. `complaints` are console errors and violations of the content security policy."""

    def __init__(self, profile, width=1440, height=900):
        self.browser = browser = profile.browser
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=profile.id)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def open(self, url, settle_s=0.0):
        """Go to a page; it is there when its scripts have run. Whatever comes later by itself is waited for with
        `until`, not with `settle_s`.
        """
        before = self._document()
        answer = self.call("Page.navigate", url=url)
        stays = "loaderId" not in answer or "errorText" in answer
        end = time.monotonic() + ANSWER_S
        while True:
            told = len(self.browser.events[self.session])
            if (stays or self._document() != before) and self._asked("document.readyState === 'complete'"):
                break
            self._told_of_load(told, 0.5)
            assert time.monotonic() < end, f"{url} did not come"
        self.browser.wait(settle_s)

    def _document(self):
        return self.call("Page.getFrameTree")["frameTree"]["frame"]["loaderId"]

    def _told_of_load(self, told, seconds):
        """Take in events until some document says that it has loaded, or for a while; `told` events are old."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            events = self.browser.events[self.session]
            if any(each["method"] == "Page.loadEventFired" for each in events[told:]):
                return
            told = len(events)
            self.browser.take_one(left)

    def run(self, script):
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, script, seconds=ANSWER_S):
        """Wait until a script gives something true; the value, or None when it never did."""
        end, pause_s = time.monotonic() + seconds, 0.02
        while not (value := self._asked(script)):
            if time.monotonic() > end:
                return None
            # To ask costs the page time that it needs for what is waited for.
            self.browser.wait(pause_s)
            pause_s = min(pause_s * 1.3, 0.3)
        return value

    def _asked(self, script):
        """What a script gives. Between two pages there is no document to ask, and one may go while it is being asked:
        None then.
        """
        try:
            return self.run(f"(() => {{ try {{ return {script}; }} catch {{ return null; }} }})()")
        except AssertionError as error:
            if not any(word in str(error) for word in ("navigated", "Cannot find context", "context was destroyed")):
                raise
            return None

    def cookie(self, url, name, value):
        self.call("Network.setCookie", url=url, name=name, value=value)

    def press(self, key):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    def shot(self, path, *, whole=False):
        raw = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        Path(path).write_bytes(base64.b64decode(raw))

    def webp(self):
        """The page as a small picture."""
        raw = self.call("Page.captureScreenshot", format="webp", quality=80)["data"]
        return base64.b64decode(raw)

    def complaints(self):
        found = []
        for event in self.browser.events[self.session]:
            method, params = event["method"], event.get("params", {})
            if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
            elif method == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"].get("exception", {}).get("description")))
            elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
                found.append(str(params["args"]))
            elif method == "Audits.issueAdded" and "NavigationEntryMarkedSkippable" not in json.dumps(params):
                # (That one says that a script clicked where a person should have.)
                found.append(json.dumps(params["issue"]))
        return found

    def requested(self):
        return {
            event["params"]["request"]["url"]
            for event in self.browser.events[self.session]
            if event["method"] == "Network.requestWillBeSent"
        }


class Served:
    """An ASGI application on a free port of this machine, in a thread."""

    def __init__(self, app):
        import uvicorn

        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off", loop="asyncio"
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def close(self):
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join(10)


class Living:
    """A world whose platform lives in a thread with its server. `made` makes it, `fill` puts something into it."""

    def __init__(self):
        self.began, self.ends, self.url = threading.Event(), threading.Event(), ""
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        assert self.began.wait(600)
        assert self.url, "the world did not begin"

    def _run(self):
        try:
            asyncio.run(self._live())
        finally:
            self.began.set()

    async def _live(self):
        import uvicorn

        async with self.made() as self.world:
            await self.fill()
            config = uvicorn.Config(self.world.console, port=0, log_config=None, access_log=False, lifespan="off")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn tells by a flag
                await asyncio.sleep(0.01)
            self.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            self.began.set()
            while not self.ends.is_set():  # noqa: ASYNC110 - another thread tells
                await asyncio.sleep(0.02)
            server.should_exit = server.force_exit = True
            await serving

    def close(self):
        self.ends.set()
        self.thread.join(10)
