"""What the session hands over: the messages of one read, in order."""

from collections.abc import Sequence
from typing import NamedTuple


class Deliveries(NamedTuple):
    """Messages that came together.

    Attributes
    ----------
    topics, payloads
        Of each, lists of the same length.
    retained_at
        Which of them are retained, rising.
    upto
        What to hand to `Session.acknowledge` once all of it, and all before it, is durable.
    """

    topics: list[bytes]
    payloads: list[bytes]
    retained_at: Sequence[int]
    upto: int
