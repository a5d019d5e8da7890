"""What a learned baseline told about rows, in words of stretches; and what it is worth where the truth is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]

_NAMED_COLUMNS = 3


def stretches(rows: Bools) -> list[tuple[int, int]]:
    """Return first row and row after the last of each run of true rows.

    Examples
    --------
    >>> stretches(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rows, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def oddest(by_column: Floats, columns: tuple[str, ...]) -> list[str]:
    """Return the columns that a stretch is most about, worst first.

    Parameters
    ----------
    by_column
        `Baseline.column_scores` of the stretch's rows, shape (rows, columns).
    """
    known = np.asarray(np.isfinite(by_column).any(axis=0), np.bool_)
    score = np.where(known, np.nan_to_num(by_column).mean(axis=0), 0.0)
    worst = [i for i in np.argsort(score, kind="stable").tolist() if known[i]]
    return [columns[i] for i in worst[:_NAMED_COLUMNS] if score[i] < -1] or [columns[i] for i in worst[:1]]


@dataclass(frozen=True, slots=True)
class Worth:
    """Rows told and not, against the truth.

    Attributes
    ----------
    delays
        Rows from the beginning of each faulty stretch to the first of it that was told, None where none was.
    """

    told: int
    false: int
    missed: int
    passed: int
    delays: tuple[int | None, ...]

    @property
    def f1(self) -> float | None:
        """Return 2TP / (2TP + FP + FN), None where nothing is faulty or told."""
        whole = 2 * self.told + self.false + self.missed
        return 2 * self.told / whole if whole else None

    @property
    def false_alarm_share(self) -> float | None:
        """Return FP / (FP + TN), None where no row is healthy."""
        healthy = self.false + self.passed
        return self.false / healthy if healthy else None


def worth(odd: Bools, faulty: Bools) -> Worth:
    """Return what was told against what was true, both of shape (rows,)."""
    delays = [
        int(odd[first:end].argmax()) if odd[first:end].any() else None for first, end in stretches(faulty)
    ]  # fmt: skip
    counts = [int((a & b).sum()) for a in (odd, ~odd) for b in (faulty, ~faulty)]
    return Worth(counts[0], counts[1], counts[2], counts[3], tuple(delays))
