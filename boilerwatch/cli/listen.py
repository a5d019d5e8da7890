"""`boilerwatch listen`: what does the gateway I just connected say, and how do we read it?"""

import asyncio
import contextlib
import signal
from collections import Counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.clock import SYSTEM, Clock, to_datetime
from boilerwatch.codes import look_up
from boilerwatch.model import Batch
from boilerwatch.mqtt import connected
from boilerwatch.settings import DialectSettings, MqttSettings
from boilerwatch.signals import BY_NAME, FLAGS
from collector.codecs import Codec, Draft, Message, codecs_of
from collector.codecs.recognise import mapping_for, recognise

_KEYS_SHOWN = 8


def listen(
    topic: Annotated[list[str] | None, typer.Option(help="MQTT filter, repeatable; everything without one.")] = None,
    seconds: Annotated[float, typer.Option(min=0, help="End after so long; 0 for until Ctrl-C.")] = 0,
    settings: SettingsOption = None,
) -> None:
    """Show what gateways say and how it is read: dialect, boiler, signals, what is refused and why."""
    loaded = load_settings(settings)
    listener = Listener(loaded.dialects, Console(soft_wrap=True), SYSTEM)
    asyncio.run(_hear(loaded.mqtt, topic or ["#"], seconds, listener))
    listener.sum_up()


class Listener:
    """Reads messages one by one as the collector would, and tells a person.

    Parameters
    ----------
    dialects
        What the settings turn on; other known dialects are recognised by their topics.
    console
        Where it is told.
    clock
        For times of arrival.
    """

    def __init__(self, dialects: DialectSettings, console: Console, clock: Clock) -> None:
        self._codecs = codecs_of(dialects)
        self._extra: dict[str, Codec] = {}
        self._console = console
        self._clock = clock
        self._hinted: set[str] = set()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def hear(self, message: Message) -> None:
        """Tell one message."""
        topic = message.topic.decode(errors="replace")
        codec, line = self._codec(topic)
        at = to_datetime(self._clock.now_ms()).astimezone().strftime("%H:%M:%S")
        mark = "  [yellow]retained: last known, no reading[/]" if message.retained else ""
        self._console.print(f"[dim]{at}[/] [bold]{escape(topic)}[/]{mark}")
        if codec is None:
            self._counts["unknown", "", "messages"] += 1
            self._hint(topic, message.payload)
            return
        draft = Draft(self._clock.now_ms())
        codec.read([message._replace(retained=False)] if message.retained else [message], draft)
        batch = draft.close()
        if line and line not in self._hinted:
            self._hinted.add(line)
            self._console.print(f"  not in the settings yet: put [green]{escape(line)}[/] under \\[dialects]")
        self._tell(codec.name, batch, draft, retained=message.retained)

    def sum_up(self) -> None:
        """Print what was heard, by dialect and boiler."""
        columns = ("messages", "readings", "retained", "refused")
        table = Table("dialect", "boiler", *columns, title="heard")
        for dialect, boiler in sorted({key[:2] for key in self._counts}):
            table.add_row(dialect, boiler, *(str(self._counts[dialect, boiler, name]) for name in columns))
        self._console.print(table if self._counts else "nothing was heard")

    def _codec(self, topic: str) -> tuple[Codec | None, str]:
        own = next((codec for codec in self._codecs if codec.owns(topic)), None)
        if own is not None:
            return own, ""
        found = recognise(topic)
        if found is None:
            return None, ""
        return self._extra.setdefault(found.line, found.codec), found.line

    def _hint(self, topic: str, payload: bytes) -> None:
        shape = "/".join(part if not any(c.isdigit() for c in part) else "*" for part in topic.split("/"))
        self._console.print("  [red]no dialect reads it[/]")
        if shape not in self._hinted and len(self._hinted) < 1_000:
            self._hinted.add(shape)
            self._console.print("  a mapping file can; it would begin like this (docs/wire.md, \\[dialects] mappings):")
            for line in mapping_for(topic, payload).splitlines():
                self._console.print(f"    [cyan]{escape(line)}[/]")

    def _tell(self, dialect: str, batch: Batch, draft: Draft, *, retained: bool) -> None:
        names = [source.boiler for source in batch.sources if source.boiler]
        for boiler in names or [""]:
            self._counts[dialect, boiler, "messages"] += 1
            self._counts[dialect, boiler, "retained"] += retained
            self._counts[dialect, boiler, "refused"] += bool(draft.refusals)
        for number, source in enumerate(batch.sources):
            rows = np.flatnonzero(batch.source == number)
            self._counts[dialect, source.boiler, "readings"] += 0 if retained else len(rows)
            if source.boiler:
                self._console.print(f"  {dialect} → boiler [bold]{source.boiler}[/], site {source.site}")
            for row in rows[:3]:
                known = {
                    name: float(column[row]) for name, column in batch.columns.items() if not np.isnan(column[row])
                }
                text = " · ".join(f"{name} {_shown(name, value)}" for name, value in known.items())
                time = "" if batch.stamped[row] else f"{to_datetime(int(batch.ts_ms[row])).isoformat()}  "
                self._console.print(f"    [green]{time}{text}[/]")
            if len(rows) > 3:
                self._console.print(f"    and {len(rows) - 3} more readings")
        self._tell_rest(batch, draft)

    def _tell_rest(self, batch: Batch, draft: Draft) -> None:
        for event in batch.events:
            row = look_up(event.family, event.code) if event.family else None
            meaning = (
                f": {row.meaning_en} ({event.family})" if row else ", explained by the boiler's family in the register"
            )
            self._console.print(
                f"    [red]code {escape(event.code)} {'appeared' if event.active else 'went'}{escape(meaning)}[/]"
            )
        for status in batch.statuses:
            self._console.print(f"    {'online' if status.online else 'offline'}")
        for (name, reason), count in draft.dropped.items():
            if count:
                self._console.print(f"    [yellow]dropped: {escape(name)}: {reason.replace('_', ' ')}[/]")
        if draft.unknown:
            keys = [key.partition("/")[2] or key for key in draft.unknown]
            more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
            self._console.print(f"    [dim]not read: {escape(', '.join(keys[:_KEYS_SHOWN]))}{more}[/]")
        for refusal in draft.refusals:
            self._console.print(f"    [red]refused: {escape(refusal.reason)}[/]")


def _shown(name: str, value: float) -> str:
    if name in FLAGS:
        return "on" if value else "off"
    return (
        f"{value:g} {BY_NAME[name].unit}".strip()
        if abs(value) < 100_000
        else f"{value:.0f} {BY_NAME[name].unit}".strip()
    )


async def _hear(mqtt: MqttSettings, topics: list[str], seconds: float, listener: Listener) -> None:
    """Listen until Ctrl-C or for so long."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if task is not None:
            loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(seconds or None), connected(mqtt, f"boilerwatch-listen-{SYSTEM.now_ms()}") as client:
            for topic in topics:
                await client.subscribe(topic)
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                listener.hear(Message(message.topic.value.encode(), payload, bool(message.retain)))
