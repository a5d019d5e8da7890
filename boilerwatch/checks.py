"""What `boilerwatch check` looks at on the ground floor: each finding of it has a stable id, a fact and a way out.

A check is a function from settings to facts; the command adds those that belong to rooms.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from boilerwatch.aside import read_aside
from boilerwatch.broker_check import broker
from boilerwatch.errors import StoreError
from boilerwatch.facts import Check, Fact
from boilerwatch.journal import FINDINGS, READINGS, SERVICE, open_reader
from boilerwatch.journal.opening import CONSUMERS
from boilerwatch.ledger import OUTCOMES, open_ledger
from boilerwatch.settings import Settings
from boilerwatch.store.opening import open_store
from boilerwatch.supervisor import ROOMS

_STREAMS = (READINGS, FINDINGS, SERVICE)
_NEAR_CAP = 0.8
_FAR_BEHIND = 10_000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def data(settings: Settings) -> Iterator[Fact]:
    """Look at the folder everything durable lies in."""
    folder = settings.data.dir
    known = folder
    while not known.exists():
        known = known.parent
    if not os.access(known, os.W_OK | os.X_OK):
        yield Fact("data.E001", f"{known} cannot be written", "give this user the right to, or set [data] dir")
        return
    free_gib = shutil.disk_usage(known).free / 2**30
    wanted_gib = settings.journal.cap_gib * len(_STREAMS)
    if free_gib < wanted_gib:
        yield Fact(
            "data.W001", f"{known} has {free_gib:.1f} GiB free; journals may take {wanted_gib:.1f} GiB",
            "lower [journal] cap_gib, or give the folder more room: a full disk stops the collector",
        )  # fmt: skip


def journals(settings: Settings) -> Iterator[Fact]:
    """Look at how full the streams are, and who is behind."""
    for stream in _STREAMS:
        reader = open_reader(settings, stream)
        last, positions = reader.last(), reader.positions()
        share = reader.size_bytes() / (settings.journal.cap_gib * 2**30)
        reader.close()
        if share >= _NEAR_CAP:
            level = "E001" if share >= 1 else "W001"
            yield Fact(
                f"journal.{level}", f"the stream {stream} is at {share:.0%} of its cap",
                "see below who is behind; at the cap nothing more is acknowledged",
            )  # fmt: skip
        for consumer in CONSUMERS[stream]:
            behind = last - positions.get(consumer, 0)
            if behind > _FAR_BEHIND:
                yield Fact(
                    "journal.W002", f"{consumer} is {behind} rows behind in {stream}",
                    f"see that `boilerwatch run {consumer}` runs, and its log",
                )  # fmt: skip


def aside(settings: Settings) -> Iterator[Fact]:
    """Look at what killed a room three times."""
    for room in ROOMS:
        for one in read_aside(settings.data.dir, room):
            what = f"the detector {one.detector}" if one.detector else f"row {one.offset} of {one.stream}"
            yield Fact(
                "aside.E001", f"{room} passes by {what} since {one.at}: {one.why}",
                f"report it with the room's log; delete its line in {settings.data.dir / 'aside' / room}.jsonl to try again",
            )  # fmt: skip


def ledger(settings: Settings) -> Iterator[Fact]:
    """Look whether every delivery has one outcome."""
    if not (settings.data.dir / "ledger.sqlite").exists():
        return
    opened = open_ledger(settings)
    total = opened.total()
    opened.close()
    if not total.balanced:
        outcomes = sum(total.counts[name] for name in OUTCOMES)
        yield Fact(
            "ledger.E001", f"{total.counts['received']} deliveries were received and {outcomes} have an outcome",
            "this is a defect of boilerwatch: keep the journals and report it",
        )  # fmt: skip
    if total.counts["lost"] > 0:
        yield Fact(
            "ledger.W001", f"{total.counts['lost']} numbered publications never came",
            "the page's ledger names the boilers; gateways that send QoS 0 lose what is sent while a link is down",
        )  # fmt: skip


def store(settings: Settings) -> Iterator[Fact]:
    """Ask the store something."""
    if settings.store.kind == "sqlite" and not (settings.data.dir / "store.sqlite").exists():
        return
    opened = open_store(settings)
    try:
        opened.latest(["none"], ["flow_temp_c"])
        if lacking := opened.lacking():
            yield Fact(
                "store.E002", f"the store lacks {', '.join(lacking)}: what belongs there waits and is not shown",
                "run `boilerwatch setup store`",
            )  # fmt: skip
    except StoreError as exc:
        yield Fact("store.E001", str(exc), "start it, mend [store], or run `boilerwatch setup store`")
    finally:
        opened.close()


def exposure(settings: Settings) -> Iterator[Fact]:
    """Look at what others could read or reach."""
    if settings.mqtt.host not in _LOOPBACK and not settings.mqtt.tls:
        yield Fact("mqtt.W001", f"the way to {settings.mqtt.host} is not encrypted", "set [mqtt] tls, port 8883")
    if settings.mqtt.host not in _LOOPBACK and not settings.mqtt.username:
        yield Fact("mqtt.W002", f"we log in to {settings.mqtt.host} without a name", "set [mqtt] username and password")
    if settings.desk.host not in _LOOPBACK:
        yield Fact(
            "desk.W001", f"the page listens on {settings.desk.host} without encryption or login",
            "listen on loopback, behind a proxy that has both",
        )  # fmt: skip
    if settings.notices.webhook_url and not settings.notices.webhook_secret.get_secret_value():
        yield Fact("notices.W001", "the webhook's body is not signed", "set [notices] webhook_secret")
    if not (settings.notices.webhook_url or settings.notices.apprise):
        yield Fact("notices.W002", "nobody is told of a new ticket or a breach", "set [notices] apprise or webhook_url")


def readable(path: Path) -> Iterator[Fact]:
    """Look whether a settings file with secrets in it can be read by everybody."""
    text = path.read_text(encoding="utf-8", errors="replace")
    secret = any(word in text for word in ("password =", "token =", "secret =", "database_url ="))
    if secret and path.stat().st_mode & stat.S_IROTH:
        yield Fact(
            "settings.W001", f"{path} holds secrets and everybody on this machine may read it",
            f"chmod 640 {path}, or give secrets by BOILERWATCH_..._FILE",
        )  # fmt: skip


CHECKS: tuple[Check, ...] = (data, broker, journals, aside, ledger, store, exposure)
