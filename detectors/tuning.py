"""Limits that an installation changed: for all boilers, for those of one model, or for one boiler; the nearest wins."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from boilerwatch.errors import SettingsError
from boilerwatch.model import Floats, Ints

#: Detector -> name of a limit -> value.
Table = Mapping[str, Mapping[str, float]]


class Tuned(Protocol):
    """A detector whose limits may be changed."""

    name: str
    limits: dict[str, float]


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was changed.

    Attributes
    ----------
    limits
        For all boilers.
    models, boilers
        Model, boiler -> such a table.
    """

    limits: Table = field(default_factory=dict)
    models: Mapping[str, Table] = field(default_factory=dict)
    boilers: Mapping[str, Table] = field(default_factory=dict)

    def check(self, detectors: Sequence[object]) -> None:
        """Refuse limits that no detector has.

        Raises
        ------
        SettingsError
            If there is no such detector or no such limit; the nearest is named.
        """
        known = {str(getattr(one, "name", "")): dict(getattr(one, "limits", {})) for one in detectors}
        tables = [("limits", self.limits)]
        tables += [(f"models.{name}", table) for name, table in self.models.items()]
        tables += [(f"boilers.{name}", table) for name, table in self.boilers.items()]
        for place, table in tables:
            for detector, limits in table.items():
                if detector not in known:
                    raise SettingsError(
                        f"[detectors.{place}]: there is no detector {detector!r}{_near(detector, known)}"
                    )
                for name in limits:
                    if name not in known[detector]:
                        where = f"[detectors.{place}.{detector}]"
                        raise SettingsError(f"{where}: there is no limit {name!r}{_near(name, known[detector])}")

    def of(
        self, detector: Tuned, name: str, slot: Ints, boilers: Sequence[str], facts: Mapping[str, Mapping[str, str]]
    ) -> Floats:
        """Return a limit for each of some boilers, shape (n,); shape () where all have the same.

        Parameters
        ----------
        slot
            The boilers, shape (n,).
        boilers, facts
            Ids by slot, and what the register says of them.
        """
        base = self.limits.get(detector.name, {}).get(name, detector.limits[name])
        models = {m: t[detector.name][name] for m, t in self.models.items() if name in t.get(detector.name, {})}
        own = {b: t[detector.name][name] for b, t in self.boilers.items() if name in t.get(detector.name, {})}
        if not models and not own:
            return np.array(base)
        ids = [boilers[one] for one in slot.tolist()]
        return np.array(
            [own.get(one, models.get(facts.get(one, {}).get("model", ""), base)) for one in ids], np.float64
        )


def _near(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(sorted(known)) or 'none'}"
