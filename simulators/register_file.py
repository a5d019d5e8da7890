"""The register of a simulated fleet, as `fleet import` takes it."""

import csv
import io

from simulators.fleet import Fleet
from simulators.sites import SITES

_COLUMNS = ("boiler", "site", "region", "model", "family", "commissioned", "customer", "latitude", "longitude")


def fleet_csv(fleet: Fleet) -> str:
    """Return the register."""
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\n")
    table.writerow(_COLUMNS)
    for i, name in enumerate(fleet.ids):
        site, model = SITES[fleet.site[i]], fleet.models[i]
        place = (round(site.latitude + (i % 17) / 500, 4), round(site.longitude + (i % 13) / 500, 4))
        since = f"202{i % 5}-10-0{i % 9 + 1}"
        table.writerow([name, site.name, site.region, model.name, model.family, since, f"Household {i + 1}", *place])
    return sink.getvalue()
