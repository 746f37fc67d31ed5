"""Lists as they stand at an instant: what the packs begin with, and what events have added and removed."""

from jindi.packs import Definitions

Expiry = int | None


class Lists:
    """Membership with expiry. Entries from packs change with the packs; entries from events stay.

    `entries` are each list's members, expired ones included: look there first, ask `holds` for the rest.
    """

    def __init__(self, definitions: Definitions) -> None:
        self._added: dict[str, dict[str, Expiry]] = {}
        self._removed: dict[str, set[str]] = {}
        self.version = 0
        self.adopt(definitions)

    def adopt(self, definitions: Definitions) -> None:
        """Take the entries of new packs; what events did to a list that is still there stays done."""
        self._declared = {
            name: {entry.value: entry.expires_us for entry in declared.entries}
            for name, declared in definitions.lists.items()
        }
        self.entries = {name: self._merged(name) for name in self._declared}

    def under(self, definitions: Definitions) -> "Lists":
        """A copy as it would stand under other packs; this one stays as it is."""
        copy = Lists(definitions)
        copy.restore(self._added, {name: sorted(values) for name, values in self._removed.items()}, self.version)
        return copy

    def _merged(self, name: str) -> dict[str, Expiry]:
        removed = self._removed.get(name, set())
        declared = {value: expiry for value, expiry in self._declared[name].items() if value not in removed}
        return declared | self._added.get(name, {})

    def __contains__(self, name: str) -> bool:
        return name in self._declared

    def holds(self, name: str, value: str, as_of_us: int) -> bool:
        """Whether a value is a member at an instant; an entry is no longer one at its expiry."""
        entries = self.entries[name]
        if value not in entries:
            return False
        expires = entries[value]
        return expires is None or as_of_us < expires

    def change(self, name: str, value: str, *, add: bool, expires_us: Expiry) -> None:
        """What a `list_entry` event asks for. A replay may speak of a list that today's packs lack: that is kept for
        when one declares it again.
        """
        added, removed = self._added.setdefault(name, {}), self._removed.setdefault(name, set())
        if add:
            added[value] = expires_us
            removed.discard(value)
        else:
            added.pop(value, None)
            removed.add(value)
        if (entries := self.entries.get(name)) is not None:
            if add:
                entries[value] = expires_us
            else:
                entries.pop(value, None)
        self.version += 1

    def size(self, name: str) -> int:
        """How many entries a list has, expired ones included."""
        return len(self.entries[name])

    def save(self) -> dict[str, object]:
        """What events have done, as plain values."""
        removed = {name: sorted(values) for name, values in self._removed.items()}
        return {"added": self._added, "removed": removed, "version": self.version}

    def restore(self, added: dict[str, dict[str, Expiry]], removed: dict[str, list[str]], version: int) -> None:
        """Take back what `save` gave away."""
        self._added = {name: dict(entries) for name, entries in added.items()}
        self._removed = {name: set(values) for name, values in removed.items()}
        self.version = version
        self.entries = {name: self._merged(name) for name in self._declared}
