"""How often Python looks for rings of objects that nobody holds."""

import gc

#: New objects after which it looks: with Python's 700 it would be a tenth of storing's time, and a fifth of a replay's.
_GARBAGE = 10_000


def collect_rarely() -> None:
    """Look seldom: what is loaded now stays, and what comes is arrays and rows, hardly ever a ring of objects."""
    gc.freeze()
    gc.set_threshold(_GARBAGE, 10, 10)
