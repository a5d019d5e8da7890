"""`/metrics` for Prometheus: the rooms' processes and the journals between them, told by the supervisor."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from boilerwatch.errors import SettingsError
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, open_reader
from boilerwatch.settings import Settings

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Running(Protocol):
    """What is told of a room."""

    restarts: int

    def pid(self) -> int | None:
        """Return its process, None while it is down."""
        ...


class Rooms(Collector):
    """Collects when it is asked; nothing is counted in between.

    Parameters
    ----------
    rooms
        By name.
    """

    def __init__(self, settings: Settings, rooms: Mapping[str, Running]) -> None:
        self._rooms = rooms
        self._readers = {stream: open_reader(settings, stream) for stream in (READINGS, FINDINGS, SERVICE)}

    def collect(self) -> Iterable[Metric]:
        """Return the figures of this moment."""
        up = GaugeMetricFamily("boilerwatch_room_up", "Whether the room's process lives.", labels=["room"])
        restarts = CounterMetricFamily("boilerwatch_room_restarts", "Deaths of the room so far.", labels=["room"])
        cpu = CounterMetricFamily("boilerwatch_room_cpu_seconds", "CPU of the room's present process.", labels=["room"])
        memory = GaugeMetricFamily("boilerwatch_room_resident_bytes", "Memory of the room's process.", labels=["room"])
        for name, room in self._rooms.items():
            pid = room.pid()
            up.add_metric([name], float(pid is not None))
            restarts.add_metric([name], room.restarts)
            cpu_s, resident = usage(pid) if pid is not None else (0.0, 0.0)
            cpu.add_metric([name], cpu_s)
            memory.add_metric([name], resident)
        return [up, restarts, cpu, memory, *self._journals()]

    def _journals(self) -> Iterable[Metric]:
        size = GaugeMetricFamily("boilerwatch_journal_bytes", "Size of a stream on disk.", labels=["stream"])
        behind = GaugeMetricFamily(
            "boilerwatch_journal_rows_behind", "Rows that a consumer has not said to be done with.", labels=["stream", "consumer"]
        )  # fmt: skip
        for stream, reader in self._readers.items():
            size.add_metric([stream], reader.size_bytes())
            last = reader.last()
            for consumer, position in reader.positions().items():
                behind.add_metric([stream, consumer], last - position)
        return size, behind


def serve(settings: Settings, rooms: Mapping[str, Running]) -> None:
    """Answer on loopback at the port of the settings; nothing without one.

    Raises
    ------
    SettingsError
        If the port is in use.
    """
    port = settings.log.metrics_port
    if not port:
        return
    registry = CollectorRegistry()
    registry.register(Rooms(settings, rooms))
    try:
        start_http_server(port, "127.0.0.1", registry)
    except OSError as exc:
        raise SettingsError(f"[log] metrics_port {port} cannot be used: {exc.strerror}; choose another one") from exc


def usage(pid: int) -> tuple[float, float]:
    """Return (CPU seconds, resident bytes) of a process; zeros once it is gone (proc(5))."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        resident = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return 0.0, 0.0
    return (int(stat[11]) + int(stat[12])) / _TICKS, float(resident * _PAGE_BYTES)
