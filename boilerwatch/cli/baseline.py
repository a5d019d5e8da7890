"""`boilerwatch baseline`: learn what is normal in any table of ordered rows, and tell the rows that do not go on like it."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from boilerwatch.cli.options import moment_ms
from boilerwatch.errors import InputError
from boilerwatch.table_file import OrderedTable, read_table, write_rows
from boilerwatch.wire import format_time
from detectors.baseline import Baseline
from detectors.learned import Fingerprint, Learned, load
from detectors.told import Worth, oddest, stretches, worth

app = typer.Typer(help="Learn what is normal in a table of ordered rows; tell rows that are not.", no_args_is_help=True)

_LEAST_ROWS = 20
_SHOWN = 20

TableArgument = Annotated[
    Path, typer.Argument(help="Ordered rows: .csv, .tsv, .parquet; a boiler's readings: .jsonl, .jsonl.gz.")
]
TimeOption = Annotated[
    str, typer.Option("--time", help="Column of the time; ts, time, datetime, timestamp or date if left out.")
]
BoilerOption = Annotated[str, typer.Option("--boiler", help="Whose rows, in a file with those of many.")]


@app.command()
def fit(
    table: TableArgument,
    *,
    out: Annotated[Path, typer.Option(help="Where to write the model (skops, never pickle).")],
    rows: Annotated[
        int, typer.Option(min=_LEAST_ROWS, help="How many of the first rows to learn from; they must be healthy.")
    ] = 400,
    columns: Annotated[
        str, typer.Option(help="Columns to learn, with commas between; all of numbers if left out.")
    ] = "",
    without: Annotated[str, typer.Option(help="Columns not to learn, such as labels, with commas between.")] = "",
    rate: Annotated[float, typer.Option(help="Share of healthy rows that may be told odd.")] = 0.005,
    time: TimeOption = "",
    boiler: BoilerOption = "",
) -> None:
    """Learn from the first rows of TABLE; without --boiler the model bears the table's name."""
    if not 0 < rate < 0.5:
        raise InputError(f"--rate {rate:g}: the share of false alarms must be between 0 and 0.5.")
    read = read_table(table, time=time, boiler=boiler)
    chosen = _chosen(read, table, columns, without)
    values, ts_ms = read.of(chosen, table)[:rows], read.ts_ms[:rows]
    if len(values) < _LEAST_ROWS:
        raise InputError(f"{table} has {len(values)} rows; at least {_LEAST_ROWS} are needed to learn what is normal.")
    model = Baseline(false_alarm_rate=rate)
    learned = Learned.from_rows(boiler or table.name, chosen, values, ts_ms, model)
    silent = [name for i, name in enumerate(chosen) if not _says_something(values[:, i])]
    if len(silent) == len(chosen):
        raise InputError(f"{table}: no column has two different values in the first {len(values)} rows.")
    _save(learned, out)
    for what, names in (("no numbers", read.passed_over), ("always the same, so they say nothing", silent)):
        if names:
            print(f"passed over, {what}: {', '.join(names)}", file=sys.stderr)
    print(f"{out}: {len(values)} rows of {len(chosen) - len(silent)} columns learned", file=sys.stderr)


@app.command()
def score(
    model: Annotated[Path, typer.Argument(help="What `fit` wrote.")],
    table: TableArgument,
    *,
    out: Annotated[Path | None, typer.Option(help="Write row, time, score, odd and columns here, CSV.")] = None,
    truth: Annotated[
        str, typer.Option(help="Column that is not 0 where rows are faulty: prints F1, false alarms, delays.")
    ] = "",
    serviced: Annotated[
        list[str] | None,
        typer.Option(help="When a part was replaced or repaired, RFC 3339 or a date; may be given again."),
    ] = None,
    time: TimeOption = "",
    boiler: BoilerOption = "",
) -> None:
    """Tell which rows of TABLE are not as MODEL learned; rows that it learned from are left out where TABLE begins with them.

    A model that does not fit any more retires: its file says why from then on, and it is refused.
    """
    learned = load(model)
    _refuse_retired(learned, model)
    serviced_ms = [moment_ms("--serviced", text) for text in serviced or []]
    read = read_table(table, time=time, boiler=boiler)
    own = learned.fingerprint
    values = read.of(own.columns, table)
    checked = learned.checked(boiler or own.boiler, own.columns, serviced_ms=serviced_ms)
    if boiler and boiler != own.boiler:  # another table was named: that is no reason to retire the model
        raise InputError(f"{model} cannot tell about {table}: {checked.retired}.")
    if checked.retired:
        _save(checked, model)
        _refuse_retired(checked, model)
    begin = _learned_rows(own, values, read.ts_ms)
    if begin == len(values):
        raise InputError(f"{table} has only the {begin} rows that {model} learned from: none follow.")
    told = Told.of(learned, values[begin:], begin)
    faulty = read.of([truth], table)[begin:, 0] if truth else None
    if out is not None:
        told.write(out, read)
    told.show(read)
    if faulty is not None:
        _show_worth(worth(told.odd, np.nan_to_num(faulty) != 0))
    after = learned.checked(own.boiler, own.columns, values[begin:])
    if after.retired:
        _save(after, model)
        print(f"{model} is retired from now on: {after.retired}; learn it anew.", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Told:
    """Scores of rows.

    Attributes
    ----------
    begin
        How many rows of the table stand before the first that is scored.
    by_column
        Shape (rows, columns).
    """

    columns: tuple[str, ...]
    begin: int
    score: NDArray[np.float64]
    odd: NDArray[np.bool_]
    by_column: NDArray[np.float64]

    @classmethod
    def of(cls, learned: Learned, values: NDArray[np.float64], begin: int) -> "Told":
        """Score rows, shape (rows, columns)."""
        scores = learned.model.score_samples(values)
        by_column = learned.model.column_scores(values)
        return cls(learned.fingerprint.columns, begin, scores, scores < learned.model.offset_, by_column)

    def write(self, path: Path, read: OrderedTable) -> None:
        """Write a line a row."""
        about = [""] * len(self.odd)
        for first, end in stretches(self.odd):
            about[first:end] = [" ".join(oddest(self.by_column[first:end], self.columns))] * (end - first)
        lines = [
            (self.begin + i + 1, _when(read, self.begin + i), f"{self.score[i]:.4f}", int(self.odd[i]), about[i])
            for i in range(len(self.odd))
        ]
        write_rows(path, ("row", "time", "score", "odd", "columns"), lines)

    def show(self, read: OrderedTable) -> None:
        """Print the odd stretches, the longest ones where they are many."""
        found = stretches(self.odd)
        print(
            f"{int(self.odd.sum())} of {len(self.odd)} rows are odd, in {len(found)} stretches; row 1 is the table's first"
        )
        if not found:
            return
        table = Table("rows", "from", "to", "lowest score", "most about")
        for first, end in sorted(sorted(found, key=lambda one: one[0] - one[1])[:_SHOWN]):
            ends = (_when(read, self.begin + first), _when(read, self.begin + end - 1))
            about = ", ".join(oddest(self.by_column[first:end], self.columns))
            rows = f"{self.begin + first + 1} to {self.begin + end}"
            table.add_row(rows, *ends, f"{self.score[first:end].min():.2f}", about)
        console = Console()
        console.width = max(console.width, 100)
        console.print(table)
        if len(found) > _SHOWN:
            print(f"{len(found) - _SHOWN} shorter ones are not shown; --out writes every row")


def _when(read: OrderedTable, row: int) -> str:
    return format_time(int(read.ts_ms[row])) if read.timed else ""


def _show_worth(one: Worth) -> None:
    share = one.false_alarm_share
    f1 = "-" if one.f1 is None else f"{one.f1:.3f}"
    print(f"F1 {f1}, false alarms {'-' if share is None else f'{share:.1%}'} of healthy rows")
    print(f"rows: {one.told} told, {one.missed} missed, {one.false} false, {one.passed} rightly passed")
    for delay in one.delays:
        print("a faulty stretch was not told" if delay is None else f"a faulty stretch was told after {delay} rows")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _chosen(read: OrderedTable, path: Path, columns: str, without: str) -> tuple[str, ...]:
    """Return the columns to learn."""
    left_out = _names(without)
    read.of(left_out, path)
    chosen = tuple(name for name in _names(columns) or read.columns if name not in left_out)
    if not chosen:
        raise InputError(f"{path} has no column of numbers to learn.")
    read.of(chosen, path)
    return chosen


def _says_something(values: NDArray[np.float64]) -> bool:
    return len(np.unique(values[np.isfinite(values)])) > 1


def _learned_rows(own: Fingerprint, values: NDArray[np.float64], ts_ms: NDArray[np.int64]) -> int:
    """Return how many rows of the table's beginning are those that were learned from: all of them or none."""
    if len(values) < own.rows:
        return 0
    first = Fingerprint.of(own.boiler, own.columns, values[: own.rows], ts_ms[: own.rows])
    return own.rows if first.rows_hash == own.rows_hash else 0


def _refuse_retired(learned: Learned, path: Path) -> None:
    if learned.retired:
        anew = "learn it anew with `boilerwatch baseline fit`"
        raise InputError(f"{path} is retired: {learned.retired}; {anew}.")


def _save(learned: Learned, path: Path) -> None:
    try:
        learned.save(path)
    except OSError as exc:
        raise InputError(f"{path} cannot be written: {exc.strerror or exc}.") from exc
