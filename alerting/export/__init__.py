"""What alerting tells the store, measurement by measurement as docs/store.md says.

`outboxes` empties what transitions, service rows, the register and boilers' states left to be told; `fleet` knows each
boiler's state; `days`, `quality`, `load` and `snapshots` count. `exporter` drives them. Everything is written from SQL
and may be written again: after a crash, or an outage of the store, the same rows go out with the same keys.
"""
