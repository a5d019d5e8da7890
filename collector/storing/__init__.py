"""Storing: the consumer of `readings`, `findings` and `service` that writes the store.

`service` takes journal rows in order and writes readings; `points` makes findings into rows; `boilers` gives each boiler
a slot; `folding` makes quarter-hours and days of readings as they come, `late` remembers the days that something came
late for, `rollups` writes what was folded and corrects those days from the store; `snapshot` keeps all of that.
"""

from collector.storing.service import CONSUMER, Storing, drain, main

__all__ = ["CONSUMER", "Storing", "drain", "main"]
