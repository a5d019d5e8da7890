"""Links as they are: gateways that go away and come back with a backlog, say things twice, garble them, tell a wrong time.

It works on what gateways say, between them and the broker, so every dialect suffers it in its own form. What has its own
time and QoS 1 is kept through an absence and sent newest first; the rest is lost, as it is in the field. Some gateways
repeat their past: all they say is retained, so that a broker hands it out again to whoever subscribes anew, and when they
are back they say their last value again as if it were new.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from simulators.dialects import Gateway, Moment, Publication, speaker_of

_DAY_MS = 86_400_000
#: From power to the first reading. [ms]
_START_MS = 8_000
#: Dialects that tell their own time; their gateways keep what they could not send.
WITH_TIME = ("native", "thingsboard", "mapped")
#: A past that is said again comes so long before the first new reading. [ms]
PAST_BEFORE_MS = 900
#: A gateway that has lost its clock asks for the time again after so long. [ms]
CLOCK_LOST_MS = 420_000


class Troubles(NamedTuple):
    """How bad a link is; rates are of simulated households, not measured ones.

    Attributes
    ----------
    absences_a_day, absence_h
        How often a gateway goes away, and for how long on average. [1/d, h]
    outages_a_day, outage_h
        The same for a whole site. [1/d, h]
    gaps_a_day, gap_h
        The same for gateways that stay away for days. [1/d, h]
    repeated, garbled
        Share of publications that come twice, and that arrive torn. [-]
    rebooted
        Share of returns from an absence that are a restart, with a new boot id. [-]
    clock_lost
        Share of restarts after which a gateway tells the time since it started for some minutes, until it has asked. [-]
    skew_s, drift_ppm
        Spread of the clocks' error at first, and of its growth. [s, 1e-6]
    kept
        Publications a gateway keeps while it is away; the oldest go first.
    past_repeated
        Share of gateways that have the broker retain what they say, and say their last value anew when they are back. [-]
    """

    absences_a_day: float = 0.5
    absence_h: float = 1.0
    outages_a_day: float = 0.02
    outage_h: float = 2.0
    repeated: float = 0.002
    garbled: float = 0.0005
    rebooted: float = 0.3
    skew_s: float = 20.0
    drift_ppm: float = 30.0
    kept: int = 5_000
    past_repeated: float = 0.15
    gaps_a_day: float = 0.004
    gap_h: float = 36.0
    clock_lost: float = 0.2

    @classmethod
    def none(cls) -> Self:
        """Return a good link."""
        return cls(0, 1, 0, 1, 0, 0, 0, 0, 0, past_repeated=0, gaps_a_day=0, clock_lost=0)


class Absences:
    """Times away, drawn as they are reached.

    Parameters
    ----------
    random
        Its own stream.
    a_day, mean_h
        How often and how long. [1/d, h]
    """

    def __init__(self, random: np.random.Generator, a_day: float, mean_h: float) -> None:
        self._random = random
        self._wait_ms = _DAY_MS / a_day if a_day else 0.0
        self._mean_ms = mean_h * 3_600_000
        self._start_ms = self._end_ms = 0.0

    def cover(self, ts_ms: int) -> bool:
        """Return whether it is away; asked in order of time. [ms since 1970]"""
        if not self._wait_ms:
            return False
        if not self._end_ms:
            self._draw(ts_ms)
        while ts_ms >= self._end_ms:
            self._draw(self._end_ms)
        return ts_ms >= self._start_ms

    def between(self, start_ms: int, end_ms: int) -> list[tuple[float, float]]:
        """Return all times away that begin in a stretch of time; asked once, in place of `cover`. [ms since 1970]"""
        found: list[tuple[float, float]] = []
        if self._wait_ms:
            self._draw(start_ms)
            while self._start_ms < end_ms:
                found.append((self._start_ms, self._end_ms))
                self._draw(self._end_ms)
        return found

    def _draw(self, from_ms: float) -> None:
        self._start_ms = from_ms + self._random.exponential(self._wait_ms)
        self._end_ms = self._start_ms + self._random.exponential(self._mean_ms)


class BadLink:
    """A speaker behind a bad link; a speaker itself.

    Parameters
    ----------
    gateway, dialect, boot
        Who speaks.
    site
        The absences of its whole site.
    random
        Its own stream.
    troubles
        How bad it is.
    """

    def __init__(
        self, gateway: Gateway, dialect: str, boot: str, site: Absences, random: np.random.Generator, troubles: Troubles
    ) -> None:
        self._gateway, self._dialect, self._boot = gateway, dialect, boot
        self._speaker = speaker_of(dialect, gateway, boot)
        self._site = site
        self._own = Absences(random.spawn(1)[0], troubles.absences_a_day, troubles.absence_h)
        self._random = random
        self._troubles = troubles
        self._skew_ms = random.normal(0, troubles.skew_s * 1_000)
        self._drift = random.normal(0, troubles.drift_ppm * 1e-6)
        self._first_ms = 0
        self._boots = 0
        self._is_away = False
        self._kept: deque[Publication] = deque(maxlen=troubles.kept)
        self._repeats_past = random.spawn(1)[0].random() < troubles.past_repeated
        self._last: Moment | None = None
        self._gaps = Absences(random.spawn(1)[0], troubles.gaps_a_day, troubles.gap_h)
        self._clocks = random.spawn(1)[0]
        self._started_ms = 0
        self._asks_ms = 0

    def will(self) -> Publication | None:
        """Return the speaker's last will."""
        return self._speaker.will()

    def birth(self) -> list[Publication]:
        """Return what the speaker says on connecting."""
        return self._speaker.birth()

    def say(self, moment: Moment) -> list[Publication]:
        """Return what gets through: nothing while away; on coming back birth, past, this moment, then the backlog."""
        is_away = any(one.cover(moment.ts_ms) for one in (self._site, self._own, self._gaps))
        is_back, self._is_away = self._is_away and not is_away, is_away
        if is_back and self._random.random() < self._troubles.rebooted:
            self._boots += 1
            self._started_ms = moment.ts_ms - _START_MS
            self._asks_ms = moment.ts_ms + CLOCK_LOST_MS * (self._clocks.random() < self._troubles.clock_lost)
            self._speaker = speaker_of(self._dialect, self._gateway, f"{self._boot}-{self._boots}")
        past = self._past(moment.ts_ms) if is_back else []
        said = self._speaker.say(moment._replace(ts_ms=self._clock_ms(moment.ts_ms)))
        if is_away:
            if self._dialect in WITH_TIME:
                self._kept.extend(said)
            return []
        if is_back:
            said = [*self._speaker.birth(), *past, *said, *reversed(self._kept)]
            self._kept.clear()
        self._last = moment
        return self._carried([one._replace(retain=True) for one in said] if self._repeats_past else said)

    def _past(self, now_ms: int) -> list[Publication]:
        """Return what was said last before an absence, said again with a time of now: a value that is old, and looks new."""
        if self._last is None or not self._repeats_past:
            return []
        return self._speaker.say(self._last._replace(ts_ms=self._clock_ms(now_ms - PAST_BEFORE_MS)))

    def _clock_ms(self, ts_ms: int) -> int:
        """Return the time by the gateway's clock, which a restart sets right, though not always at once."""
        self._first_ms = self._first_ms or ts_ms
        if self._boots:
            return ts_ms - self._started_ms if ts_ms < self._asks_ms else ts_ms
        return round(ts_ms + self._skew_ms + (ts_ms - self._first_ms) * self._drift)

    def _carried(self, said: Sequence[Publication]) -> list[Publication]:
        found = []
        for one, repeat, tear in zip(said, self._random.random(len(said)), self._random.random(len(said)), strict=True):
            carried = one
            if tear < self._troubles.garbled and len(one.payload) > 1:
                cut = int(self._random.integers(1, len(one.payload)))
                carried = one._replace(payload=one.payload[:cut] + (b"\xff" if cut % 2 else b""))
            found += [carried, carried] if repeat < self._troubles.repeated else [carried]
        return found


def bad_links(
    members: Sequence[tuple[Gateway, str]], boot: str, seed: int, troubles: Troubles
) -> list[BadLink]:  # fmt: skip
    """Return a speaker behind a bad link for each (gateway, dialect); equal seeds give equal links."""
    random = np.random.default_rng(seed)
    sites: dict[str, Absences] = {}
    found = []
    for gateway, dialect in members:
        if gateway.site not in sites:
            sites[gateway.site] = Absences(random.spawn(1)[0], troubles.outages_a_day, troubles.outage_h)
        found.append(BadLink(gateway, dialect, boot, sites[gateway.site], random.spawn(1)[0], troubles))
    return found
