"""One file a dialect, one registry: raw deliveries in, decoded rows out.

A codec says which topics it subscribes to, whether a topic is its own, and puts what it reads into a `Draft`. What it
cannot read it refuses with a reason; it never raises.

To add a dialect: a file here with a `Codec`, a line in `registry.codecs_of`, a setting under `[dialects]`, a sample of its
words under `tests/samples` and a test that reads it; a pattern in `recognise` lets `listen` know it.
"""

from collector.codecs.draft import Draft, Message
from collector.codecs.ebusd import Ebusd
from collector.codecs.ems_esp import EmsEsp
from collector.codecs.mapped import Mapped
from collector.codecs.native import Native
from collector.codecs.otgw import Otgw
from collector.codecs.registry import Codec, codecs_of
from collector.codecs.thingsboard import ThingsBoard

__all__ = [
    "Codec", "Draft", "Ebusd", "EmsEsp", "Mapped", "Message", "Native", "Otgw", "ThingsBoard", "codecs_of",
]  # fmt: skip
