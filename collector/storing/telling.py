"""What storing tells of the way that readings take: its own row of `pipeline`, other rooms' rows, and `site_link`.

Other rooms hand their figures over in the rows of their journals; see docs/decisions/0005-figures-in-journal-rows.md.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from boilerwatch.accounts import COUNTS, OUTCOMES, Accounts, Fresh
from boilerwatch.model import Figures, Finding, Floats, Ints
from boilerwatch.store.protocol import Point
from collector.storing.boilers import Boilers
from collector.storing.lags import Lags

#: A clock that is off by more is wrong, and what it stamps says nothing of lags.
WRONG_CLOCK_MS = 60_000
_SAMPLES_A_TURN = 2_000


class Way:
    """Lags of what was stored."""

    def __init__(self) -> None:
        self._to_journal, self._to_store = Lags(), Lags()

    def add(self, fresh: Fresh, accounts: Accounts, stored_ms: int) -> None:
        """Take readings that were stored just now; of many, some."""
        some = slice(None, None, len(fresh.slot) // _SAMPLES_A_TURN + 1)
        right = np.abs(accounts.skew_ms(fresh.slot[some])) <= WRONG_CLOCK_MS
        ts_ms = fresh.ts_ms[some][right]
        self._to_journal.add(fresh.received_at_ms[some][right] - ts_ms)
        self._to_store.add(stored_ms - ts_ms)

    def take(self) -> dict[str, float]:
        """Return the lags since the last call."""
        return self._to_store.take("lag") | self._to_journal.take("journal_lag")


def totals(accounts: Accounts) -> Figures:
    """Return the ledger's totals as they are in memory, and whose clock is wrong."""
    every = np.arange(len(accounts))
    counts = {name: int(accounts.of[name][every].sum()) for name in COUNTS}
    skewed = np.abs(accounts.skew_ms(every)) > WRONG_CLOCK_MS
    return {
        **counts, "balanced": counts["received"] == sum(counts[name] for name in OUTCOMES), "gaps": accounts.gaps,
        "skewed_boilers": int(skewed.sum()),
    }  # fmt: skip


def room_point(room: str, figures: Figures, at_ms: int) -> Point:
    """Return a room's figures, which say themselves when they were taken, as its row of `pipeline`."""
    fields = dict(figures)
    at_ms = int(fields.pop("told_at_ms", at_ms))
    return Point("pipeline", {"room": room}, fields, at_ms)


class Links:
    """Boilers by site, and who is silent, as the detectors said last."""

    def __init__(self) -> None:
        self._boilers: set[str] = set()
        self._whole: set[str] = set()
        self._names: dict[str, int] = {}
        self._site = np.zeros(0, np.int64)

    def learn(self, findings: Iterable[Finding]) -> None:
        """Take what detectors said of silence."""
        for finding in findings:
            if finding.kind != "silent":
                continue
            known, name = (self._boilers, finding.boiler) if finding.boiler else (self._whole, finding.site)
            (known.discard if finding.state == "cleared" else known.add)(name)

    def points(self, accounts: Accounts, boilers: Boilers, now_ms: int) -> list[Point]:
        """Return `site_link` of every site."""
        site = self._sites(accounts)
        count = len(self._names)
        silent = np.zeros(len(site), np.bool_)
        silent[[slot for slot in map(accounts.find, self._boilers) if slot is not None]] = True
        silent |= np.isin(site, [self._names[name] for name in self._whole if name in self._names])
        own = np.array([bool(name) for name in accounts.ids], np.bool_)  # what names no boiler has an account too
        sums = {
            "boilers": np.bincount(site, own, count), "silent": np.bincount(site, silent, count),
            **{name: np.bincount(site, accounts.of[name][: len(site)], count) for name in ("lost", "received")},
        }  # fmt: skip
        told = np.flatnonzero(accounts.of["seen"][: len(site)] > 0)
        skew_s = np.abs(accounts.skew_ms(told)) / 1000
        skews = {f"skew_p{part}_s": _share(site[told], skew_s, count, part) for part in (50, 95)}
        points = []
        for name, number in self._names.items():
            fields: dict[str, Any] = {field: int(values[number]) for field, values in sums.items()}
            fields |= {field: float(values[number]) for field, values in skews.items() if np.isfinite(values[number])}
            tags = {"site": name, "region": boilers.regions.get(name, "")}
            if fields["boilers"]:
                points.append(Point("site_link", {tag: value for tag, value in tags.items() if value}, fields, now_ms))
        return points

    def _sites(self, accounts: Accounts) -> Ints:
        fresh = [self._names.setdefault(name, len(self._names)) for name in accounts.sites[len(self._site) :]]
        self._site = np.concatenate([self._site, np.array(fresh, np.int64)])
        return self._site

    def plain(self) -> dict[str, list[str]]:
        """Return who is silent, for a snapshot."""
        return {"boilers": sorted(self._boilers), "sites": sorted(self._whole)}

    def load(self, plain: dict[str, list[str]]) -> None:
        """Take a snapshot."""
        self._boilers, self._whole = set(plain["boilers"]), set(plain["sites"])


def _share(group: Ints, values: Floats, count: int, part: float) -> Floats:
    """Return the value that a share of each group does not exceed, NaN of an empty one, shape (count,)."""
    order = np.lexsort((values, group))
    sizes = np.bincount(group, minlength=count)
    ends = np.cumsum(sizes)
    place = ends - sizes + np.maximum(np.ceil(sizes * part / 100).astype(np.int64) - 1, 0)
    ordered = np.append(values[order], np.nan)
    return np.where(sizes > 0, ordered[np.minimum(place, len(values))], np.nan)
