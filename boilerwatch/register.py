"""The boiler register: what telemetry cannot tell.

`read_fleet` reads a `fleet.csv`; the SQL that keeps it belongs to alerting. Bad rows are reported by line and column
and the good ones kept.
"""

import csv
import datetime as dt
import zoneinfo
from dataclasses import dataclass, field, fields
from pathlib import Path

from boilerwatch.codes import vendors
from boilerwatch.errors import InputError
from boilerwatch.wire import ID

REGIONS = ("city", "county")
DEFAULT_ZONE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Boiler:
    """One registered boiler; empty text where the register does not say."""

    boiler: str
    site: str
    region: str = ""
    model: str = ""
    family: str = ""
    commissioned: str = ""
    contract: str = ""
    customer: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    time_zone: str = DEFAULT_ZONE


COLUMNS: tuple[str, ...] = tuple(column.name for column in fields(Boiler))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a row of a file."""

    line: int
    column: str
    sentence: str
    fatal: bool = True

    def __str__(self) -> str:
        """Return it as a person reads it."""
        return f"line {self.line}, column {self.column}: {self.sentence}"


@dataclass(slots=True)
class Fleet:
    """What a `fleet.csv` says."""

    boilers: list[Boiler] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)

    def by_id(self) -> dict[str, Boiler]:
        """Return the boilers by id."""
        return {boiler.boiler: boiler for boiler in self.boilers}


def read_fleet(path: Path) -> Fleet:
    """Read a `fleet.csv`; rows with a fatal complaint are left out.

    Raises
    ------
    InputError
        If the file cannot be read, or has no `boiler` and `site` columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = {"boiler", "site"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(
                    f"{path}: line 1 must name the columns boiler and site; missing: {', '.join(sorted(missing))}"
                )
            return _read_rows(reader)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}") from exc
    except (UnicodeDecodeError, csv.Error) as exc:
        raise InputError(f"{path} is not a CSV file in UTF-8: {exc}") from exc


def _read_rows(reader: "csv.DictReader[str]") -> Fleet:
    fleet = Fleet()
    seen: dict[str, int] = {}
    for name in set(reader.fieldnames or ()) - set(COLUMNS):
        fleet.complaints.append(Complaint(1, name, "is not a column of the register; left out", fatal=False))
    for row in reader:
        line = reader.line_num
        boiler, complaints = _read_row(line, row)
        if boiler.boiler in seen:
            complaints.append(
                Complaint(line, "boiler", f"{boiler.boiler!r} stands in line {seen[boiler.boiler]} already")
            )
        fleet.complaints += complaints
        if not any(complaint.fatal for complaint in complaints):
            seen[boiler.boiler] = line
            fleet.boilers.append(boiler)
    return fleet


def _read_row(line: int, row: dict[str, str]) -> tuple[Boiler, list[Complaint]]:
    text = {name: (row.get(name) or "").strip() for name in COLUMNS}
    found: list[Complaint] = []

    def complain(column: str, sentence: str, *, fatal: bool = True) -> None:
        found.append(Complaint(line, column, sentence, fatal))

    for name in ("boiler", "site"):
        if not ID.fullmatch(text[name]):
            complain(name, f"{text[name]!r} is not an id: 1 to 64 of A-Z a-z 0-9 _ -")
    if text["region"] not in ("", *REGIONS):
        complain("region", f"{text['region']!r} is neither city nor county")
    if text["family"] and text["family"] not in vendors():
        complain("family", f"{text['family']!r} has no code table, so its codes cannot be explained", fatal=False)
    if text["commissioned"]:
        try:
            dt.date.fromisoformat(text["commissioned"])
        except ValueError:
            complain("commissioned", f"{text['commissioned']!r} is not a date such as 2024-10-01")
    zone = text["time_zone"] or DEFAULT_ZONE
    if not _is_zone(zone):
        complain("time_zone", f"{zone!r} is not a time zone such as {DEFAULT_ZONE}")
    numbers: dict[str, float | None] = {}
    for name, limit in (("latitude", 90.0), ("longitude", 180.0)):
        numbers[name] = _degrees(text[name], limit)
        if text[name] and numbers[name] is None:
            complain(name, f"{text[name]!r} is not a number of degrees within ±{limit:g}")
    words = {name: text[name] for name in COLUMNS if name not in numbers and name != "time_zone"}
    return Boiler(**words, time_zone=zone, latitude=numbers["latitude"], longitude=numbers["longitude"]), found


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -limit <= value <= limit else None
