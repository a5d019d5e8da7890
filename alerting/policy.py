"""The policy file -> typed numbers."""

import tomllib
from importlib import resources
from pathlib import Path

import msgspec

from boilerwatch.errors import SettingsError

HOUR_MS = 3_600_000


class Response(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How soon a person must answer. [h]"""

    target_h: float


class OnSite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How soon a technician must be there. [h]"""

    city_h: float
    county_h: float


class Repair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long a repair may take, and when a loaner is due. [h]"""

    loaner_h: float
    target_h: float


class Proactive(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to visit a boiler that still runs. [h]"""

    margin_h: float
    without_prediction_h: float


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole plan."""

    version: str
    warn_share: float
    response: Response
    on_site: OnSite
    repair: Repair
    proactive: Proactive

    def on_site_ms(self, region: str) -> int:
        """Return the on-site target; an unknown region gets the stricter one. [ms]"""
        return round((self.on_site.county_h if region == "county" else self.on_site.city_h) * HOUR_MS)


def load_policy(path: Path | None = None) -> Policy:
    """Return the policy of a file, or the one that ships with boilerwatch.

    Raises
    ------
    SettingsError
        If it cannot be read or a number is missing.
    """
    place = str(path) if path else "the policy that ships with boilerwatch"
    try:
        if path is None:
            text = resources.files("alerting").joinpath("policy.toml").read_text(encoding="utf-8")
        else:
            text = path.read_text(encoding="utf-8")
        return msgspec.convert(tomllib.loads(text), Policy, strict=False)
    except OSError as exc:
        raise SettingsError(f"{place} cannot be read: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{place} is not a policy: {exc}") from exc
