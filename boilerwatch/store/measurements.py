"""Where each measurement stands in InfluxDB: what is kept longer than readings, or not as long, has a policy of its own.

In 1.x a policy of the database, in 2.x and 3.x a bucket or database `{database}/{policy}`, which InfluxQL reads under
the same name: a virtual DBRP mapping (docs.influxdata.com, "Database and retention policy mapping"). There SHOW TAG VALUES
knows the default policy alone, so what variables of dashboards ask for stands in that one (`fleet_minute`, `boiler_fact`).
"""

from typing import Literal

Policy = Literal["", "quarters", "days", "snapshots"]

#: Measurement -> its policy; whatever is not named stands in the database's default one, with the readings.
POLICIES: dict[str, Policy] = {
    "boiler_15m": "quarters", "forecast": "quarters", "ticket_next": "snapshots",
    "boiler_1d": "days", "boiler_state": "days",  # a state is written when it changes, which may be never
}  # fmt: skip


def source_of(measurement: str) -> str:
    """Return what stands after FROM in InfluxQL.

    Examples
    --------
    >>> source_of("boiler"), source_of("boiler_15m")
    ('"boiler"', '"quarters"."boiler_15m"')
    """
    policy = POLICIES.get(measurement)
    return f'"{policy}"."{measurement}"' if policy else f'"{measurement}"'
