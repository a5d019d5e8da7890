"""What Mosquitto must be told, so that it holds what we have not taken, and lets everyone say and hear only their own.

Its defaults keep 1,000 messages a session and drop the rest in silence, keep nothing over a crash between two saves
half an hour apart, and hand an MQTT 3.1.1 client 20 messages at a time.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from boilerwatch.settings import DialectSettings, MqttSettings

MARK = "# Made by `boilerwatch setup broker`"
CHECK_TOPIC = "boilerwatch/check"
_LISTENER = "boilerwatch-listen"
_GATEWAYS = "gateways"
_AUTOSAVE_S = 30
_EXPIRY_DAYS = 7
#: Memory of the broker beside the payload; measured with Mosquitto 2.0.11. [bytes]
_OVERHEAD_BYTES = 400


class Queue(NamedTuple):
    """How much the broker holds for a collector that is away: what comes first ends it."""

    messages: int = 2_000_000
    mib: int = 512


ENOUGH = Queue()


class Files(NamedTuple):
    """What is written; the access list is empty while we log in without a name."""

    conf: str
    acl: str


def queue_lines(receive_maximum: int, queue: Queue = ENOUGH) -> list[str]:
    """Return the lines that every broker of ours needs, the demo's too."""
    return [
        "persistence true", f"autosave_interval {_AUTOSAVE_S}", f"max_queued_messages {queue.messages}",
        f"max_queued_bytes {queue.mib * 2**20}", f"max_inflight_messages {receive_maximum}", "queue_qos0_messages true",
    ]  # fmt: skip


def configure(
    mqtt: MqttSettings, dialects: DialectSettings, filters: Sequence[str], place: Path, queue: Queue = ENOUGH
) -> Files:
    """Return the configuration fragment and the access list.

    Parameters
    ----------
    filters
        What the collector subscribes to.
    place
        Where the fragment will lie; the access list and the passwords lie beside it.
    """
    memory_mib = queue.mib + queue.messages * _OVERHEAD_BYTES / 2**20
    persistence, autosave, most, most_bytes, inflight, qos0 = queue_lines(mqtt.receive_maximum, queue)
    conf = [
        f"{MARK}; made again by it, so change settings there.", "",
        "# What the collector has not taken waits here, over a restart of the broker too. A crash loses what came",
        f"# since the last save. A full queue takes about {memory_mib / 1024:.1f} GiB of memory, and every save stops",
        "# the broker for some 2 µs a message of it (measured); the first of the two limits ends it.",
        persistence, autosave, most, most_bytes, f"persistent_client_expiration {_EXPIRY_DAYS}d", "",
        "# Messages handed out and not acknowledged: MQTT 5 clients say it themselves, MQTT 3.1.1 ones get so many.",
        inflight, "",
        "# EMS-ESP, OTGW and ebusd publish at QoS 0, which is dropped for those who are away unless it is queued.",
        qos0, "",
        *_login(mqtt, place), "",
        "# A way in from outside, encrypted; a listener for loopback beside it needs a line of its own:",
        "# listener 1883 127.0.0.1",
        "# listener 8883", "# cafile /etc/mosquitto/certs/ca.crt", "# certfile /etc/mosquitto/certs/broker.crt",
        "# keyfile /etc/mosquitto/certs/broker.key", "# tls_version tlsv1.2",
    ]  # fmt: skip
    acl = _access(mqtt.username, dialects, filters) if mqtt.username else []
    return Files("\n".join(conf) + "\n", "\n".join(acl) + "\n" if acl else "")


def acl_place(place: Path) -> Path:
    """Return where the access list of a fragment lies."""
    return place.with_suffix(".acl")


def passwords_place(place: Path) -> Path:
    """Return where the passwords of a fragment lie."""
    return place.with_suffix(".passwd")


def _login(mqtt: MqttSettings, place: Path) -> list[str]:
    if not mqtt.username:
        return [
            "# Logins and an access list are made when [mqtt] username is set: set it and run the command again.",
        ]
    return [
        "# Nobody without a login, and everyone only their own topics.",
        "allow_anonymous false", f"password_file {passwords_place(place)}", f"acl_file {acl_place(place)}",
    ]  # fmt: skip


def _access(username: str, dialects: DialectSettings, filters: Sequence[str]) -> list[str]:
    patterns = _patterns(dialects)
    tied = {pattern.replace("%u", "+") for pattern in patterns}
    shared = [name for name in filters if name not in tied]
    lines = [
        f"{MARK}: who may say and hear what.", "",
        "# The collector hears gateways and says nothing, but for what `boilerwatch check` tries.",
        f"user {username}", *(f"topic read {name}" for name in filters), f"topic readwrite {CHECK_TOPIC}/#", "",
        "# People who look at what gateways say: `boilerwatch listen` with this login.",
        f"user {_LISTENER}", "topic read #", "",
    ]  # fmt: skip
    if shared:
        lines += [
            "# Gateways whose topics do not tell whose they are share a login.",
            f"user {_GATEWAYS}", *(f"topic write {name}" for name in shared), "",
        ]  # fmt: skip
    if patterns:
        lines += [
            "# Every other gateway logs in under its boiler's id and speaks for that one alone.",
            *(f"pattern write {pattern}" for pattern in patterns),
        ]  # fmt: skip
    return lines


def _patterns(dialects: DialectSettings) -> list[str]:
    """Return topics whose gateway can be known by its login, `%u` where that stands."""
    found = [f"boilers/+/%u/{leaf}" for leaf in ("telemetry", "event", "status")] if dialects.native else []
    bases = [base.strip("/") for base in (*dialects.ems_esp, *dialects.ebusd) if "{boiler}" in base]
    found += [re.sub(r"\{\w+\}", "+", base.replace("{boiler}", "%u")) + "/#" for base in bases]
    return found + [f"{base.strip('/')}/value/%u/#" for base in dialects.otgw]
