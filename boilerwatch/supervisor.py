"""One process a room; a room that dies restarts with backoff and the others go on.

What kills a room three times in one place is set aside (`aside`). A room that has not run well for two minutes is told
to people by the supervisor itself, without journals or SQL, and told once more when it is back.
"""

import ctypes
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from boilerwatch import metrics
from boilerwatch.aside import Deaths
from boilerwatch.channels import Channels
from boilerwatch.clock import SYSTEM
from boilerwatch.settings import Settings

ROOMS = ("collector", "storing", "detectors", "alerting")
DOWN_S = 120.0
_POLL_S = 0.2
_GRACE_S = 10.0
_FIRST_S, _LONGEST_S, _HEALTHY_S = 0.5, 30.0, 60.0
_PR_SET_PDEATHSIG = 1

log = structlog.get_logger()


class Room:
    """One child process and its restarts.

    Parameters
    ----------
    name
        Which room.
    deaths
        Counts what it died of.
    path
        Settings file that it is given.
    """

    def __init__(self, name: str, deaths: Deaths, path: Path | None) -> None:
        self.name = name
        self.restarts = 0
        self._deaths = deaths
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = self._again_s = 0.0
        self._delay_s = _FIRST_S
        self.down_since_s: float | None = None

    def tend(self, now_s: float) -> None:
        """Start it, or start it again when its time has come."""
        process = self._process
        if process is not None and process.poll() is None:
            if now_s - self._started_s > _HEALTHY_S:
                self.down_since_s, self._delay_s = None, _FIRST_S
            return
        if process is not None:
            self._bury(process.returncode, now_s)
        if now_s >= self._again_s:
            self._started_s = now_s
            named = ["--settings", str(self._path)] if self._path else []
            command = [sys.executable, "-m", "boilerwatch.cli.main", "run", self.name, *named]
            self._process = subprocess.Popen(command, preexec_fn=die_with_parent)  # noqa: PLW1509 -- one call, no locks

    def _bury(self, exit_code: int, now_s: float) -> None:
        self._process = None
        self.restarts += 1
        self.down_since_s = now_s if self.down_since_s is None else self.down_since_s
        self._again_s = now_s + random.uniform(self._delay_s / 2, self._delay_s)
        self._delay_s = min(self._delay_s * 2, _LONGEST_S)
        log.error("room_died", room=self.name, exit_code=exit_code)
        one = self._deaths.note(exit_code, SYSTEM.now_ms())
        if one is not None:
            log.error(
                "set_aside", room=self.name, stream=one.stream, offset=one.offset, detector=one.detector, why=one.why
            )

    def pid(self) -> int | None:
        """Return its process, None while it is down."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    def stop(self) -> None:
        """Ask it to drain and end."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self, timeout_s: float) -> None:
        """Wait for its end, then insist."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            log.warning("room_killed", room=self.name)
            self._process.kill()
            self._process.wait()


class Teller:
    """Tells people once that a room is down, and once that it is back.

    Parameters
    ----------
    after_s
        How long a room must have been down. [s]
    """

    def __init__(self, channels: Channels, after_s: float) -> None:
        self._channels = channels
        self._after_s = after_s
        self._told: set[str] = set()

    def look(self, room: Room, now_s: float) -> None:
        """Tell what is new about a room."""
        since_s = room.down_since_s
        if since_s is not None and now_s - since_s >= self._after_s and room.name not in self._told:
            self._told.add(room.name)
            self._tell(
                room.name, "down", f"has not run for {now_s - since_s:.0f} s; see its log and `boilerwatch check`"
            )
        elif since_s is None and room.name in self._told:
            self._told.discard(room.name)
            self._tell(room.name, "back", "runs again")

    def _tell(self, room: str, state: str, what: str) -> None:
        """Send beside the supervisor's own work: a channel that hangs must not keep rooms from restarting."""
        now_ms = SYSTEM.now_ms()
        text = f"boilerwatch: the room {room!r} {what}"
        notice = {"key": f"room-{room}-{state}-{now_ms}", "room": room, "action": f"room_{state}", "text": text}
        send = self._channels.send
        threading.Thread(target=send, args=(notice, f"{room} {state}", text, now_ms), daemon=True).start()


def supervise(settings: Settings, path: Path | None, stop: threading.Event, down_s: float = DOWN_S) -> None:
    """Keep all rooms running until `stop` is set; then end them within 15 s.

    Parameters
    ----------
    path
        The file `settings` came from, which the rooms read themselves.
    down_s
        After how long people are told of a room that is down. [s]

    Raises
    ------
    SettingsError
        If the port of the metrics is in use.
    """
    rooms = [Room(name, Deaths(settings.data.dir, name), path) for name in ROOMS]
    teller = Teller(Channels(settings.notices, settings.notices.supervisor_apprise or None), down_s)
    metrics.serve(settings, {room.name: room for room in rooms})
    while not stop.is_set():
        now_s = SYSTEM.monotonic_s()
        for room in rooms:
            room.tend(now_s)
            teller.look(room, now_s)
        stop.wait(_POLL_S)
    for room in rooms:
        room.stop()
    until_s = SYSTEM.monotonic_s() + _GRACE_S
    for room in rooms:
        room.end(max(until_s - SYSTEM.monotonic_s(), 0.1))


def die_with_parent() -> None:
    """A room must not outlive its supervisor, even one that was killed; signals of the terminal go to the supervisor."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
