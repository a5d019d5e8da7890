"""The dialects a boiler model may name."""

from collections.abc import Callable

from boilerwatch.errors import InputError
from simulators.dialects.contract import Gateway, Speaker
from simulators.dialects.dtu import Dtu
from simulators.dialects.ebusd import Ebusd
from simulators.dialects.ems_esp import EmsEsp
from simulators.dialects.native import Native
from simulators.dialects.otgw import Otgw
from simulators.dialects.thingsboard import ThingsBoard

#: Name -> what makes a speaker of a gateway and its boot id.
DIALECTS: dict[str, Callable[[Gateway, str], Speaker]] = {
    "native": Native,
    "ems_esp_v20": lambda gateway, _: EmsEsp(gateway, "v20"),
    "ems_esp_v34": lambda gateway, _: EmsEsp(gateway, "v34"),
    "ems_esp_v37": lambda gateway, _: EmsEsp(gateway, "v37"),
    "otgw": lambda gateway, _: Otgw(gateway),
    "ebusd_plain": lambda gateway, _: Ebusd(gateway, "plain"),
    "ebusd_json": lambda gateway, _: Ebusd(gateway, "json"),
    "ebusd_short": lambda gateway, _: Ebusd(gateway, "short"),
    "thingsboard": lambda gateway, _: ThingsBoard(gateway),
    "mapped": lambda gateway, _: Dtu(gateway),
}


def speaker_of(dialect: str, gateway: Gateway, boot: str) -> Speaker:
    """Return a gateway that speaks a dialect.

    Raises
    ------
    InputError
        If there is no such dialect.
    """
    if dialect not in DIALECTS:
        raise InputError(f"there is no dialect {dialect!r}; known: {', '.join(DIALECTS)}")
    return DIALECTS[dialect](gateway, boot)
