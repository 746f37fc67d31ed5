"""The vault's keys and a person's erasure on a running platform. Each by two people, the destruction by three."""

import asyncio
from collections.abc import Callable

import msgspec

from jindi.run.approvals.operations import AtOnce, Line, Unfit
from jindi.vault import PROFILES, Profile, Vault, Version, profile_named

NAME_MAX = 200


class RotateVault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new version of the key that wraps subjects' keys; without a cipher as before."""

    cipher: str | None = None


class RotatedVault(msgspec.Struct, frozen=True):
    """The same as kept: with the number that the new version will have."""

    cipher: str | None
    version: int


class DestroyVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A retired version of the key ring whose key is to go for good."""

    version: int


class ResealVault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows sealed anew, under new keys of their subjects."""


class EraseSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose key is to be destroyed: a user's number, as the events have it, or a token."""

    subject: str


class ErasedSubject(msgspec.Struct, frozen=True):
    """The same as kept: a token for people, and the number that the vault drew for him and nobody else uses."""

    subject: str
    number: str


class RotateRing(AtOnce[RotateVault, RotatedVault]):
    """A new version wraps from now on; the platform puts all keys under it by itself."""

    what, asked, kept = "vault.rotate", RotateVault, RotatedVault

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def prepare(self, asked: RotateVault) -> RotatedVault:
        """With the number of the new version."""
        try:
            profile = profile_named(asked.cipher) if asked.cipher is not None else None
        except ValueError:
            listed = ", ".join(PROFILES)
            raise Unfit(f"没有此算法；可用：{listed}", f"no such cipher; use one of: {listed}") from None
        return RotatedVault(profile, self._vault.versions[-1].number + 1)

    async def base(self, kept: RotatedVault) -> object:  # noqa: ARG002 - the whole ring is the base
        """All versions and their states."""
        return _ring(self._vault)

    async def is_done(self, kept: RotatedVault) -> bool:
        """Whether there is such a version."""
        return self._vault.versions[-1].number >= kept.version

    async def apply(self, kept: RotatedVault, now_us: int) -> None:
        """Make it."""
        profile: Profile | None = profile_named(kept.cipher) if kept.cipher is not None else None
        await asyncio.to_thread(self._vault.rotate, now_us, profile)

    def on(self, kept: RotatedVault) -> str:
        """The new version."""
        return f"version {kept.version}"

    def lines(self, kept: RotatedVault) -> tuple[Line, ...]:
        """Number and cipher."""
        return (
            Line("新版本", "New version", str(kept.version)),
            Line("算法", "Cipher", kept.cipher or self._vault.versions[-1].profile),
        )


class DestroyRing(AtOnce[DestroyVersion, DestroyVersion]):
    """Destroy a retired version of the ring: old copies of what it wrapped never open again. Two people approve."""

    what, asked, kept, needed = "vault.destroy", DestroyVersion, DestroyVersion, 2

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def prepare(self, asked: DestroyVersion) -> DestroyVersion:
        """The same, of a retired version."""
        found = self._one(asked.version)
        if found is None or found.state != "retired":
            raise Unfit("只能销毁已停用的版本", "only a retired version can be destroyed; see jindi vault status")
        return asked

    async def base(self, kept: DestroyVersion) -> object:  # noqa: ARG002 - the whole ring is the base
        """All versions and their states."""
        return _ring(self._vault)

    async def is_done(self, kept: DestroyVersion) -> bool:
        """Whether it is destroyed."""
        found = self._one(kept.version)
        return found is not None and found.state == "destroyed"

    async def apply(self, kept: DestroyVersion, now_us: int) -> None:
        """Destroy it; the vault declines while keys are still wrapped under it."""
        await asyncio.to_thread(self._vault.destroy, kept.version, now_us)

    def on(self, kept: DestroyVersion) -> str:
        """The version."""
        return f"version {kept.version}"

    def lines(self, kept: DestroyVersion) -> tuple[Line, ...]:
        """Number and cipher."""
        found = self._one(kept.version)
        return (
            Line("销毁版本", "Version that is destroyed", str(kept.version)),
            Line("算法", "Cipher", found.profile if found is not None else "–"),
        )

    def _one(self, number: int) -> Version | None:
        return next((each for each in self._vault.versions if each.number == number), None)


class Reseal(AtOnce[ResealVault, ResealVault]):
    """Every subject gets a new key and its rows are sealed under it; the platform does that by itself, by and by."""

    what, asked, kept = "vault.reseal", ResealVault, ResealVault

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def prepare(self, asked: ResealVault) -> ResealVault:
        """The same, when none is under way."""
        if await self.is_done(asked):
            raise Unfit("重新加密已在进行", "rows are being sealed anew already; see jindi vault status")
        return asked

    async def base(self, kept: ResealVault) -> object:  # noqa: ARG002 - the whole ring is the base
        """All versions and their states: the active one's cipher is what rows are sealed with."""
        return _ring(self._vault)

    async def is_done(self, kept: ResealVault) -> bool:  # noqa: ARG002 - there is one at a time
        """Whether it has begun. One that has ended meanwhile is begun again, which costs time and harms nothing."""
        return (await asyncio.to_thread(self._vault.status)).to_reseal is not None

    async def apply(self, kept: ResealVault, now_us: int) -> None:  # noqa: ARG002 - it says nothing but that
        """Begin it."""
        await asyncio.to_thread(self._vault.begin_reseal, now_us)

    def on(self, kept: ResealVault) -> str:  # noqa: ARG002 - it says nothing but that
        """The cipher."""
        return self._vault.versions[-1].profile

    def lines(self, kept: ResealVault) -> tuple[Line, ...]:  # noqa: ARG002 - it says nothing but that
        """The cipher."""
        return (Line("算法", "Cipher", self._vault.versions[-1].profile),)


class Erase(AtOnce[EraseSubject, ErasedSubject]):
    """Destroy one person's key: what the vault has of him can't be read any more, in backups of the rows either."""

    what, asked, kept = "subject.erase", EraseSubject, ErasedSubject

    def __init__(self, vault: Vault, token_of: Callable[[str], str]) -> None:
        """`token_of` gives the token by which the audit names a subject."""
        self._vault, self._token_of = vault, token_of

    async def prepare(self, asked: EraseSubject) -> ErasedSubject:
        """The subject by his token and his number."""
        number = (
            await asyncio.to_thread(self._vault.number_of, asked.subject) if len(asked.subject) <= NAME_MAX else None
        )
        if number is None:
            raise Unfit("保险库中没有此人", "the vault has nobody of this name")
        return ErasedSubject(self._token_of(asked.subject), f"{number:016x}")

    async def base(self, kept: ErasedSubject) -> object:
        """Whether he is there."""
        return not await self.is_done(kept)

    async def is_done(self, kept: ErasedSubject) -> bool:
        """Whether his key is gone."""
        return await asyncio.to_thread(self._vault.name_of, int(kept.number, 16)) is None

    async def apply(self, kept: ErasedSubject, now_us: int) -> None:
        """Destroy it. Who came in under the same name later is another subject, and stays."""
        await asyncio.to_thread(self._vault.erase_number, int(kept.number, 16), now_us)

    def on(self, kept: ErasedSubject) -> str:
        """The number: by it he is erased again should an older key book bring him back."""
        return kept.number

    def about(self, kept: ErasedSubject) -> str:
        """The token."""
        return kept.subject

    def lines(self, kept: ErasedSubject) -> tuple[Line, ...]:
        """The token."""
        return (
            Line("个人（令牌）", "Person (token)", kept.subject),
            Line("保险库编号", "Number in the vault", kept.number),
        )


def _ring(vault: Vault) -> list[list[object]]:
    return [[each.number, each.profile, each.state] for each in vault.versions]
