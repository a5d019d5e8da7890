"""Limits that an installation changed: for all boilers, for those of one model, or for one boiler; the nearest wins."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
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
            If there is no such detector or no such limit, where the nearest is named; or if a limit is not above 0.
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
                for name, value in limits.items():
                    where = f"[detectors.{place}.{detector}]"
                    if name in known[detector] and value <= 0 < known[detector][name] and not name.endswith("_c"):
                        raise SettingsError(
                            f"{where}: {name} = {value:g} must be above 0; it ships as {known[detector][name]:g}"
                        )
                    if name not in known[detector]:
                        raise SettingsError(f"{where}: there is no limit {name!r}{_near(name, known[detector])}")

    def unmatched(self, boilers: Iterable[str], models: Iterable[str]) -> list[str]:
        """Return a sentence for each table of a model or boiler that a register does not have: it changes nothing."""
        sentences = []
        for place, mine, known in (("models", self.models, set(models)), ("boilers", self.boilers, set(boilers))):
            none = (
                "no boiler of the register is of this model" if place == "models" else "the register has no such boiler"
            )
            sentences += [
                f"[detectors.{place}.{name!r}] changes nothing: {none}{_near(name, dict.fromkeys(known), most=8)}"
                for name in mine
                if name not in known
            ]
        return sentences

    def over(self, other: "Tuning") -> "Tuning":
        """Return these limits laid over others: what is not changed here stays as it is there."""
        models = {m: _laid(self.models.get(m, {}), other.models.get(m, {})) for m in {**other.models, **self.models}}
        boilers = {
            b: _laid(self.boilers.get(b, {}), other.boilers.get(b, {})) for b in {**other.boilers, **self.boilers}
        }
        return Tuning(_laid(self.limits, other.limits), models, boilers)

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
        base = self.limits[detector.name].get(name) if detector.name in self.limits else None
        base = detector.limits[name] if base is None else base
        if not self.models and not self.boilers:
            return np.array(base)
        models = {m: t[detector.name][name] for m, t in self.models.items() if name in t.get(detector.name, {})}
        own = {b: t[detector.name][name] for b, t in self.boilers.items() if name in t.get(detector.name, {})}
        if not models and not own:
            return np.array(base)
        ids = [boilers[one] for one in slot.tolist()]
        return np.array(
            [own.get(one, models.get(facts.get(one, {}).get("model", ""), base)) for one in ids], np.float64
        )


def _laid(upper: Table, lower: Table) -> Table:
    return {detector: {**lower.get(detector, {}), **upper.get(detector, {})} for detector in {**lower, **upper}}


def _near(name: str, known: Mapping[str, object], most: int = 100) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if near:
        return f"; did you mean {near[0]!r}?"
    more = ", ..." if len(known) > most else ""
    return f"; known: {', '.join(sorted(known)[:most]) or 'none'}{more}"
