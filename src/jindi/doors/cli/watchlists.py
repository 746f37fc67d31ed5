"""`jindi watchlists`: lists in force on a running platform, and how one is loaded, over its API."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx

from jindi.basics.problems import Problem, Problems
from jindi.doors.cli.output import counted
from jindi.doors.cli.versioning import Asking

LOAD_TIMEOUT_S = 300.0
FILE_BYTES_MAX = 512 << 20


class Watching(Asking):
    """A running platform, asked with a key."""

    def lists(self) -> None:
        """The lists in force."""
        found = self._ask("GET", "/v1/watchlists")
        self._give(found)
        if self._output.as_json:
            return
        for each in found["lists"]:
            self._output.say(_line(each))
        if not found["lists"]:
            self._output.say("尚未载入名单 no list has been loaded: nobody is screened")
        if found["problem"]:
            self._output.say(f"名单无法使用 the lists can't be used: {found['problem']}")

    def load(self, files: list[Path], *, is_meant: bool) -> None:
        """Put lists in force. Raises Problems."""
        name, body = _packed(files)
        found = self._posted(name, body, is_meant=is_meant)
        self._give(found)
        if not self._output.as_json:
            for each in found["lists"]:
                self._output.say(_line(each))

    def _posted(self, name: str, body: bytes, *, is_meant: bool) -> Any:
        asked = {"file": name, "meant": "true" if is_meant else "false"}
        headers = {**self._headers, "content-type": "application/octet-stream"}
        try:
            response = httpx.post(
                f"{self._url}/v1/watchlists", params=asked, content=body, headers=headers, timeout=LOAD_TIMEOUT_S,
                trust_env=False,
            )  # fmt: skip
        except httpx.TransportError:
            raise Problems([Problem(self._url, "", "no platform answers there", "give --url")]) from None
        if not response.is_success:
            self._refused(response)
        return response.json()


def _packed(files: list[Path]) -> tuple[str, bytes]:
    """One file as it is, several in a ZIP. Raises Problems, all of all files."""
    problems, contents = list[Problem](), dict[str, bytes]()
    for path in files:
        try:
            if path.stat().st_size > FILE_BYTES_MAX:
                problems.append(Problem(str(path), "", f"larger than {FILE_BYTES_MAX >> 20} MiB", "name a list"))
                continue
            contents[path.name] = path.read_bytes()
        except OSError as error:
            problems.append(Problem(str(path), "", (error.strerror or "can't be read").lower(), "name a list's file"))
    if len(contents) + len(problems) < len(files):
        problems.append(Problem("", "", "two files have the same name", "rename one of them"))
    if problems:
        raise Problems(problems)
    if len(contents) == 1:
        return next(iter(contents.items()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return "lists.zip", packed.getvalue()


def _line(each: dict[str, Any]) -> str:
    published = f"发布于 published {each['published_on']}，" if each["published_on"] else ""
    change = f"，新增 {each['added']} 移除 {each['removed']} 变动 {each['changed']}" if each["before"] else ""
    entries = counted(each["entries"], "entry", "entries")
    return (
        f"{each['name']}：{published}版本 version {each['version'][:12]}，{entries}"
        f"{change}，载入 loaded {each['loaded_at']} {each['by']}"
    )
