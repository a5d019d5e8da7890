"""Native telemetry of many boilers at once: columns in, payloads out, without a Python object a message but its bytes.

Boilers that fit the same sensors share one format; a value that is not fitted is not said.
"""

from collections.abc import Sequence

import numpy as np

from boilerwatch.model import Floats, Ints
from boilerwatch.signals import COUNTERS, FLAGS
from boilerwatch.wire import TELEMETRY, topic_of
from simulators.packets import head_of

_WHOLE = COUNTERS - {"burner_hours"}
_WORDS = np.array(["false", "true"], object)
_DECIMALS = 3


class BulkNative:
    """Numbered telemetry of a fleet.

    Parameters
    ----------
    places
        (site, boiler) of each, by index.
    boot
        Boot id of all of them.
    """

    def __init__(self, places: Sequence[tuple[str, str]], boot: str) -> None:
        self._heads = [head_of(topic_of(site, boiler, TELEMETRY)) for site, boiler in places]
        self._boot = boot
        self._seq = np.zeros(len(places), np.int64)

    def payloads(
        self, boiler: Ints, ts_ms: Ints, signals: dict[str, Floats]
    ) -> tuple[list[bytes], list[bytes]]:  # fmt: skip
        """Return (topic heads, payloads) of a step, in its order but for boilers of unlike sensors.

        Parameters
        ----------
        boiler
            Index of each row's boiler, shape (n,).
        ts_ms
            Time of each row, shape (n,). [ms since 1970]
        signals
            Signal -> values, shape (n,), NaN where not fitted.
        """
        names = list(signals)
        fitted = np.packbits(np.column_stack([~np.isnan(signals[name]) for name in names]), axis=1)
        _, which = np.unique(fitted, axis=0, return_inverse=True)
        numbers = self._numbers(boiler)
        heads: list[bytes] = []
        bodies: list[bytes] = []
        for pattern in range(int(which.max()) + 1 if len(boiler) else 0):
            rows = np.flatnonzero(which.reshape(-1) == pattern)
            mine = [name for name in names if not np.isnan(signals[name][rows[0]])]
            form = (
                '{"ts":%d,"boot":"'
                + self._boot
                + '","seq":%d'
                + "".join(f',"{name}":{_form(name)}' for name in mine)
                + "}"
            )
            columns = [_column(name, signals[name][rows]) for name in mine]
            table = zip(ts_ms[rows].tolist(), numbers[rows].tolist(), *columns, strict=True)
            bodies += [(form % row).encode() for row in table]
            heads += [self._heads[i] for i in boiler[rows].tolist()]
        return heads, bodies

    def take_number(self, boiler: int) -> int:
        """Return the next number of one boiler, for an event."""
        number = int(self._seq[boiler])
        self._seq[boiler] = (number + 1) % 2**32
        return number

    def _numbers(self, boiler: Ints) -> Ints:
        """Return each row's number, counting up where a boiler stands in several rows."""
        order = np.argsort(boiler, kind="stable")
        same = boiler[order]
        begins = np.flatnonzero(np.concatenate([[True], same[1:] != same[:-1]])) if len(same) else same
        place = np.arange(len(same)) - np.repeat(begins, np.diff(np.append(begins, len(same))))
        numbers = np.empty(len(boiler), np.int64)
        numbers[order] = (self._seq[same] + place) % 2**32
        np.add.at(self._seq, boiler, 1)
        self._seq %= 2**32
        return numbers


def _form(name: str) -> str:
    return "%s" if name in FLAGS else "%d" if name in _WHOLE else "%r"


def _column(name: str, values: Floats) -> list[object]:
    if name in FLAGS:
        words: list[object] = _WORDS[(values > 0.5).astype(np.int64)].tolist()
        return words
    return list(np.round(values, _DECIMALS).tolist())
