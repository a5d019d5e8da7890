"""What kills a room three times is set aside, so that one row or one detector cannot stop everything behind it.

A room says in a small file what it is about to take (`Turn`); the file outlives the process. After a death it goes on
one row at a time through what it was taking, so the file names the one row. The supervisor counts the deaths at it
(`Deaths`), and at the third writes down what is passed by from then on: the detector that raised, where there is one,
else the row. The record stays until a person deletes it; `boilerwatch check` shows it.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from boilerwatch.wire import format_time

DEATHS = 3


class Taking(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a room is about to take: rows `first` to `last` of a stream; `detector` is who raised there."""

    stream: str
    first: int
    last: int
    detector: str = ""


class SetAside(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is passed by: a row of a stream, or a detector as `name@version`."""

    room: str
    stream: str
    offset: int
    at: str
    why: str
    detector: str = ""


class Turn:
    """A room's side.

    Parameters
    ----------
    folder
        The installation's data folder.
    room
        Who takes.
    """

    def __init__(self, folder: Path, room: str) -> None:
        self._path = _taking_path(folder, room)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._died_in = _read_taking(self._path)
        self._aside = read_aside(folder, room)
        self._rows = {(one.stream, one.offset) for one in self._aside if not one.detector}

    def rows(self, stream: str, position: int, usual: int) -> int:
        """Return how many rows to take behind `position`: one by one where the last process died, else as usual."""
        died = self._died_in
        return 1 if died is not None and died.stream == stream and position < died.last else usual

    def begin(self, stream: str, first: int, last: int) -> None:
        """Say what is about to be taken. No fsync: it need only outlive the process."""
        self._write(Taking(stream=stream, first=first, last=last))

    def blame(self, detector: str) -> None:
        """Add who raised at what is being taken."""
        taking = _read_taking(self._path)
        if taking is not None:
            self._write(msgspec.structs.replace(taking, detector=detector))

    def end(self) -> None:
        """Say that it was taken."""
        self._path.unlink(missing_ok=True)

    def passes(self, stream: str, offset: int) -> bool:
        """Return whether this row is set aside."""
        return (stream, offset) in self._rows

    @property
    def detectors(self) -> frozenset[str]:
        """Detectors that are set aside, as `name@version`."""
        return frozenset(one.detector for one in self._aside if one.detector)

    def __len__(self) -> int:
        """Return how much is set aside."""
        return len(self._aside)

    def _write(self, taking: Taking) -> None:
        fresh = self._path.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(taking))
        fresh.replace(self._path)


class Deaths:
    """The supervisor's side: counts deaths of one room at one place.

    Parameters
    ----------
    folder
        The installation's data folder.
    room
        Who died.
    """

    def __init__(self, folder: Path, room: str) -> None:
        self._folder, self._room = folder, room
        self._counts: dict[tuple[str, int, str], int] = {}

    def note(self, exit_code: int, now_ms: int) -> SetAside | None:
        """Count a death; at the third in one place return what was set aside."""
        taking = _read_taking(_taking_path(self._folder, self._room))
        if taking is None or taking.first != taking.last:
            return None
        place = (taking.stream, taking.first, taking.detector)
        self._counts[place] = self._counts.get(place, 0) + 1
        if self._counts[place] < DEATHS:
            return None
        self._counts.pop(place)
        one = SetAside(
            room=self._room, stream=taking.stream, offset=taking.first, detector=taking.detector, at=format_time(now_ms),
            why=f"the room died {DEATHS} times here, last with exit code {exit_code}",
        )  # fmt: skip
        path = _aside_path(self._folder, self._room)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(one) + b"\n")
            os.fsync(file.fileno())
        return one


def read_aside(folder: Path, room: str) -> list[SetAside]:
    """Return what is set aside for a room; a line that cannot be read is passed over."""
    path = _aside_path(folder, room)
    found: list[SetAside] = []
    for line in path.read_bytes().splitlines() if path.exists() else ():
        with contextlib.suppress(msgspec.MsgspecError):
            found.append(msgspec.json.decode(line, type=SetAside))
    return found


def _aside_path(folder: Path, room: str) -> Path:
    return folder / "aside" / f"{room}.jsonl"


def _taking_path(folder: Path, room: str) -> Path:
    return folder / "taking" / f"{room}.json"


def _read_taking(path: Path) -> Taking | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Taking)
    except (OSError, msgspec.MsgspecError):
        return None
