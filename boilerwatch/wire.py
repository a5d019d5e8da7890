"""Topics, ids, times and the JSON of findings: what the wire and files look like.

Everything here is pure: text in, values out.
"""

import re
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from boilerwatch.errors import InputError
from boilerwatch.model import Finding

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

TELEMETRY = "telemetry"
EVENT = "event"
STATUS = "status"
ROOT = "boilers"


class Topic(NamedTuple):
    """A native topic, cut in its parts."""

    site: str
    boiler: str
    leaf: str


def parse_topic(topic: str) -> Topic | None:
    """Return the parts of `boilers/{site}/{boiler}/{leaf}`, or None for any other topic.

    Examples
    --------
    >>> parse_topic("boilers/s1/b-7/telemetry")
    Topic(site='s1', boiler='b-7', leaf='telemetry')
    >>> parse_topic("boilers/s1/b 7/telemetry") is None
    True
    """
    parts = topic.split("/")
    if len(parts) != 4 or parts[0] != ROOT or parts[3] not in (TELEMETRY, EVENT, STATUS):
        return None
    if not (ID.fullmatch(parts[1]) and ID.fullmatch(parts[2])):
        return None
    return Topic(parts[1], parts[2], parts[3])


def topic_of(site: str, boiler: str, leaf: str) -> str:
    """Return the native topic of a boiler."""
    return f"{ROOT}/{site}/{boiler}/{leaf}"


def parse_time(text: str) -> int:
    """Return an RFC 3339 time with a zone as milliseconds since 1970 UTC.

    Raises
    ------
    ValueError
        If it is not such a time, or has no zone.

    Examples
    --------
    >>> parse_time("2026-01-05T00:00:00+08:00")
    1767542400000
    """
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return round(at.timestamp() * 1000)


def format_time(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, with milliseconds only where they matter.

    Examples
    --------
    >>> format_time(1767542400000), format_time(1767542400250)
    ('2026-01-04T16:00:00Z', '2026-01-04T16:00:00.250Z')
    """
    at = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    digits = "milliseconds" if at_ms % 1000 else "seconds"
    return at.isoformat(timespec=digits).replace("+00:00", "Z")


_TIMES = {
    "raised_at": "raised_at_ms",
    "evidence_at": "evidence_at_ms",
    "received_at": "received_at_ms",
    "cleared_at": "cleared_at_ms",
    "failure_expected_at": "failure_expected_at_ms",
}


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return the finding as the JSON object of docs/wire.md, empty members left out."""
    plain: dict[str, Any] = {"id": finding.id}
    plain |= {name: getattr(finding, name) for name in ("boiler", "district", "site") if getattr(finding, name)}
    for name in ("kind", "problem", "chain", "severity", "state"):
        plain[name] = getattr(finding, name)
    for public, inner in _TIMES.items():
        at_ms = getattr(finding, inner)
        if at_ms is not None:
            plain[public] = format_time(at_ms)
    plain["confidence"] = finding.confidence
    plain["values"] = finding.values
    plain["detector"] = finding.detector
    return plain


def finding_from_json(plain: dict[str, Any]) -> Finding:
    """Return the finding of a JSON object.

    Raises
    ------
    InputError
        If a member is missing or of the wrong type.
    """
    inner = {_TIMES.get(name, name): value for name, value in plain.items()}
    try:
        for name in _TIMES.values():
            if isinstance(inner.get(name), str):
                inner[name] = parse_time(inner[name])
        return msgspec.convert(inner, Finding)
    except (msgspec.ValidationError, ValueError) as exc:
        raise InputError(f"this is not a finding: {exc}") from exc
