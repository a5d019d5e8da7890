"""The register of a simulated fleet, as `fleet import` takes it."""

import csv
import io

from simulators.fleet import MODELS, SITES, Fleet

_COLUMNS = ("boiler", "site", "region", "model", "family", "commissioned", "customer", "latitude", "longitude")


def fleet_csv(fleet: Fleet) -> str:
    """Return the register."""
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\n")
    table.writerow(_COLUMNS)
    for i, name in enumerate(fleet.ids):
        site, region, latitude, longitude = SITES[fleet.site[i]]
        model, family, _ = MODELS[fleet.model[i]]
        place = (round(latitude + (i % 17) / 500, 4), round(longitude + (i % 13) / 500, 4))
        table.writerow([name, site, region, model, family, f"202{i % 5}-10-0{i % 9 + 1}", f"Household {i + 1}", *place])
    return sink.getvalue()
