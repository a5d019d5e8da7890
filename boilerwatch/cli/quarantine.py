"""`boilerwatch quarantine`: what could not be read, and reading it again after a fix."""

import difflib
import sys
import threading
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM
from boilerwatch.errors import InputError
from boilerwatch.settings import Settings
from boilerwatch.wire import format_time
from collector.quarantine import Quarantine

app = typer.Typer(help="What could not be read, and reading it again after a fix.", no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="Only what was refused for this reason, as `list` names it.")]
_PREVIEW, _SHOWN = 60, 4_000
_POLL_S = 0.2


@app.command("list")
def list_(
    reason: Reason = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most payloads to list.")] = 50,
    settings: SettingsOption = None,
) -> None:
    """List the reasons with their counts; with --reason, the payloads."""
    with _Opened(load_settings(settings)) as kept:
        if kept is None or not kept.groups():
            print("nothing is in quarantine")
            return
        if reason:
            _know(kept, reason)
            table = Table("#", "came", "topic", "reason", "payload")
            for number, one in kept.listing(limit, reason):
                words = (printable(one.topic), one.reason, printable(one.payload[:_PREVIEW]))
                table.add_row(str(number), format_time(one.received_at_ms), *map(escape, words))
        else:
            table = Table("reason", "payloads", "newest", "its number")
            for group in kept.groups():
                table.add_row(
                    escape(group.reason), str(group.payloads), format_time(group.newest_ms), str(group.newest_id)
                )
        Console(soft_wrap=not sys.stdout.isatty()).print(table)


@app.command()
def show(
    number: Annotated[int, typer.Argument(min=1, help="As `list --reason` tells it.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the payload's bytes and nothing else.")] = False,
    settings: SettingsOption = None,
) -> None:
    """Show one payload: topic, time, reason, and its bytes made safe for a terminal."""
    with _Opened(load_settings(settings)) as kept:
        if kept is None:
            raise InputError(f"quarantine holds no number {number}; nothing is in it")
        one = kept.show(number)
    if raw:
        sys.stdout.buffer.write(one.payload)
        return
    print(f"topic    {printable(one.topic)}")
    print(f"came     {format_time(one.received_at_ms)}")
    print(f"reason   {printable(one.reason.encode())}")
    print(
        f"size     {one.size_bytes or len(one.payload)} bytes{', of which the first 64 KiB are kept' if one.is_cut else ''}"
    )
    text = printable(one.payload)
    print(f"payload  {text[:_SHOWN]}{f' … {len(text) - _SHOWN} more; see --raw' if len(text) > _SHOWN else ''}")


@app.command()
def replay(
    numbers: Annotated[list[int] | None, typer.Argument(help="Which, as `list --reason` tells them.")] = None,
    reason: Reason = "",
    everything: Annotated[bool, typer.Option("--all", help="All that is there.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the collector to tell what came of it.")] = 10,
    settings: SettingsOption = None,
) -> None:
    """Have the collector read payloads again, as of the time they first came; what it reads leaves the quarantine."""
    if (bool(numbers) + bool(reason) + everything) != 1:
        raise InputError("say which: numbers, --reason, or --all")
    with _Opened(load_settings(settings)) as kept:
        if kept is None or not kept.groups():
            if numbers:
                raise InputError(f"quarantine holds no number {numbers[0]}; nothing is in it")
            print("nothing is in quarantine")
            return
        if reason:
            _know(kept, reason)
        for number in numbers or []:
            if kept.show(number).is_cut:
                raise InputError(f"payload {number} was kept cut short at 64 KiB and cannot be read again")
        marked = kept.mark_again(numbers or None, reason)
        _tell(kept, marked, wait)


def printable(raw: bytes) -> str:
    r"""Return bytes as text that a terminal shows and never obeys.

    Examples
    --------
    >>> printable("水压 1.4\x1b[2J".encode() + b"\xff\n")
    '水压 1.4\\x1b[2J\\xff\\n'
    """
    text = raw.decode(errors="backslashreplace")
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _tell(kept: Quarantine, marked: list[int], wait_s: float) -> None:
    """Wait for the collector, and say what came of it."""
    if not marked:
        print("everything there was kept cut short at 64 KiB and cannot be read again")
        return
    until_s = SYSTEM.monotonic_s() + wait_s
    mine = set(marked)
    while (left := mine.intersection(kept.waiting())) and SYSTEM.monotonic_s() < until_s:
        threading.Event().wait(_POLL_S)
    there = {number: one.reason for number, one in kept.listing(2**31) if number in mine - left}
    print(f"{len(mine) - len(left) - len(there)} read, {len(there)} refused again")
    for number, why in sorted(there.items())[:10]:
        print(f"  {number}: {printable(why.encode())}")
    if left:
        print(f"{len(left)} wait for the collector, which reads them when it runs: `boilerwatch run`")


def _know(kept: Quarantine, reason: str) -> None:
    """Refuse a reason that nothing was refused for."""
    known = [group.reason for group in kept.groups()]
    if reason not in known:
        near = difflib.get_close_matches(reason, known, 1, 0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known[:20])}"
        raise InputError(f"nothing was refused for {reason!r}; {hint}")


class _Opened:
    """The quarantine of an installation for as long as it is needed; None where none was ever made."""

    def __init__(self, settings: Settings) -> None:
        path = settings.data.dir / "quarantine.sqlite"
        self._kept = Quarantine(path, settings.collector.quarantine_rows) if path.exists() else None

    def __enter__(self) -> Quarantine | None:
        return self._kept

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.close()
