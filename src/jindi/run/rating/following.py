"""Who keeps standings up to date: a thread of the platform's."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from jindi.ports import RatingStore, RatingStoreFailure
from jindi.run.archive import Archive
from jindi.run.follower import REST_S, Follower
from jindi.run.rating.taking import RatingTaking

if TYPE_CHECKING:
    from jindi.run.platform import Platform


class Following(Follower[RatingStore]):
    """Keeps the standings of one platform's customers in a thread."""

    HOLDS, FAILURE = "the ratings of customers", RatingStoreFailure

    def __init__(
        self, platform: "Platform", store: RatingStore, tell: Callable[[str], None], rest_s: float = REST_S
    ) -> None:  # fmt: skip
        super().__init__(platform, store, tell, 0, rest_s)

    def _make(self, archive: Archive) -> RatingTaking:
        return RatingTaking(archive, self.store, self.keep_us, self._rest_s, self._stopping.is_set)
