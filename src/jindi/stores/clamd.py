"""A `Scanner` over ClamAV's daemon, clamd, or whatever else speaks its protocol, on a Unix socket or on loopback.

Its commands PING, VERSION and INSTREAM are used, as the manual page clamd(8) of ClamAV 1.4 describes them: a file goes
over the line in chunks, each behind its length in four bytes, the highest first, and a length of zero ends it; the
answer is one line. Only `stream: OK` means that nothing was found; whatever else does not name a finding is a failure.

The line knows neither encryption nor a password, and files of cases hold people's data. So a TCP address must be this
machine's own; to a scanner elsewhere leads the end of a tunnel.
"""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Final
from urllib.parse import unquote, urlsplit

from jindi.ports import ScannerFailure

CONNECT_S: Final = 5.0
ANSWER_S: Final = 30.0
"""How long a whole conversation may take, however its pieces come (design default)."""

CONTENT_BYTES_MAX: Final = 25_000_000
"""A file that is larger is not sent: more than any that is taken, and what clamd took at the most for long."""

CHUNK_BYTES: Final = 65_536
_ANSWER_BYTES_MAX: Final = 1_024
_NAME_MAX: Final = 100
_CLEAN: Final = "stream: OK"


def place_problem(place: str) -> str | None:
    """What is wrong with the address of a scanner; None when nothing is.

    >>> place_problem("tcp://127.0.0.1:3310"), place_problem("unix:/run/clamav/clamd.ctl")
    (None, None)
    >>> place_problem("tcp://scanner.example:3310")
    'not on this machine: the line is in clear (name the near end of a tunnel, or a Unix socket)'
    """
    if place.startswith("unix:"):
        return None if place.startswith("unix:/") else "not an absolute path of a socket"
    try:
        parts = urlsplit(place)
        port = parts.port
    except ValueError:
        return "not an address and port"
    if parts.scheme != "tcp":
        return "neither tcp: nor unix:"
    if not parts.hostname or not port or parts.username is not None or parts.path or parts.query or parts.fragment:
        return "not an address and port"
    try:
        is_here = parts.hostname == "localhost" or ip_address(parts.hostname).is_loopback
    except ValueError:
        is_here = False
    return (
        None
        if is_here
        else "not on this machine: the line is in clear (name the near end of a tunnel, or a Unix socket)"
    )


class Clamd:
    """The `Scanner` port over clamd. `place` is `tcp://HOST:PORT` or `unix:/PATH`; each call has a line of its own."""

    def __init__(self, place: str, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S) -> None:
        self._place, self._connect_s, self._answer_s = place, connect_s, answer_s

    def scan(self, content: bytes) -> str | None:
        """The name of what was found; None when nothing was."""
        if len(content) > CONTENT_BYTES_MAX:
            raise self._failure(f"a file of more than {CONTENT_BYTES_MAX:,} bytes is not sent")
        answer = self._said(b"zINSTREAM\0", content)
        if answer == _CLEAN:
            return None
        name = answer.removeprefix("stream: ").removesuffix(" FOUND")
        if answer == f"stream: {name} FOUND":
            return _plain(name)
        if answer.startswith("INSTREAM size limit exceeded"):
            raise self._failure("the file is larger than its StreamMaxLength")
        raise self._failure(f"it could not look at the file: {_plain(answer)}")

    def version(self) -> str:
        """What it is: `ClamAV 1.4.3/27500/Fri Nov 27 09:31:02 2026`, its signatures' number and date if it has them."""
        if (answer := self._said(b"zPING\0")) != "PONG":
            raise self._failure(f"it did not answer PING with PONG but with: {_plain(answer)}")
        return _plain(self._said(b"zVERSION\0"))

    def _said(self, command: bytes, content: bytes | None = None) -> str:
        """What it answers to a command, and to a file behind it."""
        until = time.monotonic() + self._answer_s
        cut: OSError | None = None
        with self._line() as line:
            try:
                for piece in _pieces(command, content):
                    line.settimeout(self._left_s(until))
                    line.sendall(piece)
            except TimeoutError:
                raise self._late() from None
            except OSError as error:
                cut = error  # it may have said why before it hung up: at its limit of size it does
            return self._answer(line, until, cut)

    def _answer(self, line: socket.socket, until: float, cut: OSError | None) -> str:
        """One answer, as it ends with a zero byte."""
        raw = b""
        try:
            while b"\0" not in raw:
                line.settimeout(self._left_s(until))
                part = line.recv(_ANSWER_BYTES_MAX)
                raw += part
                if len(raw) > _ANSWER_BYTES_MAX:
                    raise self._failure("its answer is too long")
                if not part:
                    raise self._failure("it hung up before it had answered")
        except TimeoutError:
            raise self._late() from None
        except OSError as error:
            raise self._failure(f"the line was cut: {(cut or error).strerror}") from None
        return raw.partition(b"\0")[0].decode("utf-8", "replace")

    @contextmanager
    def _line(self) -> Iterator[socket.socket]:
        line = self._opened()
        try:
            yield line
        finally:
            line.close()

    def _opened(self) -> socket.socket:
        try:
            if self._place.startswith("unix:"):
                line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                line.settimeout(self._connect_s)
                try:
                    line.connect(unquote(self._place.removeprefix("unix:")))
                except OSError:
                    line.close()
                    raise
                return line
            parts = urlsplit(self._place)
            return socket.create_connection((parts.hostname or "", parts.port or 0), self._connect_s)
        except TimeoutError:
            raise self._failure(f"it did not take the call within {self._connect_s:g} s") from None
        except OSError as error:
            raise self._failure(f"it can't be reached: {error.strerror or error}") from None

    def _left_s(self, until: float) -> float:
        """What is left of the time for a conversation. Raises ScannerFailure at its end."""
        left = until - time.monotonic()
        if left <= 0:
            raise self._late()
        return left

    def _late(self) -> ScannerFailure:
        return self._failure(f"it did not answer within {self._answer_s:g} s")

    def _failure(self, what: str) -> ScannerFailure:
        return ScannerFailure(f"scanner {self._place}: {what}")


def _pieces(command: bytes, content: bytes | None) -> Iterator[bytes]:
    """What goes over the line: a command, and a file in chunks behind their lengths."""
    yield command
    if content is None:
        return
    for begin in range(0, len(content), CHUNK_BYTES):
        chunk = content[begin : begin + CHUNK_BYTES]
        yield len(chunk).to_bytes(4, "big") + chunk
    yield bytes(4)


def _plain(text: str) -> str:
    """A text of the scanner's as it may stand in a record: what is seen of it, on one line."""
    return "".join(each for each in text if each.isascii() and each.isprintable())[:_NAME_MAX].strip() or "unnamed"
