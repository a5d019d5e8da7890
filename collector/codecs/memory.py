"""The live codes of every gateway over a restart: one that went while nobody listened still goes.

Saved after the batch that changed it is in the journal; a crash between the two tells an event again, which changes
nothing.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from collector.codecs.registry import Codec

_Told = dict[str, dict[str, dict[str, list[str]]]]


class CodeMemory:
    """What the codecs' gateways showed last, in a small file.

    Parameters
    ----------
    path
        JSON file, made when something is shown. One that cannot be read is begun anew.
    codecs
        Whose codes these are.
    """

    def __init__(self, path: Path, codecs: Sequence[Codec]) -> None:
        self._path = path
        self._parts = {
            f"{codec.name} {' '.join(codec.subscriptions())} {codes.family}": codes
            for codec in codecs
            for codes in codec.live_codes()
        }
        self._saved = 0
        told: _Told = {}
        if path.exists():
            try:
                told = msgspec.json.decode(path.read_bytes(), type=_Told)
            except msgspec.MsgspecError:
                told = {}
        for name, codes in self._parts.items():
            codes.load(told.get(name, {}))

    def save(self) -> None:
        """Write what changed since the last time.

        Raises
        ------
        OSError
            If the disk refuses.
        """
        changes = sum(codes.changes for codes in self._parts.values())
        if changes == self._saved:
            return
        told: _Told = {name: shown for name, codes in self._parts.items() if (shown := codes.dump())}
        part = self._path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(told))
        part.replace(self._path)
        self._saved = changes
