"""Real servers on free loopback ports, ended by their handle."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(
    command: list[str], log: Path, ready: Callable[[], bool], timeout_s: float = 30, **more: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it answers, end it afterwards."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, **more)
    try:
        until = time.monotonic() + timeout_s
        while not ready():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


#: What most tests want: everybody may come, nothing is dropped.
GENEROUS = "allow_anonymous true\npersistence true\nmax_queued_messages 0\nmax_inflight_messages 0\n"


@contextlib.contextmanager
def mosquitto(folder: Path, port: int | None = None, config: str = GENEROUS) -> Iterator[int]:
    """A Mosquitto that keeps its sessions in `folder`; its port."""
    port = port or free_port()
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    path = folder / "mosquitto.conf"
    path.write_text(f"listener {port} 127.0.0.1\npersistence_location {folder}/\nuser root\n{config}")
    with running([program, "-c", str(path)], folder / "mosquitto.log", lambda: listens(port)):
        yield port


@contextlib.contextmanager
def influxd(folder: Path, data: str = "") -> Iterator[str]:
    """Debian's InfluxDB, with more lines for the section [data] of its settings; its address."""
    port = free_port()
    with influxd_process(folder, port, data):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def influxd_process(folder: Path, port: int, data: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """Debian's InfluxDB on a port, with what an earlier one left in the folder; to be stopped, held or killed by a test."""
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n{data}\n[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
    )

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return bool(urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=1).status == 204)
        return False

    with running(["influxd", "-config", str(config)], folder / "influxd.log", answers) as process:
        yield process


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """Debian's PostgreSQL, never as root; the SQLAlchemy address of its first database."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"))
    plain: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="boilerwatch-pg-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            someone = pwd.getpwnam("postgres")
            os.chown(folder, someone.pw_uid, someone.pw_gid)
            plain = {"user": someone.pw_uid, "group": someone.pw_gid, "extra_groups": [], "cwd": "/"}
        data, log, port = folder / "data", folder / "postgres.log", free_port()
        made = [
            "initdb",
            "-D",
            str(data),
            "-U",
            "boilerwatch",
            "--auth=trust",
            "-E",
            "UTF8",
            "--no-locale",
            "--no-sync",
        ]
        subprocess.run([programs / made[0], *made[1:]], check=True, stdout=subprocess.DEVNULL, **plain)
        command = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]

        def answers() -> bool:
            asked = [programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
            return subprocess.run(asked, check=False).returncode == 0

        with running([*command, "-F", "-c", "max_connections=200"], log, answers, **plain):
            yield f"postgresql+psycopg://boilerwatch@127.0.0.1:{port}/postgres"
