"""How long readings take, as shares of what came lately: a histogram in steps of six per cent, so memory is bounded."""

import numpy as np

from boilerwatch.model import Ints

_STEPS_A_DECADE, _DECADES = 40, 9
_EDGES_MS = np.logspace(0, _DECADES, _DECADES * _STEPS_A_DECADE + 1)
_PARTS = (50, 95, 99)


class Lags:
    """Lags of one way since they were last told."""

    def __init__(self) -> None:
        self._counts = np.zeros(len(_EDGES_MS) + 1, np.int64)

    def add(self, lag_ms: Ints) -> None:
        """Add lags; a clock that is a little ahead makes none. [ms]"""
        self._counts += np.bincount(np.searchsorted(_EDGES_MS, lag_ms), minlength=len(self._counts))

    def take(self, name: str) -> dict[str, float]:
        """Return `{name}_p50_s`, `_p95_s` and `_p99_s`, nothing where nothing came; and begin anew."""
        counts, self._counts = self._counts, np.zeros_like(self._counts)
        reached = np.cumsum(counts)
        if not reached[-1]:
            return {}
        place = [min(int(np.searchsorted(reached, reached[-1] * part / 100)), len(_EDGES_MS) - 1) for part in _PARTS]
        return {f"{name}_p{part}_s": float(_EDGES_MS[one]) / 1000 for part, one in zip(_PARTS, place, strict=True)}
