"""The rooms of an installation as real processes, with what they cost; used by the benches."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from boilerwatch.metrics import usage

MAIN = [sys.executable, "-m", "boilerwatch.cli.main"]


class Rooms:
    """Processes by room."""

    def __init__(self, processes: dict[str, "subprocess.Popen[bytes]"]) -> None:
        self._processes = processes

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU each room has used. [s]"""
        return {name: usage(process.pid)[0] for name, process in self._processes.items()}

    def resident_mib(self) -> dict[str, float]:
        """Return each room's memory. [MiB]"""
        return {name: usage(process.pid)[1] / 2**20 for name, process in self._processes.items()}

    def check(self) -> None:
        """Stop the bench when a room died."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"the room {name} died with exit code {process.returncode}")


@contextlib.contextmanager
def running(path: Path, names: Sequence[str]) -> Iterator[Rooms]:
    """Run rooms with a settings file, and end them."""
    processes = {name: subprocess.Popen([*MAIN, "run", name, "--settings", str(path)]) for name in names}
    try:
        yield Rooms(processes)
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
