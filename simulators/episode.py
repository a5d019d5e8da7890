"""What a detector said, as a score sees it: one episode for all lines of one finding; a file of findings in, episodes out."""

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from boilerwatch.errors import InputError
from boilerwatch.model import SEVERITIES, Finding, Severity
from boilerwatch.wire import finding_from_json
from simulators.truth import CODE_KINDS

_DAY_MS = 86_400_000
#: Values of a finding that say when failure is expected. [d from the evidence]
_FORECAST = ("days_to_limit_soonest", "days_to_limit_latest")


@dataclass(frozen=True, slots=True)
class Episode:
    """One finding from raised to cleared.

    Attributes
    ----------
    boiler
        Empty where it is about a district.
    severity
        The gravest it had.
    raised_ms, cleared_ms
        Event time; None while it is open. [ms since 1970]
    code
        The error code, where it is about one.
    forecast_ms
        Soonest and latest time of failure told when it was raised, where it told an interval. [ms since 1970]
    """

    id: str
    boiler: str
    kind: str
    problem: str
    chain: str
    severity: Severity
    raised_ms: int
    cleared_ms: int | None = None
    code: str = ""
    forecast_ms: tuple[int, int] | None = None

    @property
    def is_code(self) -> bool:
        """Whether it says what the boiler said itself."""
        return self.kind in CODE_KINDS


def episodes_of(findings: Iterable[Finding]) -> list[Episode]:
    """Return the episodes of findings, by time of raising."""
    gathered: dict[str, list[Finding]] = {}
    for finding in findings:
        gathered.setdefault(finding.id, []).append(finding)
    found = [_episode(lines) for lines in gathered.values()]
    return sorted(found, key=lambda one: (one.raised_ms, one.id))


def _episode(lines: list[Finding]) -> Episode:
    first, last = lines[0], lines[-1]
    return Episode(
        id=first.id, boiler=first.boiler, kind=first.kind, problem=first.problem, chain=first.chain,
        severity=max((one.severity for one in lines), key=SEVERITIES.index), raised_ms=first.raised_at_ms,
        cleared_ms=last.cleared_at_ms if last.state == "cleared" else None, code=str(first.values.get("code", "")),
        forecast_ms=_forecast(first),
    )  # fmt: skip


def _forecast(first: Finding) -> tuple[int, int] | None:
    soonest, latest = (first.values.get(name) for name in _FORECAST)
    if not isinstance(soonest, int | float) or not isinstance(latest, int | float):
        return None
    return first.evidence_at_ms + round(soonest * _DAY_MS), first.evidence_at_ms + round(latest * _DAY_MS)


def read_findings(path: Path) -> list[Finding]:
    """Return the findings of a file of JSON lines, `.jsonl` or `.jsonl.gz`.

    Raises
    ------
    InputError
        If the file cannot be read, or a line is no finding.
    """
    found = []
    number = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    found.append(_finding(line))
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except EOFError as exc:
        raise InputError(f"{path} is cut off: {exc}") from exc
    except InputError as exc:
        raise InputError(f"{path}, line {number}: {exc}") from exc
    return found


def _finding(line: bytes) -> Finding:
    try:
        plain = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise InputError(f"this is not JSON: {exc!s:.100}") from exc
    if not isinstance(plain, dict):
        raise InputError("this is not a JSON object")
    return finding_from_json(plain)
