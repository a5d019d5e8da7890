"""What a check says: a fact with a stable id and a way out."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from boilerwatch.settings import Settings


class Fact(NamedTuple):
    """One thing that is not as it should be.

    Ids are never used again for something else: E for what must be mended, W for what should be looked at.
    """

    id: str
    text: str
    hint: str

    @property
    def grave(self) -> bool:
        """Whether it must be mended before boilerwatch can keep its promises."""
        return self.id.rpartition(".")[2].startswith("E")


Check = Callable[[Settings], Iterator[Fact]]
