"""Redis sorted sets: one set per key, scored by time; the client computes, or Lua in the server does."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import collector_off, cpu_of, cpu_s
from benchmarks.naive import Naive
from benchmarks.work import ENTITIES, Work, columns_of

PATIENCE_S = 10


class Server:
    """A redis-server of our own on a socket in a folder of its own, without durability: its best case."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("redis-server is not installed")
        self._folder = tempfile.TemporaryDirectory(prefix="bench-redis-")
        path = str(Path(self._folder.name) / "socket")
        options = ["--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", self._folder.name]
        self._process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        import redis

        self.client = redis.Redis(unix_socket_path=path)
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                self.version = self.client.info("server")["redis_version"]
                break
            except redis.exceptions.ConnectionError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.02)

    def cpu_s(self) -> float:
        """CPU seconds of the server."""
        return cpu_of(self._process.pid)

    def close(self) -> None:
        """Stop the server and forget its folder."""
        self.client.close()
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


class _Sets:
    """What both ways share: rows in, features out, CPU of client and server."""

    def __init__(self, work: Work, server: Server) -> None:
        self.version = server.version
        self.features = work.features
        self._server = server
        self._rows = list(work.rows())
        self._reach_us = max(f.over_us for f in work.features)
        self._naive = Naive(work.features)
        self.names = self._naive.names

    def run(self):
        """All features in order of arrival, and the CPU seconds of client and server."""
        self._server.client.flushall()
        with collector_off():
            begin = cpu_s() + self._server.cpu_s()
            found = [self.one(row) for row in self._rows]
            spent = cpu_s() + self._server.cpu_s() - begin
        return columns_of(found, self.names), spent

    def one(self, row):
        """The features of one event, in the order of `names`."""
        raise NotImplementedError

    def close(self) -> None:
        """The server is closed by who opened it."""


class ClientComputed(_Sets):
    """One pipeline per event: add to four sets and read what each still holds of thirty days."""

    name = "Redis sorted sets, client computes"

    def one(self, row):
        """One round trip, then the folds in Python."""
        seq, at, *keys, amount = row
        pipe = self._server.client.pipeline(transaction=False)
        user, device = keys[0], keys[1]
        for entity, key in zip(ENTITIES, keys, strict=True):
            other = device if entity == "user" else user
            name = f"{entity}:{key}"
            pipe.zadd(name, {f"{seq}:{amount}:{other}": at})
            pipe.zremrangebyscore(name, "-inf", at - self._reach_us)
            pipe.zrangebyscore(name, at - self._reach_us + 1, at, withscores=True)
        answers = pipe.execute()
        out = []
        for i, entity in enumerate(ENTITIES):
            held = []
            for member, score in answers[3 * i + 2]:
                _, told, other = member.split(b":", 2)
                held.append((int(score), int(told), other))
            out += self._naive.fold(entity, held, at)
        return out


LUA = """
local seq, at, amount, reach = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local asks = cjson.decode(ARGV[9])
local out = {}
for i = 1, 4 do
  local key = KEYS[i]
  redis.call('ZADD', key, ARGV[2], seq .. ':' .. amount .. ':' .. ARGV[4 + i])
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', at - reach))
  local held = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  local n = #held / 2
  local times, amounts, others = {}, {}, {}
  for j = 1, n do
    times[j] = tonumber(held[2 * j])
    local _, _, told, other = string.find(held[2 * j - 1], '^%d+:(%d+):(.*)$')
    amounts[j], others[j] = tonumber(told), other
  end
  for _, ask in ipairs(asks[i]) do
    local fold, since = ask[1], at - ask[2]
    local count, sum, squares, most, kinds, seen = 0, 0, 0, 0, 0, {}
    local j = n
    while j > 0 and times[j] > since do
      count = count + 1
      if fold == 'sum' or fold == 'mean' then sum = sum + amounts[j]
      elseif fold == 'std' then sum = sum + amounts[j]; squares = squares + amounts[j] * amounts[j]
      elseif fold == 'max' then if amounts[j] > most then most = amounts[j] end
      elseif fold == 'distinct' then if not seen[others[j]] then seen[others[j]] = true; kinds = kinds + 1 end end
      j = j - 1
    end
    local value
    if fold == 'count' then value = count
    elseif fold == 'sum' then value = sum
    elseif fold == 'mean' then value = sum / count
    elseif fold == 'max' then value = most
    elseif fold == 'distinct' then value = kinds
    elseif count < 2 then value = false
    else value = math.sqrt(math.max(0, count * squares - sum * sum) / (count * (count - 1))) end
    out[#out + 1] = value and string.format('%.17g', value) or ''
  end
end
return out
"""


class LuaComputed(_Sets):
    """One script call per event does all of it inside the server."""

    name = "Redis sorted sets, Lua computes"

    def __init__(self, work: Work, server: Server) -> None:
        super().__init__(work, server)
        import json

        self._script = server.client.register_script(LUA)
        asks = [[[f.fold, f.over_us] for f in self._naive.of[entity]] for entity in ENTITIES]
        self._asks = json.dumps(asks)
        self._script(
            keys=[f"{name}:warm" for name in ENTITIES], args=[0, 1, 1, self._reach_us, "a", "a", "a", "a", self._asks]
        )

    def one(self, row):
        """One call of the script."""
        seq, at, *keys, amount = row
        user, device = keys[0], keys[1]
        answers = self._script(
            keys=[f"{entity}:{key}" for entity, key in zip(ENTITIES, keys, strict=True)],
            args=[seq, at, amount, self._reach_us, device, user, user, user, self._asks],
        )
        return [float(answer) if answer else None for answer in answers]
