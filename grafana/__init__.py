"""The NOC on Grafana, built as code: boards, folders, rules and how they reach a running Grafana.

Knows only `boilerwatch`. What the boards read is the store's table of measurements (docs/store.md).
"""
