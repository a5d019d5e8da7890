"""Gateways that repeat their past in files: back from an absence, they say their last reading anew before the first new one."""

import numpy as np

from boilerwatch.model import Ints
from simulators.rows import Bools, Rows


class Past:
    """The last readings of those that do so.

    Parameters
    ----------
    boilers
        Numbers of the boilers whose gateways have that habit.
    before_ms
        How long before the first new reading the old one is said. [ms]
    """

    def __init__(self, boilers: Ints, before_ms: int) -> None:
        self._boilers, self._before_ms = boilers, before_ms
        self._last: Rows | None = None
        self._ended: Ints = np.zeros(0, np.int64)

    def said_again(self, rows: Rows, sent: Bools, ended: Ints) -> Rows:
        """Return rows with the old readings among them, in order of true time for each boiler.

        Parameters
        ----------
        rows
            In order of true time, after all rows of earlier calls.
        sent
            Which were sent as they were read.
        ended
            A number that grows with each absence a boiler is back from.
        """
        mine = sent & (rows.code < 0) & np.isin(rows.boiler, self._boilers)
        if not mine.any():
            return rows
        known, count = rows.take(mine), ended[mine]
        if self._last is not None:
            known, count = self._last.then(known), np.concatenate([self._ended, count])
        order = np.argsort(known.boiler, kind="stable")
        old, new = order[:-1], order[1:]
        back = (known.boiler[old] == known.boiler[new]) & (count[old] < count[new])
        is_last = np.append(known.boiler[old] != known.boiler[new], True)
        self._last, self._ended = known.take(order[is_last]), count[order[is_last]]
        if not back.any():
            return rows
        past = known.take(old[back])
        past.at_ms = known.at_ms[new[back]] - self._before_ms
        both = rows.then(past)
        return both.take(np.argsort(both.at_ms, kind="stable"))
