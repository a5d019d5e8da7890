"""The dialects that the settings turn on."""

from typing import Protocol

from boilerwatch.settings import DialectSettings
from collector.codecs.draft import Draft, Message
from collector.codecs.ebusd import Ebusd
from collector.codecs.ems_esp import EmsEsp
from collector.codecs.live_codes import LiveCodes
from collector.codecs.mapped import Mapped
from collector.codecs.native import Native
from collector.codecs.otgw import Otgw
from collector.codecs.thingsboard import ThingsBoard


class Codec(Protocol):
    """What reads one dialect."""

    name: str

    def subscriptions(self) -> list[str]:
        """Return the MQTT topic filters to subscribe to."""
        ...

    def owns(self, topic: str) -> bool:
        """Return whether a topic is of this dialect; asked once a topic."""
        ...

    def live_codes(self) -> list[LiveCodes]:
        """Return the codes its gateways show, to be kept over a restart."""
        ...

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Put what the messages say into the draft, in order."""
        ...


def codecs_of(settings: DialectSettings) -> list[Codec]:
    """Return the codecs in the order topics are offered to them: what a user wrote comes first.

    Raises
    ------
    SettingsError
        If a mapping file is wrong.
    """
    codecs: list[Codec] = [Mapped(path, settings.site) for path in settings.mappings]
    if settings.native:
        codecs.append(Native())
    if settings.ems_esp:
        codecs.append(EmsEsp(settings.ems_esp, settings.site))
    if settings.otgw:
        codecs.append(Otgw(settings.otgw, settings.site))
    if settings.ebusd:
        codecs.append(Ebusd(settings.ebusd, settings.site))
    if settings.thingsboard:
        codecs.append(ThingsBoard(settings.site))
    return codecs
