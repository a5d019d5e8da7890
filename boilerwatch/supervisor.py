"""One process a room; a room that dies restarts with backoff and the others go on."""

import ctypes
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from boilerwatch.clock import SYSTEM

ROOMS = ("collector", "storing", "detectors", "alerting")
_POLL_S = 0.2
_GRACE_S = 10.0
_FIRST_S, _LONGEST_S, _HEALTHY_S = 0.5, 30.0, 60.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


class Room:
    """One child process and its restarts."""

    def __init__(self, name: str, settings: Path | None) -> None:
        self.name = name
        self._settings = settings
        self.process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._again_s = 0.0
        self._delay_s = _FIRST_S

    def tend(self, now_s: float) -> None:
        """Start it, or start it again when its time has come."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None:
            code = self.process.returncode
            self.process = None
            if now_s - self._started_s > _HEALTHY_S:
                self._delay_s = _FIRST_S
            self._again_s = now_s + random.uniform(self._delay_s / 2, self._delay_s)
            self._delay_s = min(self._delay_s * 2, _LONGEST_S)
            log.error("room_died", room=self.name, exit_code=code)
        if now_s >= self._again_s:
            self._started_s = now_s
            named = ["--settings", str(self._settings)] if self._settings else []
            command = [sys.executable, "-m", "boilerwatch.cli.main", "run", self.name, *named]
            self.process = subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: PLW1509 -- one call, no locks

    def stop(self) -> None:
        """Ask it to drain and end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)

    def end(self, timeout_s: float) -> None:
        """Wait for its end, then insist."""
        if self.process is None:
            return
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("room_killed", room=self.name)
            self.process.kill()
            self.process.wait()


def supervise(settings: Path | None, stop: threading.Event) -> None:
    """Keep all rooms running until `stop` is set; then end them within 15 s."""
    rooms = [Room(name, settings) for name in ROOMS]
    while not stop.is_set():
        for room in rooms:
            room.tend(SYSTEM.monotonic_s())
        stop.wait(_POLL_S)
    for room in rooms:
        room.stop()
    until_s = SYSTEM.monotonic_s() + _GRACE_S
    for room in rooms:
        room.end(max(until_s - SYSTEM.monotonic_s(), 0.1))


def _die_with_parent() -> None:
    """A room must not outlive its supervisor, even one that was killed; signals of the terminal go to the supervisor."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
