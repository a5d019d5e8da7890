"""Our own dialect: numbered telemetry and events at QoS 1, a retained status with its last will."""

import json

from boilerwatch.signals import COUNTERS, FLAGS
from boilerwatch.wire import EVENT, STATUS, TELEMETRY, topic_of
from simulators.dialects.contract import Gateway, Moment, Publication


class Native:
    """One gateway.

    Parameters
    ----------
    gateway
        Who speaks.
    boot
        Its boot id; publications are numbered within it.
    """

    def __init__(self, gateway: Gateway, boot: str) -> None:
        self._gateway = gateway
        self._boot = boot
        self._seq = 0
        self._codes: tuple[str, ...] = ()

    def will(self) -> Publication:
        """Return `offline`, retained, at QoS 1."""
        return self._status(b"offline")

    def birth(self) -> list[Publication]:
        """Return `online`, retained, at QoS 1."""
        return [self._status(b"online")]

    def say(self, moment: Moment) -> list[Publication]:
        """Return codes that came or went, then the reading."""
        found = [
            self.event(moment.ts_ms, code, False, self._next()) for code in self._codes if code not in moment.codes
        ]
        found += [
            self.event(moment.ts_ms, code, True, self._next()) for code in moment.codes if code not in self._codes
        ]
        self._codes = moment.codes
        values = plain_values(moment)
        if values:
            found.append(
                self._publication(TELEMETRY, {"ts": moment.ts_ms, "boot": self._boot, "seq": self._next(), **values})
            )
        return found

    def event(self, ts_ms: int, code: str, active: bool, seq: int) -> Publication:
        """Return the event of a code that came or went, as publication `seq` of this boot."""
        number = {"boot": self._boot, "seq": seq}
        return self._publication(EVENT, {"ts": ts_ms, **number, "code": code, "active": active})

    def _next(self) -> int:
        number, self._seq = self._seq, (self._seq + 1) % 2**32
        return number

    def _publication(self, leaf: str, plain: dict[str, object]) -> Publication:
        body = json.dumps(plain, separators=(",", ":")).encode()
        return Publication(topic_of(self._gateway.site, self._gateway.boiler, leaf), body, 1)

    def _status(self, payload: bytes) -> Publication:
        return Publication(topic_of(self._gateway.site, self._gateway.boiler, STATUS), payload, 1, True)


def plain_values(moment: Moment) -> dict[str, object]:
    """Return the signals as JSON shows them: flags as true and false, counters whole, what is not fitted left out."""
    found: dict[str, object] = {}
    for name in moment.values:
        value = moment.get(name)
        if value is not None:
            found[name] = value > 0.5 if name in FLAGS else int(value) if name in _WHOLE else value
    return found


_WHOLE = COUNTERS - {"burner_hours"}
