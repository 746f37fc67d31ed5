"""Which policies stand in some pack files, and how, without reading anything else of them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jindi.basics.digests import canonical, digest
from jindi.packs.policies import plain, version_name

DECIDING = ("live", "challenger")
"""The states in which a version decides, all events or a share of them."""

_POLICY = re.compile(r"(?:.*/)?policies/(?P<aside>shadow/)?[^/]+\.toml\Z")


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy's file: what it calls itself, the state it is in, and the digest of its content.

    The state `challenger` is a live one that decides a share only. `aside` marks a version that lies in
    `policies/shadow`: a shadow whatever its file says.
    """

    path: str
    id: str
    on: str
    state: str
    digest: str
    aside: bool

    @property
    def version(self) -> str:
        """The version's own name."""
        return version_name(self.id, self.digest)


def policy_files(source: Mapping[str, str]) -> tuple[PolicyFile, ...]:
    """The policies of some pack files, in the order of their paths; a file that can't be read is left out, for
    whoever loads the packs is told of it.
    """
    found = (_policy_file(path, source[path]) for path in sorted(source) if _POLICY.match(path))
    return tuple(each for each in found if each is not None)


@lru_cache(maxsize=1_024)  # TOML is slow to read, and nearly all files are those of the last time
def _policy_file(path: str, text: str) -> PolicyFile | None:
    match = _POLICY.match(path)
    assert match is not None, "only policies' files are asked for"
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    named = [raw.get(key) for key in ("id", "on", "state")]
    if not all(isinstance(word, str) for word in named):
        return None
    policy_id, on, state = map(str, named)
    aside = match["aside"] is not None
    if aside:
        state = "shadow"
    elif state == "live" and "split" in raw:
        state = "challenger"
    return PolicyFile(path, policy_id, on, state, digest(canonical(plain(raw))), aside)
