"""Bad links as a file shows them: the troubles of `bad_links`, over whole columns of rows at once.

What a gateway with a clock of its own could not send comes when it is back, newest first; what one without could not
send is gone, and what it sends bears its arrival. Some say their last reading anew when they are back, with a time of
then. The order of rows that come out is the order of arrival.
"""

from dataclasses import dataclass

import numpy as np

from boilerwatch.model import Floats, Ints
from simulators.bad_links import CLOCK_LOST_MS, PAST_BEFORE_MS, Absences, Troubles
from simulators.past import Past
from simulators.rows import Bools, Rows

#: From gateway to file; from being back to the backlog, which the first reading precedes; between two of its lines. [ms]
_LATENCY_MS = (20, 800)
_FIRST_MS = 2_000
_BACKLOG_MS = 20
_REPEAT_MS = 400


@dataclass(frozen=True, slots=True)
class Gateways:
    """The fleet's gateways; arrays of shape (boilers,).

    Attributes
    ----------
    site
        Number of the site each stands at.
    has_clock
        Whether it tells its own time, and keeps what it could not send.
    interval_ms
        How often it speaks. [ms]
    """

    site: Ints
    has_clock: Bools
    interval_ms: Ints


class FileLinks:
    """The links of a fleet over the time of a data set.

    Parameters
    ----------
    seed
        Equal seeds give equal links.
    start_ms, end_ms
        Time of the data. [ms since 1970]
    """

    def __init__(self, gateways: Gateways, seed: int, start_ms: int, end_ms: int, troubles: Troubles) -> None:
        self._gateways, self._troubles, self._start_ms = gateways, troubles, start_ms
        self._random = random = np.random.default_rng([seed, 1])
        count = len(gateways.site)
        self._key_ms = 2 * (end_ms - start_ms) + 1
        outages = {
            int(site): Absences(random.spawn(1)[0], troubles.outages_a_day, troubles.outage_h).between(start_ms, end_ms)
            for site in np.unique(gateways.site)
        }
        spans: list[list[tuple[float, float]]] = []
        more = np.random.default_rng([seed, 3])
        for site, own, long in zip(gateways.site.tolist(), random.spawn(count), more.spawn(count), strict=True):
            away = Absences(own, troubles.absences_a_day, troubles.absence_h).between(start_ms, end_ms)
            gaps = Absences(long, troubles.gaps_a_day, troubles.gap_h).between(start_ms, end_ms)
            spans.append(_merged([*away, *gaps, *outages[site]]))
        flat = np.array([one for those in spans for one in those]).reshape(-1, 2)
        self._span_start, self._span_end = flat[:, 0], flat[:, 1]
        self._offset = np.concatenate([[0], np.cumsum([len(those) for those in spans])])
        owner = np.repeat(np.arange(count), np.diff(self._offset))
        self._span_key = owner * self._key_ms + (self._span_start - start_ms)
        self._reboots = np.concatenate([[0], np.cumsum(random.random(len(flat)) < troubles.rebooted)])
        self._clock_lost = np.append(more.random(len(flat)) < troubles.clock_lost, False)
        self._skew_ms = random.normal(0, troubles.skew_s * 1_000, count)
        self._drift = random.normal(0, troubles.drift_ppm * 1e-6, count)
        self._boot_base = random.integers(1, 2**31, count)
        self._boots, self._seq = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self._waiting: Rows | None = None
        habits = np.random.default_rng([seed, 2]).random(count) < troubles.past_repeated
        self._past = Past(np.flatnonzero(habits), PAST_BEFORE_MS)

    def carry(self, rows: Rows, until_ms: int) -> Rows:
        """Return what arrives before `until_ms`, in order of arrival.

        Parameters
        ----------
        rows
            What gateways say, in order of true time, after all rows of earlier calls.
        """
        rows, backlog_ms = self._stamp(rows)
        low, high = _LATENCY_MS
        direct_ms = rows.at_ms + self._random.integers(low, high, len(rows))
        rows.received_ms = np.where(np.isnan(backlog_ms), direct_ms, np.nan_to_num(backlog_ms)).astype(np.int64)
        has_clock = self._gateways.has_clock[rows.boiler]
        rows.ts_ms = np.where(has_clock, rows.ts_ms, rows.received_ms)
        rows = self._spoil(rows)
        if self._waiting is not None:
            rows = self._waiting.then(rows)
        rows = rows.take(np.argsort(rows.received_ms, kind="stable"))
        arrived = int(np.searchsorted(rows.received_ms, until_ms))
        everything = np.arange(len(rows))
        self._waiting = rows.take(everything[arrived:])
        return rows.take(everything[:arrived])

    def _stamp(self, rows: Rows) -> tuple[Rows, Floats]:
        """Give rows clock, boot and seq; return those that are ever sent, and when a backlog is, NaN for the others."""
        away, _, ended = self._absences(rows)
        rows = self._past.said_again(rows, ~away, ended)
        is_away, end_ms, ended = self._absences(rows)
        boiler, at_ms = rows.boiler, rows.at_ms
        boots = self._reboots[ended] - self._reboots[self._offset[boiler]]
        has_clock = self._gateways.has_clock[boiler]
        fault_ms = self._skew_ms[boiler] + self._drift[boiler] * (at_ms - self._start_ms)
        rows.ts_ms = at_ms + np.where(boots == 0, fault_ms, 0).astype(np.int64)
        self._lose_clocks(rows, ended)
        rows.seq = np.where(has_clock, self._numbered(boiler, boots), -1)
        rows.boot = np.where(has_clock, self._boot_base[boiler] + boots, -1)
        interval_ms = self._gateways.interval_ms[boiler]
        back_ms = (
            self._start_ms + np.ceil((np.where(is_away, end_ms, 0.0) - self._start_ms) / interval_ms) * interval_ms
        )
        place = np.maximum(np.ceil((back_ms - at_ms) / interval_ms) - 1, 0)
        backlog_ms = np.where(is_away, back_ms + _FIRST_MS + place * _BACKLOG_MS, np.nan)
        is_code = rows.code >= 0  # one without a clock still shows its code when it is back
        sent = ~is_away | is_code | (has_clock & (place < self._troubles.kept))
        return rows.take(sent), backlog_ms[sent]

    def _lose_clocks(self, rows: Rows, ended: Ints) -> None:
        """Let gateways that restarted without a clock tell the time since then, until they have asked for it."""
        span = np.where(ended > self._offset[rows.boiler], ended - 1, -1)  # the absence it is back from
        restarted = np.append(np.diff(self._reboots) > 0, False)[span] & self._clock_lost[span]
        since_ms = rows.at_ms - np.append(self._span_end, np.inf)[span]
        lost = restarted & (since_ms >= 0) & (since_ms < CLOCK_LOST_MS)
        rows.ts_ms[lost] = since_ms[lost].astype(np.int64)

    def _absences(self, rows: Rows) -> tuple[Bools, Floats, Ints]:
        """Return whether each row falls into an absence, when that ends, and the number of the next that has not ended."""
        boiler, at_ms = rows.boiler, rows.at_ms
        span = np.searchsorted(self._span_key, boiler * self._key_ms + (at_ms - self._start_ms), side="right") - 1
        known = span >= self._offset[boiler]
        end_ms = np.append(self._span_end, -np.inf)[np.where(known, span, -1)]
        is_away = at_ms < end_ms
        return is_away, end_ms, np.where(known, span + 1 - is_away, self._offset[boiler])

    def _numbered(self, boiler: Ints, boots: Ints) -> Ints:
        """Return the number of each publication within its boot, going on where the last call ended."""
        order = np.argsort(boiler, kind="stable")
        who, boot = boiler[order], boots[order]
        place = np.arange(len(who))
        is_first = np.concatenate([[True], who[1:] != who[:-1]])[: len(who)]
        before = np.where(is_first, self._boots[who], np.concatenate([[0], boot[:-1]])[: len(who)])
        is_reset = boot != before
        begin = np.maximum.accumulate(np.where(is_first | is_reset, place, 0))
        number = place - begin + np.where(is_reset[begin], 0, self._seq[who])
        self._boots[who], self._seq[who] = boot, number + 1  # the last of each boiler stays
        found = np.empty(len(who), np.int64)
        found[order] = number
        return found

    def _spoil(self, rows: Rows) -> Rows:
        """Send some twice and tear some."""
        again = rows.take(self._random.random(len(rows)) < self._troubles.repeated)
        again.received_ms = again.received_ms + _REPEAT_MS
        rows = rows.then(again)
        is_torn = self._random.random(len(rows)) < self._troubles.garbled
        rows.torn = np.where(is_torn, self._random.integers(1, 10_000, len(rows)), 0)
        return rows


def _merged(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans in order, those that touch made one."""
    found: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
