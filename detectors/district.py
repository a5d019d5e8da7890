"""What several boilers of a site show at once: one incident, with its members."""

from typing import Any

from boilerwatch.model import Ints
from detectors.catalogue.contract import World

_NAMED = 50


def members_of(members: Ints, world: World) -> dict[str, Any]:
    """Return what an incident's values say of its members: how many, and the first fifty by name."""
    names = sorted(world.slots.boilers[one] for one in members.tolist())
    return {"members": names[:_NAMED], "affected_boilers": len(names)}
