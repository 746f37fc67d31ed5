"""A small daemon that speaks clamd's protocol on real sockets, in this process, and knows one signature: EICAR's test
string. It can be told to misbehave. What is tested is our side of the line.
"""

import contextlib
import socket
import struct
import threading

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"
"""The test string that all scanners know (eicar.org), in two pieces, so that none takes this file for it."""

FOUND = "Eicar-Test-Signature"
VERSION = "ClamAV 1.4.3/27500/Fri Nov 27 09:31:02 2026"
LIMIT = 6_000_000


class Daemon:
    """The daemon. `answer` is said to every command instead of the right thing (bytes, as they go out), `hangs` says
    nothing until it ends, `cuts_after` hangs up when so many bytes of a file have come, `drips` sends answers byte by
    byte and never ends them. `seen` are the files that came whole.
    """

    def __init__(self):
        self.answer, self.hangs, self.cuts_after, self.drips, self.limit = None, False, None, False, LIMIT
        self.version, self.seen, self.commands = VERSION, [], []
        self.over = threading.Event()

    def serve(self, listening):
        with contextlib.suppress(OSError):
            while True:
                line, _ = listening.accept()
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line):
        with line, contextlib.suppress(OSError, EOFError):
            command = b""
            while not command.endswith(b"\0"):
                command += self._exactly(line, 1)
            command = command[1:-1].decode()
            self.commands.append(command)
            said = self._do(command, line)
            if self.hangs:
                self.over.wait()
                return
            if self.drips:
                while not self.over.is_set():
                    line.sendall(b".")
                    self.over.wait(0.01)
                return
            if said is not None:
                line.sendall(self.answer if self.answer is not None else said.encode() + b"\0")

    def _do(self, command, line):
        if command == "PING":
            return "PONG"
        if command == "VERSION":
            return self.version
        if command != "INSTREAM":
            return "UNKNOWN COMMAND"
        content = b""
        while size := struct.unpack(">I", self._exactly(line, 4))[0]:
            if self.cuts_after is not None and len(content) + size > self.cuts_after:
                return None
            content += self._exactly(line, size)
            if len(content) > self.limit:
                return "INSTREAM size limit exceeded. ERROR"
        self.seen.append(content)
        return f"stream: {FOUND} FOUND" if EICAR in content else "stream: OK"

    @staticmethod
    def _exactly(line, count):
        raw = b""
        while len(raw) < count:
            part = line.recv(count - len(raw))
            if not part:
                raise EOFError
            raw += part
        return raw


@contextlib.contextmanager
def scanning(folder=None):
    """A daemon that runs, and its address: a Unix socket in a folder, or a port of its own."""
    daemon = Daemon()
    if folder is None:
        listening = socket.create_server(("127.0.0.1", 0))
        place = f"tcp://127.0.0.1:{listening.getsockname()[1]}"
    else:
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(folder / "clamd.ctl"))
        listening.listen()
        place = f"unix:{folder / 'clamd.ctl'}"
    serving = threading.Thread(target=daemon.serve, args=(listening,), daemon=True)
    serving.start()
    try:
        yield daemon, place
    finally:
        daemon.over.set()
        # Closing alone does not wake who waits in `accept`.
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        serving.join()
