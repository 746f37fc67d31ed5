"""PostgreSQL: a table of events with an index per key; one SELECT for all features, or one for each."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measuring import collector_off, cpu_of, cpu_s
from benchmarks.naive import Naive
from benchmarks.work import ENTITIES, Work, columns_of

PLACES = ("/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin")
FOLDS = {
    "count": "count(*)",
    "sum": "sum(amount)::bigint",
    "mean": "avg(amount)::float8",
    "max": "max(amount)",
    "std": "stddev_samp(amount)::float8",
    "distinct": "count(DISTINCT {value})",
}
LAX = ("-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off", "-c shared_buffers=256MB", "-c jit=off")
"""Nothing is made durable: its best case."""


def programs() -> Path | None:
    """Where PostgreSQL's programs lie; None when it is not installed."""
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    return next((p for p in (*places, *map(Path, PLACES)) if (p / "initdb").exists() and (p / "pg_ctl").exists()), None)


class Server:
    """A cluster of our own in a folder of its own, reached by a socket there; it never listens on the network."""

    def __init__(self) -> None:
        where = programs()
        if where is None:
            raise FileNotFoundError("PostgreSQL's programs are not installed")
        self._where = where
        self._folder = Path(tempfile.mkdtemp(prefix="bench-pg-"))
        self._as: dict[str, object] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root; its packages bring a user for it.
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                self._forget()
                raise FileNotFoundError("there is no user postgres, and PostgreSQL does not run as root") from None
            os.chown(self._folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": self._folder}
        self._data = self._folder / "data"
        try:
            self._do(
                "initdb", "-D", str(self._data), "-U", "bench", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"
            )
            options = f"-c listen_addresses='' -k {self._folder} {' '.join(LAX)}"
            self._do("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "-o", options, "start")
            import psycopg

            self.connection = psycopg.connect(
                host=str(self._folder), user="bench", dbname="postgres", autocommit=True, prepare_threshold=0
            )
        except BaseException:
            self.close()
            raise
        self.version = ".".join(map(str, divmod(self.connection.info.server_version, 10_000)))
        self.backend = self.connection.info.backend_pid

    def _do(self, program: str, *arguments: str) -> None:
        command = [str(self._where / program), *arguments]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, **self._as)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.decode(errors='replace').strip()[-200:]}")

    def cpu_s(self) -> float:
        """CPU seconds of our connection's backend."""
        return cpu_of(self.backend)

    def close(self) -> None:
        """Stop the cluster and forget its folder."""
        if hasattr(self, "connection"):
            self.connection.close()
        if (self._data / "postmaster.pid").exists():
            self._do("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")
        self._forget()

    def _forget(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _Table:
    """What both ways share: an own table with four indexes, rows in, features out."""

    def __init__(self, work: Work, server: Server) -> None:
        self.version = server.version
        self.features = work.features
        self._server = server
        self._rows = list(work.rows())
        self._naive = Naive(work.features)
        self.names = self._naive.names
        self._insert = "INSERT INTO events VALUES (%s, %s, %s, %s, %s, %s, %s)"

    def run(self):
        """All features in order of arrival, and the CPU seconds of client and server."""
        with self._server.connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS events")
            cursor.execute(
                'CREATE UNLOGGED TABLE events (seq bigint, t bigint, "user" text, device text,'
                " merchant text, card text, amount bigint)"
            )
            for name in ENTITIES:
                cursor.execute(f'CREATE INDEX ON events ("{name}", t)')
            with collector_off():
                begin = cpu_s() + self._server.cpu_s()
                found = [self.one(cursor, row) for row in self._rows]
                spent = cpu_s() + self._server.cpu_s() - begin
        return columns_of(found, self.names), spent

    def one(self, cursor, row):
        """The features of one event, in the order of `names`."""
        raise NotImplementedError

    def close(self) -> None:
        """The server is closed by who opened it."""


class OneSelect(_Table):
    """One round trip after the insert: four index scans of thirty days, every feature with its FILTER."""

    name = "PostgreSQL, one SELECT for all"

    def __init__(self, work: Work, server: Server) -> None:
        super().__init__(work, server)
        parts = []
        for entity in ENTITIES:
            mine = self._naive.of[entity]
            reach_us = max(f.over_us for f in mine)
            told = ", ".join(
                FOLDS[f.fold]
                .replace(")", f") FILTER (WHERE t > %(at)s - {f.over_us}::bigint)", 1)
                .format(value=f'"{f.value}"')
                for f in mine
            )
            parts.append(
                f'(SELECT {told} FROM events WHERE "{entity}" = %({entity})s'
                f" AND t > %(at)s - {reach_us}::bigint AND t <= %(at)s) AS of_{entity}"
            )
        self._select = f"SELECT * FROM {', '.join(parts)}"

    def one(self, cursor, row):
        """Two statements: insert, select."""
        cursor.execute(self._insert, row)
        _, at, user, device, merchant, card, _ = row
        cursor.execute(self._select, {"at": at, "user": user, "device": device, "merchant": merchant, "card": card})
        return cursor.fetchone()


class SelectEach(_Table):
    """One SELECT per feature, the shape of rule engines whose aggregates are queries; sent in one pipeline."""

    name = "PostgreSQL, one SELECT per feature"

    def __init__(self, work: Work, server: Server) -> None:
        super().__init__(work, server)
        self._asks = [
            (
                (
                    f"SELECT {FOLDS[f.fold].format(value=chr(34) + f.value + chr(34))} FROM events"
                    f' WHERE "{f.entity}" = %s AND t > %s AND t <= %s'
                ),
                2 + ENTITIES.index(f.entity),
                f.over_us,
            )
            for entity in ENTITIES
            for f in self._naive.of[entity]
        ]

    def one(self, cursor, row):
        """An insert and a statement for each feature, one round trip."""
        connection = self._server.connection
        with connection.pipeline():
            cursor.execute(self._insert, row)
            at, cursors = row[1], []
            for sql, place, over_us in self._asks:
                each = connection.cursor()
                each.execute(sql, (row[place], at - over_us, at))
                cursors.append(each)
            out = [each.fetchone()[0] for each in cursors]
        for each in cursors:
            each.close()
        return out
