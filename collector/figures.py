"""What the collector tells of itself every ten seconds, in the row of the journal that it writes anyway."""

import re
from collections import Counter, deque
from collections.abc import Iterable

import numpy as np

from boilerwatch.accounts import OUTCOMES
from boilerwatch.journal import Journal
from boilerwatch.model import Batch, Figures
from collector.quarantine import Refusal
from collector.session import Session

_EVERY_MS = 10_000
_BATCHES = 4_096
_NO_WORD = re.compile(r"[^a-z0-9]+")
_MOST_REASONS = 40


class CollectorFigures:
    """Counts since the process began, and how long batches took since they were last told."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(dict.fromkeys(("received", *OUTCOMES), 0))
        self._reasons: Counter[str] = Counter()
        self._batches_ms: deque[float] = deque(maxlen=_BATCHES)
        self._told_ms = 0

    def add(self, batch: Batch, refusals: Iterable[Refusal]) -> None:
        """Count a batch that is about to go to the journal."""
        for outcome, counts in batch.ledger.items():
            self._counts[outcome] += int(counts.sum())
        for refusal in refusals:
            word = reason_of(refusal.reason)
            self._reasons[word if word in self._reasons or len(self._reasons) < _MOST_REASONS else "other"] += 1

    def took(self, seconds: float) -> None:
        """Note how long a batch took from its closing until it was durable. [s]"""
        self._batches_ms.append(seconds * 1000)

    def due(self, now_ms: int, session: Session, journal: Journal) -> Figures:
        """Return the figures every ten seconds, in between none."""
        if now_ms - self._told_ms < _EVERY_MS:
            return {}
        self._told_ms = now_ms
        figures: Figures = {
            "told_at_ms": now_ms, "connected": session.connected, **self._counts,
            "dropped_qos0": session.counters["dropped_qos0"], "oversized": session.counters["oversized"],
            "possible_loss": session.possible_loss, "journal_bytes": journal.size_bytes(),
            **{f"quarantined_{reason}": count for reason, count in self._reasons.items()},
        }  # fmt: skip
        if self._batches_ms:
            figures["batch_ms_p99"] = float(np.quantile(self._batches_ms, 0.99))
            self._batches_ms.clear()
        return figures


def reason_of(sentence: str) -> str:
    """Return the word for a reason: what stands before its colon.

    Examples
    --------
    >>> reason_of("bad time: ts 7 lies before 2000")
    'bad_time'
    """
    return _NO_WORD.sub("_", sentence.partition(":")[0].lower()).strip("_") or "unknown"
