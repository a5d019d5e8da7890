"""How long boilers were watched, and which codes they really showed: what a score's rates are taken over.

A data set tells both in `dataset.json` beside its truth; a recording tells them in its readings.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from boilerwatch.errors import InputError
from boilerwatch.model import Batch
from boilerwatch.readings_file import read_batches
from boilerwatch.wire import format_time, parse_time
from simulators.episode import Episode
from simulators.score import ActiveCode
from simulators.truth import Truth

NAME = "dataset.json"
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Watch:
    """What was watched.

    Attributes
    ----------
    boiler_days
        Days from first to last reading, all boilers together. [d]
    codes
        Codes really shown; None where that is not known.
    """

    boiler_days: float
    codes: tuple[ActiveCode, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what stands in `dataset.json`."""
        return {"boiler_days": self.boiler_days, "codes": [_plain(code) for code in self.codes or ()]}


def _plain(code: ActiveCode) -> list[str | None]:
    return [
        code.boiler,
        code.code,
        format_time(code.start_ms),
        None if code.end_ms is None else format_time(code.end_ms),
    ]


def watch_beside(truth: Path) -> Watch | None:
    """Return what the `dataset.json` beside a truth says, or None without one.

    Raises
    ------
    InputError
        If there is one that cannot be understood.
    """
    path = truth.with_name(NAME)
    if not path.exists():
        return None
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        codes = tuple(
            ActiveCode(str(boiler), str(code), parse_time(start), None if end is None else parse_time(end))
            for boiler, code, start, end in plain["codes"]
        )
        return Watch(float(plain["boiler_days"]), codes)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError) as exc:
        raise InputError(
            f"{path} is no description of a data set: {exc!r:.100}; delete it or name --boiler-days"
        ) from exc


def watch_of_readings(path: Path) -> Watch:
    """Return what readings say of themselves.

    Raises
    ------
    InputError
        If the file cannot be read.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    codes = CodeSpans()
    for batch in read_batches(path, Counter()):
        _note_spans(batch, first, last)
        for event in batch.events:
            codes.tell(batch.sources[event.source].boiler, event.code, event.active, event.ts_ms)
    return Watch(sum(last[name] - first[name] for name in first) / DAY_MS, codes.all())


def _note_spans(batch: Batch, first: dict[str, int], last: dict[str, int]) -> None:
    for number in np.unique(batch.source).tolist():
        boiler, own = batch.sources[number].boiler, batch.ts_ms[batch.source == number]
        low, high = int(own.min()), int(own.max())
        first[boiler] = min(first.get(boiler, low), low)
        last[boiler] = max(last.get(boiler, high), high)


class CodeSpans:
    """From codes that come and go to spans in which they were active."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, str], int] = {}
        self._closed: list[ActiveCode] = []

    def tell(self, boiler: str, code: str, active: bool, at_ms: int) -> None:
        """Take one event. [ms since 1970]"""
        if active:
            self._open.setdefault((boiler, code), at_ms)
        elif (start_ms := self._open.pop((boiler, code), None)) is not None:
            self._closed.append(ActiveCode(boiler, code, start_ms, at_ms))

    def all(self) -> tuple[ActiveCode, ...]:
        """Return all spans, by time."""
        still = [ActiveCode(boiler, code, start_ms, None) for (boiler, code), start_ms in self._open.items()]
        return tuple(sorted([*self._closed, *still], key=lambda one: (one.start_ms, one.boiler, one.code)))


def estimated(episodes: Sequence[Episode], truth: Iterable[Truth], boilers: Iterable[str] = ()) -> Watch:
    """Return a guess from what is named: all boilers named, over the time from the first moment named to the last."""
    faults = list(truth)
    moments = [one.raised_ms for one in episodes]
    for fault in faults:
        moments += [at for at in (fault.onset_ms, fault.failure_ms, fault.repaired_ms) if at is not None]
    named = {*boilers, *(one.boiler for one in episodes if one.boiler), *(fault.boiler for fault in faults)}
    return Watch(len(named) * (max(moments) - min(moments)) / DAY_MS if moments else 0.0)
