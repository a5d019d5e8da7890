"""The store that the settings ask for."""

from boilerwatch.settings import Settings
from boilerwatch.store.protocol import Store


def open_store(settings: Settings) -> Store:
    """Return the store the settings name, not yet connected."""
    if settings.store.kind == "influx":
        from boilerwatch.store.influx import InfluxStore  # noqa: PLC0415 -- its client loads slowly

        return InfluxStore(settings.store)
    from boilerwatch.store.sqlite import SqliteStore  # noqa: PLC0415

    return SqliteStore(settings.data.dir / "store.sqlite", settings.store)
