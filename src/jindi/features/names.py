"""Numbers for keys and for values that aren't numbers, so that the kernels see words only."""

from collections.abc import Callable, Iterable, Sequence
from sys import getsizeof
from typing import Any

from jindi.features.kernel import NEW_KEY


class Names(dict[Any, int]):
    """A dictionary that numbers what it hasn't seen: `names[value]` is 0, 1, 2, ... in order of arrival.

    None, and a tuple with None in it, is `missing`. `backward` gives the value of a number (None where the
    number is free). `on_full` is called when a number reaches `room`, before it is used.
    """

    __slots__ = ("backward", "free", "missing", "on_full", "room")

    def __init__(self, missing: int, values: Iterable[Any] = (), on_full: Callable[[], None] | None = None) -> None:
        super().__init__()
        self.missing = missing
        self.room = 0
        self.on_full = on_full
        self.backward: list[Any] = list(values)
        self.free = [number for number, value in enumerate(self.backward) if value is None][::-1]
        self.update((value, number) for number, value in enumerate(self.backward) if value is not None)
        self[None] = missing

    def __missing__(self, value: Any) -> int:
        if isinstance(value, tuple) and None in value:
            return self.missing
        if self.free:
            number = self.free.pop()
            self.backward[number] = value
        else:
            number = len(self.backward)
            self.backward.append(value)
            if self.on_full is not None and number >= self.room:
                self.on_full()
        self[value] = number
        return number

    def of_texts(self, texts: Sequence[str]) -> list[int]:
        """The numbers of many texts: what `self[text]` is for each, without a call for each new one."""
        found = list(map(self.get, texts))
        new = [text for text, number in zip(texts, found, strict=True) if number is None]
        if not new:
            return found  # type: ignore[return-value]
        if self.free or len(new) != len(set(new)):
            return [self[text] for text in texts]
        first = len(self.backward)
        self.backward += new
        if self.on_full is not None and len(self.backward) > self.room:
            self.on_full()
        self.update(zip(new, range(first, len(self.backward)), strict=True))
        return [self[text] for text in texts] if len(new) < len(texts) else list(range(first, first + len(new)))

    def known(self, value: Any) -> int:
        """The number of a value without giving it one: NEW_KEY when it has none, `missing` for none."""
        if isinstance(value, tuple) and None in value:
            return self.missing
        return self.get(value, NEW_KEY)

    def forget(self, number: int) -> None:
        """Free a number for another value."""
        del self[self.backward[number]]
        self.backward[number] = None
        self.free.append(number)

    @property
    def used(self) -> int:
        """How many values have a number now."""
        return len(self.backward) - len(self.free)

    def bytes_about(self) -> int:
        """What the values and their numbers take, estimated from the first thousand."""
        sample = [value for value in self.backward[:1000] if value is not None]
        each = sum(map(getsizeof, sample)) / len(sample) + 28 if sample else 0
        return getsizeof(self) + getsizeof(self.backward) + int(each * self.used)
