"""What real gateways publish, said by simulated ones: topics, flags, keys, words and number formats.

`contract.py` is what every dialect keeps; `registry.py` names them; one file a gateway family follows. They are compared
form by form with the samples of real gateways under `tests/samples`.
"""

from simulators.dialects.contract import Gateway, Moment, Publication, Speaker
from simulators.dialects.registry import DIALECTS, speaker_of

__all__ = ["DIALECTS", "Gateway", "Moment", "Publication", "Speaker", "speaker_of"]
