"""Labels of a data set: which boiler had which fault, from when to when; `truth.csv` in, faults out."""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from boilerwatch.errors import InputError
from boilerwatch.kinds import KIND_BY_NAME, PROBLEM_BY_NAME
from boilerwatch.wire import format_time, parse_time

COLUMNS = ("boiler", "kind", "onset", "failure", "repaired")
#: Written by a live run: when the failure was published, by the clock on the wall.
ARRIVED = "arrived"
CODE_KINDS = frozenset({"lockout_code", "maintenance_code"})


@dataclass(frozen=True, slots=True)
class Truth:
    """One fault that was there.

    Attributes
    ----------
    kind
        A mechanism, or a problem class where the mechanism is not known.
    onset_ms, failure_ms, repaired_ms
        When it began, stopped the boiler, was mended; None where it did not within the data. [ms since 1970]
    arrived_ms
        When the failure was published, where a live run's time was not that of the clock on the wall. [ms since 1970]
    """

    boiler: str
    kind: str
    onset_ms: int
    failure_ms: int | None = None
    repaired_ms: int | None = None
    arrived_ms: int | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """Problem classes that name it rightly."""
        kind = KIND_BY_NAME.get(self.kind)
        return kind.problems if kind else (self.kind,)

    @property
    def chain(self) -> str:
        """The story it belongs to."""
        kind = KIND_BY_NAME.get(self.kind)
        return kind.chain if kind else PROBLEM_BY_NAME[self.kind].chain

    @property
    def is_gradual(self) -> bool:
        """Whether it develops over days; of a problem class, whether any gradual mechanism leads to it."""
        kind = KIND_BY_NAME.get(self.kind)
        return kind.gradual if kind else any(self.kind in k.problems for k in KIND_BY_NAME.values() if k.gradual)


def read_truth(path: Path) -> list[Truth]:
    """Return the faults of a `truth.csv`.

    Raises
    ------
    InputError
        If the file cannot be read, or a row is wrong: labels that are half understood make every figure wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path}: line 1 must name the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}"
                )
            return [_truth_of(row, f"{path}, line {rows.line_num}") for row in rows]
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"{path} is not a CSV file in UTF-8: {exc}") from exc


def _truth_of(row: dict[str, str | None], where: str) -> Truth:
    text = {name: (row[name] or "").strip() for name in COLUMNS}
    if not text["boiler"]:
        raise InputError(f"{where}: names no boiler")
    if text["kind"] not in KIND_BY_NAME and text["kind"] not in PROBLEM_BY_NAME:
        raise InputError(
            f"{where}: {text['kind']!r} is neither a mechanism nor a problem class; see boilerwatch/kinds.py"
        )
    onset_ms = _time(text["onset"], f"{where}, onset")
    failure_ms = _time(text["failure"], f"{where}, failure") if text["failure"] else None
    repaired_ms = _time(text["repaired"], f"{where}, repaired") if text["repaired"] else None
    for name, at_ms in (("failure", failure_ms), ("repaired", repaired_ms)):
        if at_ms is not None and at_ms < onset_ms:
            raise InputError(f"{where}: {name} lies before onset")
    if failure_ms is not None and repaired_ms is not None and repaired_ms < failure_ms:
        raise InputError(f"{where}: repaired lies before failure; leave failure empty where the repair forestalled it")
    told = (row.get(ARRIVED) or "").strip()
    arrived_ms = _time(told, f"{where}, {ARRIVED}") if told else None
    return Truth(text["boiler"], text["kind"], onset_ms, failure_ms, repaired_ms, arrived_ms)


def _time(text: str, where: str) -> int:
    try:
        return parse_time(text)
    except ValueError as exc:
        raise InputError(f"{where}: {text!r} is no RFC 3339 time with a zone") from exc


def truth_csv(faults: Iterable[Truth], *, arrived: bool = False) -> str:
    """Return faults as a `truth.csv`, with a column for their arrival where asked."""
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\n")
    table.writerow([*COLUMNS, ARRIVED] if arrived else COLUMNS)
    for one in faults:
        moments = [one.onset_ms, one.failure_ms, one.repaired_ms] + ([one.arrived_ms] if arrived else [])
        table.writerow([one.boiler, one.kind, *("" if at_ms is None else format_time(at_ms) for at_ms in moments)])
    return sink.getvalue()
