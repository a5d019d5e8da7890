"""Reads again what was refused, when a person asks for it: at its first arrival time, once.

The command only marks rows, because the journal has one writer and a command that wrote it would need the collector to
stop; so the collector reads them between two batches, or when it starts. Each is a batch of its own, for each has an
arrival of its own. Which ones a journal row holds is told by the row's key: after a crash between the journal and the
quarantine they are dropped, not read once more.

In the ledger such a delivery moves from quarantined to what became of it; it is not received twice.
"""

import secrets
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from boilerwatch.columns import encode
from boilerwatch.journal import Journal, NewRow
from boilerwatch.model import Batch, Source
from collector.codecs import Codec, Draft, Message
from collector.quarantine import Quarantine, Refusal
from collector.repeats import Repeats

#: So many at a time, for nothing is received meanwhile.
_A_TURN = 200


class Limits(NamedTuple):
    """Times that are accepted: [ms]."""

    future_ms: int
    oldest_ms: int


class Again:
    """The collector's side of `quarantine replay`.

    Parameters
    ----------
    codec_of
        Who reads a topic.
    """

    def __init__(
        self, quarantine: Quarantine, journal: Journal, repeats: Repeats, codec_of: Callable[[bytes], Codec | None]
    ) -> None:
        self._quarantine = quarantine
        self._journal = journal
        self._repeats = repeats
        self._codec_of = codec_of

    def turn(self, now_ms: int, limits: Limits) -> int:
        """Read what is marked, a bounded amount; return how many refusals went.

        Raises
        ------
        JournalError
            If the journal does not take it; it stays marked.
        sqlite3.Error
            If the quarantine cannot be written.
        """
        if not self._quarantine.waiting():
            return 0
        marked = self._quarantine.marked(_A_TURN, self._journal.last_key())
        still: dict[int, str] = {}
        parts: list[Refusal] = []
        batches: dict[int, Batch] = {}
        for number, refusal in marked:
            batch, refusals = self._read(refusal, limits)
            if batch is None:
                still[number] = refusals[0].reason if refusals else refusal.reason
                continue
            batches[number] = batch
            parts += refusals
        token = secrets.token_hex(16)
        self._quarantine.settle(still, parts, batches, token)
        if batches:
            rows = [NewRow(now_ms, encode(batch), max(len(batch), 1)) for batch in batches.values()]
            rows[-1] = rows[-1]._replace(key=token)
            self._journal.append(rows)
            for batch in batches.values():
                self._repeats.remember(batch)
            self._quarantine.forget(batches)
        return len(batches)

    def _read(self, refusal: Refusal, limits: Limits) -> tuple[Batch | None, list[Refusal]]:
        """Return the batch of what can be read now, None of nothing, and what is refused."""
        message = Message(refusal.topic, refusal.payload, False)
        codec = self._codec_of(refusal.topic)
        if codec is None or refusal.is_cut:
            return None, []
        draft = Draft(refusal.received_at_ms, future_ms=limits.future_ms, oldest_ms=limits.oldest_ms)
        codec.read([message], draft)
        if not draft.is_read:
            return None, draft.refusals
        account = draft.number_of(Source(refusal.boiler, refusal.site, refusal.boiler))
        batch = draft.close()
        self._repeats.drop(batch, draft.delivery)
        if refusal.whole:
            for outcome in ("received", "quarantined"):
                counts = batch.ledger.setdefault(outcome, np.zeros(len(batch.sources), np.int64))
                counts[account] -= 1
        else:
            batch.ledger = {}
        return batch, draft.refusals
