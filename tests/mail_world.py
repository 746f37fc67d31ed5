"""A mail server on this machine: enough of SMTP to take a letter, sealed or not, and to say no."""

import asyncio
import base64
import threading
from email import message_from_bytes
from email.policy import default


class MailServer:
    """Somebody's mail server, in a thread. `context` is what it seals with (STARTTLS, or from the first byte with
    `at_once`); `users` are those who may sign in; `refuse` says no to recipients, `greets` is its first answer.
    """

    def __init__(self, *, context=None, at_once=False, users=None, refuse=(), greets="220 mail.test"):
        self.context, self.at_once, self.users, self.refuse, self.greets = context, at_once, users, refuse, greets
        self.taken, self.sealed, self.commands = [], [], []
        self._ready = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self.thread.start()
        assert self._ready.wait(120)
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.ends.set)
        self.thread.join(10)

    async def _serve(self):
        self.loop, self.ends = asyncio.get_running_loop(), asyncio.Event()
        seal = self.context if self.at_once else None
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=seal)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await self.ends.wait()

    async def _talk(self, reader, writer):
        try:
            await self._session(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()

    async def _session(self, reader, writer):
        async def say(*lines):
            for line in lines:
                writer.write(line.encode() + b"\r\n")
            await writer.drain()

        sealed, user, sender, recipients = self.at_once, None, None, []
        await say(self.greets)
        while line := (await reader.readline()).decode("utf-8", "replace").rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            self.commands.append(line)
            match verb.upper():
                case "EHLO":
                    offers = ["250-mail.test"]
                    offers += ["250-STARTTLS"] if self.context is not None and not sealed else []
                    offers += ["250-AUTH PLAIN LOGIN"] if self.users is not None else []
                    await say(*offers, "250 8BITMIME")
                case "STARTTLS":
                    await say("220 go ahead")
                    await writer.start_tls(self.context)
                    sealed = True
                case "AUTH":
                    given = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
                    if self.users is not None and self.users.get(given[1]) == given[2]:
                        user = given[1]
                        await say("235 welcome")
                    else:
                        await say("535 no")
                case "MAIL":
                    if self.users is not None and user is None:
                        await say("530 sign in first")
                        continue
                    sender = rest
                    await say("250 ok")
                case "RCPT":
                    if any(each in rest for each in self.refuse):
                        await say("550 nobody of this name")
                        continue
                    recipients.append(rest)
                    await say("250 ok")
                case "DATA":
                    await say("354 go on")
                    raw = await reader.readuntil(b"\r\n.\r\n")
                    letter = message_from_bytes(raw[:-5], policy=default)
                    self.taken.append((sender, recipients, letter, raw))
                    self.sealed.append(sealed)
                    sender, recipients = None, []
                    await say("250 taken")
                case "RSET" | "NOOP":
                    await say("250 ok")
                case "QUIT":
                    await say("221 bye")
                    return
                case _:
                    await say("502 unknown")
