"""How a process of ours deals with memory: it looks seldom for what nobody holds, and keeps what it freed for the next time."""

import ctypes
import gc

#: New objects after which it looks: with Python's 700 it would be a tenth of storing's time, and a fifth of a replay's.
_GARBAGE = 10_000
#: Names of glibc's options (malloc.h), and what it keeps: by itself it gives large arrays back at once, and gets them page by page.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES, _LARGE_BYTES = 1 << 28, 1 << 30


def collect_rarely() -> None:
    """Look seldom: what is loaded now stays, and what comes is arrays and rows, hardly ever a ring of objects."""
    gc.freeze()
    gc.set_threshold(_GARBAGE, 10, 10)


def keep_freed() -> None:
    """Keep some freed memory, for work that ends: an eighth of a replay's time went into getting the same pages again and again."""
    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:  # only glibc has it
        adjust(_MMAP_THRESHOLD, _LARGE_BYTES)
        adjust(_TRIM_THRESHOLD, _KEPT_BYTES)
