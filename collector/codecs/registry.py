"""The dialects that the settings turn on."""

from typing import Protocol

from boilerwatch.settings import DialectSettings
from collector.codecs.draft import Draft, Message
from collector.codecs.ems_esp import EmsEsp
from collector.codecs.native import Native


class Codec(Protocol):
    """What reads one dialect."""

    name: str

    def subscriptions(self) -> list[str]:
        """Return the MQTT topic filters to subscribe to."""
        ...

    def owns(self, topic: str) -> bool:
        """Return whether a topic is of this dialect; asked once a topic."""
        ...

    def read(self, messages: list[Message], draft: Draft) -> None:
        """Put what the messages say into the draft, in order."""
        ...


def codecs_of(settings: DialectSettings) -> list[Codec]:
    """Return the codecs in the order topics are offered to them."""
    codecs: list[Codec] = []
    if settings.native:
        codecs.append(Native())
    if settings.ems_esp:
        codecs.append(EmsEsp(settings.ems_esp, settings.site))
    return codecs
