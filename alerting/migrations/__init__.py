"""The tables' history: each file a step, run in order by `alerting.schema`."""
