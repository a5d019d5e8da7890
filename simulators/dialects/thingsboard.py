"""A ThingsBoard gateway: `v1/gateway/telemetry` with its own time at QoS 1; a connect, and no last will."""

import json
from collections.abc import Mapping

from simulators.dialects.contract import Gateway, Moment, Publication
from simulators.dialects.native import plain_values


class ThingsBoard:
    """One device behind a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._device = gateway.boiler

    def will(self) -> Publication | None:
        """Return nothing: the gateway's API has none."""
        return None

    def birth(self) -> list[Publication]:
        """Return the device's connect."""
        return [Publication("v1/gateway/connect", _json({"device": self._device}), 1)]

    def say(self, moment: Moment) -> list[Publication]:
        """Return one reading, with the live code or an empty one."""
        values = plain_values(moment) | {"error_code": moment.codes[-1] if moment.codes else ""}
        body = {self._device: [{"ts": moment.ts_ms, "values": values}]}
        return [Publication("v1/gateway/telemetry", _json(body), 1)]


def _json(plain: Mapping[str, object]) -> bytes:
    return json.dumps(plain, separators=(",", ":")).encode()
