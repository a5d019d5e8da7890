"""A fleet live over MQTT, each boiler in its own gateway's dialect, in real time or catching up from a start in the past.

Few gateways have a connection each, with their last will, as in the field; many share one, and their last words are
said for them when the fleet stops. Native telemetry goes in bulk.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import structlog

from boilerwatch.clock import Clock
from boilerwatch.errors import BoilerwatchError
from boilerwatch.model import Floats, Ints
from boilerwatch.settings import MqttSettings
from simulators.bad_links import Troubles, bad_links
from simulators.bulk import BulkNative
from simulators.dialects import Gateway, Moment, Publication, Speaker, speaker_of
from simulators.dialects.native import Native
from simulators.publisher import Publisher

#: Up to so many gateways have a connection of their own.
OWN_CONNECTIONS = 200
_DRAIN_S = 10.0

log = structlog.get_logger()


class Member(NamedTuple):
    """A boiler of the fleet: its gateway and the dialect that gateway speaks."""

    gateway: Gateway
    dialect: str


class Shown(NamedTuple):
    """What boilers show at a step.

    Attributes
    ----------
    boiler
        Index of each row's boiler, shape (n,).
    ts_ms
        Time of each row, shape (n,). [ms since 1970]
    signals
        Signal -> values at the sensor's resolution, shape (n,), NaN where not fitted.
    codes
        (boiler's index, time in ms, code, whether it is active) of each that appeared or went.
    """

    boiler: Ints
    ts_ms: Ints
    signals: dict[str, Floats]
    codes: Sequence[tuple[int, int, str, bool]] = ()


class LiveFleet(Protocol):
    """What is published."""

    members: Sequence[Member]

    def show(self, now_s: float) -> Shown:
        """Advance to `now_s` and return what is to be published. [s since 1970]"""
        ...


class Pace(NamedTuple):
    """How time goes.

    Attributes
    ----------
    start_s
        Where it begins, now or in the past. [s since 1970]
    interval_s
        Time of the fleet between two steps. [s]
    speed
        Seconds of the fleet a second until now is reached, 0 for as fast as it goes; then real time.
    seconds
        Ends after so long by the clock on the wall, 0 for never. [s]
    """

    start_s: float
    interval_s: float
    speed: float = 1.0
    seconds: float = 0.0


class Tally(NamedTuple):
    """What a run published."""

    published: int
    acknowledged: int
    refused: int


class Live:
    """A fleet on a broker.

    Parameters
    ----------
    fleet
        The boilers.
    mqtt
        The broker.
    clock
        Where now comes from; the fleet never gets ahead of it.
    troubles
        How bad the links are; None for good ones.
    """

    def __init__(
        self, fleet: LiveFleet, mqtt: MqttSettings, clock: Clock, troubles: Troubles | None = None
    ) -> None:  # fmt: skip
        self._fleet = fleet
        self._clock = clock
        boot = f"sim-{clock.now_ms()}"
        members = fleet.members
        self._own = len(members) <= OWN_CONNECTIONS
        self._bulk = BulkNative([(one.gateway.site, one.gateway.boiler) for one in members], boot)
        self._is_bulk = np.array([one.dialect == "native" for one in members], np.bool_) & (not self._own)
        self._speakers: list[Speaker] = [speaker_of(one.dialect, one.gateway, boot) for one in members]
        if troubles is not None:
            self._speakers = [*bad_links(members, boot, len(members), troubles)]
            self._is_bulk[:] = False
        self._active: dict[int, tuple[str, ...]] = {}
        if self._own:
            self._publishers = [
                Publisher(mqtt, f"sim-{one.gateway.boiler}", speaker.will(), speaker.birth())
                for one, speaker in zip(members, self._speakers, strict=True)
            ]
        else:
            self._publishers = [Publisher(mqtt, boot, None, ())]

    async def run(self, pace: Pace, stop: threading.Event) -> Tally:
        """Publish until `stop` is set or the pace ends.

        Raises
        ------
        BoilerwatchError
            If the broker refuses the login.
        """
        leaving, done = asyncio.Event(), asyncio.Event()
        try:
            async with asyncio.TaskGroup() as tasks:
                for publisher in self._publishers:
                    tasks.create_task(publisher.run(leaving, self._clock))
                watch = tasks.create_task(self._watch(stop, done))
                steps = tasks.create_task(self._steps(pace, done))
                await asyncio.wait({watch, steps}, timeout=pace.seconds or None, return_when=asyncio.FIRST_COMPLETED)
                done.set()
                await asyncio.wait({steps}, timeout=0 if self._publishers[0].trouble else _DRAIN_S / 2)
                steps.cancel()
                await self._leave()
                leaving.set()
        except* BoilerwatchError as group:
            raise group.exceptions[0] from None
        counts = [(one.sent, one.acknowledged, one.refused) for one in self._publishers]
        return Tally(*(sum(column) for column in zip(*counts, strict=True)))

    async def _steps(self, pace: Pace, done: asyncio.Event) -> None:
        began_s = self._clock.monotonic_s()
        if not self._own:
            await self._publishers[0].send([word for speaker in self._speakers for word in speaker.birth()])
        at_s = pace.start_s
        while not done.is_set():
            real_s = self._clock.monotonic_s() - began_s
            now_s = self._clock.now_ms() / 1000
            reached_s = min(pace.start_s + real_s * pace.speed, now_s) if pace.speed else now_s
            if at_s > reached_s:
                lag_s = (at_s - reached_s) / max(pace.speed if reached_s < now_s else 1.0, 1e-9)
                await _sleep(done, min(lag_s, 0.5))
                continue
            shown = await asyncio.to_thread(self._fleet.show, at_s)  # a long step must not keep connections waiting
            await self._publish(shown)
            at_s += pace.interval_s

    async def _publish(self, shown: Shown) -> None:
        for boiler, _, code, active in shown.codes:
            others = tuple(one for one in self._active.get(boiler, ()) if one != code)
            self._active[boiler] = (*others, code) if active else others
        bulk = self._is_bulk[shown.boiler]
        if bulk.any():
            signals = {name: values[bulk] for name, values in shown.signals.items()}
            heads, bodies = self._bulk.payloads(shown.boiler[bulk], shown.ts_ms[bulk], signals)
            await self._publishers[0].send_bulk(heads, bodies)
            await self._publishers[0].send(self._bulk_events(shown))
        rows = np.flatnonzero(~bulk)
        if len(rows):
            await self._speak(rows, shown)

    async def _speak(self, rows: Ints, shown: Shown) -> None:
        """Let each gateway say its reading; at QoS 1 it waits for a broker that is away, at QoS 0 it is lost."""
        names = list(shown.signals)
        table = zip(*(shown.signals[name][rows].tolist() for name in names), strict=True)
        times, indices = shown.ts_ms[rows].tolist(), shown.boiler[rows].tolist()
        waiting = []
        for boiler, ts_ms, row in zip(indices, times, table, strict=True):
            said = self._speakers[boiler].say(
                Moment(ts_ms, dict(zip(names, row, strict=True)), self._active.get(boiler, ()))
            )
            if self._own:
                waiting.append(self._publishers[boiler].send(said))
            else:
                await self._publishers[0].send(said)
        await asyncio.gather(*waiting)

    def _bulk_events(self, shown: Shown) -> list[Publication]:
        found = []
        for boiler, ts_ms, code, active in shown.codes:
            speaker = self._speakers[boiler]
            if self._is_bulk[boiler] and isinstance(speaker, Native):
                found.append(speaker.event(ts_ms, code, active, self._bulk.take_number(boiler)))
        return found

    async def _watch(self, stop: threading.Event, done: asyncio.Event) -> None:
        """Return when told to stop; say once when the broker goes and when it is back."""
        told = ""
        while not (stop.is_set() or done.is_set()):
            trouble = self._publishers[0].trouble
            if bool(trouble) != bool(told):
                log.warning("broker_away" if trouble else "broker_back", error=trouble)
            told = trouble
            await _sleep(done, 0.1)

    async def _leave(self) -> None:
        """Say the last words of gateways that share a connection, and wait for what is on its way to a broker that is there."""
        if self._publishers[0].trouble:
            return
        if not self._own:
            wills = [will for speaker in self._speakers if (will := speaker.will()) is not None]
            try:
                async with asyncio.timeout(_DRAIN_S):
                    await self._publishers[0].send(wills)
            except TimeoutError:
                return
        await asyncio.gather(*(publisher.drained(_DRAIN_S) for publisher in self._publishers))


async def _sleep(done: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(done.wait(), seconds)
    except TimeoutError:
        return
