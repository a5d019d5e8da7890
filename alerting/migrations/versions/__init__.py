"""Steps from an empty database to `alerting.tables`, oldest first."""
