"""Measured history: one protocol, InfluxDB and SQLite behind it. Written by storing, read by every room."""
