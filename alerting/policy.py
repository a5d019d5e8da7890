"""The policy file -> typed numbers, and the targets a promise is held to."""

import datetime as dt
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from alerting.clocks import HOUR_MS
from boilerwatch.clock import to_ms
from boilerwatch.errors import SettingsError

__all__ = ["HOUR_MS", "Policy", "Special", "load_policy"]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of the file."""


class Response(_Table, frozen=True):
    """How soon a person must answer. [h]"""

    target_h: float


class OnSite(_Table, frozen=True):
    """How soon a technician must be there. [h]"""

    city_h: float
    county_h: float


class Repair(_Table, frozen=True):
    """How long a repair may take, when a loaner is due [h], and how long it must hold. [days]"""

    loaner_h: float
    target_h: float
    watch_days: float = 30.0


class Proactive(_Table, frozen=True):
    """When to visit a boiler that still runs. [h]"""

    margin_h: float
    without_prediction_h: float


class Common(_Table, frozen=True):
    """When many boilers' trouble is one incident of their site."""

    window_min: float = 30.0
    boilers: int = 5
    share: float = 0.1
    most: int = 50

    def threshold(self, site_boilers: int) -> int:
        """Return how many boilers of a site of this size it takes."""
        return min(max(self.boilers, round(self.share * site_boilers)), max(self.most, self.boilers))


class DeskPolicy(_Table, frozen=True):
    """Who works a shift."""

    operators: int = 2


class Special(_Table, frozen=True):
    """Other targets for some: a contract, a severity, a region, a site, a guarded period; empty means any."""

    name: str
    clause: str = ""
    contracts: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    response_h: float | None = None
    on_site_h: float | None = None
    loaner_h: float | None = None
    repair_h: float | None = None

    def fits(self, who: dict[str, str], at_ms: int) -> bool:
        """Return whether it holds for a ticket at a moment."""
        named = (
            ("contract", self.contracts), ("severity", self.severities), ("region", self.regions), ("site", self.sites),
        )  # fmt: skip
        if any(names and who.get(key, "") not in names for key, names in named):
            return False
        begun = self.start is None or to_ms(self.start) <= at_ms
        return begun and (self.end is None or at_ms < to_ms(self.end))


class Policy(_Table, frozen=True):
    """The whole plan."""

    version: str
    warn_share: float
    response: Response
    on_site: OnSite
    repair: Repair
    proactive: Proactive
    common: Common = Common()
    desk: DeskPolicy = DeskPolicy()
    special: tuple[Special, ...] = ()

    def targets(self, who: dict[str, str], at_ms: int) -> dict[str, Any]:
        """Return what a promise that starts now is held to, in plain values for a transition's facts.

        Parameters
        ----------
        who
            `site`, `region`, `contract`, `severity` of the ticket; an unknown region gets the stricter target.
        """
        hours = {
            "response": self.response.target_h,
            "on_site": self.on_site.county_h if who.get("region") == "county" else self.on_site.city_h,
            "loaner": self.repair.loaner_h, "repair": self.repair.target_h,
        }  # fmt: skip
        names = []
        for one in self.special:
            if one.fits(who, at_ms):
                names.append(one.name)
                hours |= {n: own for n in hours if (own := getattr(one, f"{n}_h")) is not None}
        return {
            "policy": self.version, "special": names, "warn_share": self.warn_share,
            "margin_ms": round(self.proactive.margin_h * HOUR_MS),
            "without_ms": round(self.proactive.without_prediction_h * HOUR_MS),
            **{f"{name}_ms": round(value * HOUR_MS) for name, value in hours.items()},
        }  # fmt: skip


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy of a file, or the one that ships with boilerwatch.

    Raises
    ------
    SettingsError
        If it cannot be read, a number is missing, or one makes no sense.
    """
    place = str(path) if path else "the policy that ships with boilerwatch"
    try:
        if path is None:
            text = resources.files("alerting").joinpath("policy.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        policy = msgspec.convert(tomllib.loads(text), Policy, strict=False)
    except OSError as exc:
        raise SettingsError(f"{place} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{place} is not a policy: {exc}") from exc
    wrong = _wrong(policy)
    if wrong:
        raise SettingsError("\n".join(f"{place}: {sentence}" for sentence in wrong))
    return policy


def _wrong(policy: Policy) -> list[str]:
    """Return what makes no sense although it can be read."""
    found = []
    hours = {
        "response.target_h": policy.response.target_h, "on_site.city_h": policy.on_site.city_h,
        "on_site.county_h": policy.on_site.county_h, "repair.loaner_h": policy.repair.loaner_h,
        "repair.target_h": policy.repair.target_h, "proactive.without_prediction_h": policy.proactive.without_prediction_h,
    }  # fmt: skip
    for one in policy.special:
        hours |= {
            f"special {one.name!r} {n}": own
            for n in ("response_h", "on_site_h", "loaner_h", "repair_h")
            if (own := getattr(one, n)) is not None
        }
        for name, at in (("start", one.start), ("end", one.end)):
            if at is not None and at.tzinfo is None:
                found.append(f"special {one.name!r} {name} has no time zone; write 2027-06-06T00:00:00+08:00")
        if one.start and one.end and one.start.tzinfo and one.end.tzinfo and one.start >= one.end:
            found.append(f"special {one.name!r} ends before it starts")
    found += [f"{name} is {value:g} h; it must be more than 0" for name, value in hours.items() if not 0 < value < 1e5]
    if not 0 < policy.warn_share < 1:
        found.append(f"warn_share is {policy.warn_share:g}; it must lie between 0 and 1")
    if policy.common.boilers < 2 or policy.desk.operators < 1:
        found.append("common.boilers must be at least 2 and desk.operators at least 1")
    return found
