"""What `replay` prints of two lists of findings: what it comes to, by kind, then story by story."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from boilerwatch.table_file import write_rows
from boilerwatch.wire import format_time
from detectors.backtest import Change, Judged, Side, Story, Verdicts, compare, judge, side_of, stops_of

_WIDTH = 126
_SHOWN = 40
_WORDS = ("added", "gone", "earlier", "later", "graver", "milder")
_HEADS = ("what", "boiler", "kind", "told then", "told now", "hours", "ticket then", "ticket now", "visit found")
_CAPTION = (
    "then → now where they differ. Tickets: warnings of one boiler and chain that overlap are one. Stops: lock-out codes shown; "
    "foretold by a warning of the chain, or of a kind that leads there. Lead: from that warning to the stop."
)


def show(before: Sequence[Story], after: Sequence[Story], judged: Sequence[Judged], out: Path | None) -> None:
    """Print what would have been different; write every change to `out` where it is named."""
    console = Console()
    console.width = max(console.width, _WIDTH)
    changes = compare(before, after, judged)
    counts = Counter(one.what for one in changes)
    print(_counted(counts) if changes else "nothing would have been different")
    if changes:
        _show_kinds(console, before, after, changes)
    _show_verdicts(judge(before, after, judged), judged=len(judged))
    if changes:
        _show_changes(console, changes)
    if out is not None:
        write_rows(out, _HEADS, [_cells(one) for one in changes])


def _show_kinds(console: Console, before: Sequence[Story], after: Sequence[Story], changes: Sequence[Change]) -> None:
    stops = stops_of(after)
    table = Table(
        "kind", "told", "tickets", f"of {len(stops)} stops foretold", "lead h, median", "changes", box=SIMPLE_HEAD
    )
    for kind in sorted({one.story.kind for one in changes}):
        sides = [side_of([one for one in those if one.kind == kind], stops) for those in (before, after)]
        mine = Counter(one.what for one in changes if one.story.kind == kind)
        table.add_row(kind, *_sides(*sides), _counted(mine))
    table.add_section()
    table.add_row("all kinds", *_sides(side_of(before, stops), side_of(after, stops)), "")
    console.print(table)
    console.print(_CAPTION, style="dim", highlight=False)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[what]} {what}" for what in _WORDS if counts[what])


def _sides(then: Side, now: Side) -> tuple[str, str, str, str]:
    pairs = [(then.told, now.told), (then.tickets, now.tickets), (len(then.leads_h), len(now.leads_h))]
    told, tickets, stops = (_then_now(str(was), str(is_now)) for was, is_now in pairs)
    leads = ["-" if one is None else f"{one:.0f}" for one in (then.lead_h, now.lead_h)]
    return told, tickets, stops, _then_now(*leads)


def _then_now(then: str, now: str) -> str:
    return then if then == now else f"{then} → {now}"


def _show_verdicts(met: dict[str, Verdicts], judged: int) -> None:
    for found, one in met.items():
        print(
            f"of {one.judged} findings that visits {found}, {one.still} would be told; "
            f"tickets {_then_now(str(one.warned_then), str(one.warned_now))}"
        )
    if judged and not met:
        print(f"none of the {judged} findings that visits judged is among those told then")


def _show_changes(console: Console, changes: Sequence[Change]) -> None:
    """Print the changes, tickets before the rest."""
    order = sorted(changes, key=lambda one: (-abs(one.tickets), -abs(one.hours)))
    table = Table("what", "boiler", "kind", "told then", "told now", "hours", "ticket", "visit found", box=SIMPLE_HEAD)
    for one in order[:_SHOWN]:
        ticket = _then_now(*("yes" if story and story.warned_ms else "no" for story in (one.was, one.now)))
        times = [_minute(story.raised_ms) if story else "" for story in (one.was, one.now)]
        table.add_row(one.what, one.subject, one.story.key, *times, _hours(one), ticket, one.found)
    console.print(table)
    if len(order) > _SHOWN:
        print(f"{len(order) - _SHOWN} more are not shown; --changes FILE.csv writes all")


def _minute(at_ms: int) -> str:
    return format_time(at_ms)[:16].replace("T", " ")


def _hours(one: Change) -> str:
    return f"{one.hours:+.1f}" if one.hours else ""


def _cells(one: Change) -> tuple[str, ...]:
    then, now = ((story.raised_ms, story.warned_ms) if story else (0, 0) for story in (one.was, one.now))
    times = [format_time(at) if at else "" for at in (then[0], now[0], then[1], now[1])]
    return one.what, one.subject, one.story.key, *times[:2], _hours(one), *times[2:], one.found
