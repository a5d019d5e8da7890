"""Codes that a gateway repeats while they last, turned into events: appeared, went."""

from collections.abc import Iterable

from collector.codecs.draft import Draft


class LiveCodes:
    """What each boiler's gateway showed last.

    Parameters
    ----------
    family
        Controller family of these codes; empty where only the register knows.

    Attributes
    ----------
    changes
        How often something appeared or went.
    """

    def __init__(self, family: str = "") -> None:
        self.family = family
        self.changes = 0
        self._shown: dict[str, dict[str, frozenset[str]]] = {}

    def tell(
        self, boiler: str, place: str, codes: Iterable[str], source: int, draft: Draft, *, ts_ms: int | None = None
    ) -> None:
        """Add an event for each code that appeared or went since the last word.

        Parameters
        ----------
        place
            Where the gateway shows it (a display, an error list); a code is gone when no place shows it any more.
        source
            The boiler's index in the draft's dictionary.
        ts_ms
            When, where the gateway says; its arrival otherwise. [ms since 1970]
        """
        places = self._shown.setdefault(boiler, {})
        now = frozenset(codes) - {""}
        if places.get(place, frozenset()) == now:
            return
        before = frozenset().union(*places.values())
        places[place] = now
        self.changes += 1
        after = frozenset().union(*places.values())
        at, stamped = (draft.received_at_ms, True) if ts_ms is None else (ts_ms, False)
        for code in sorted(before - after):
            draft.add_event(source, at, code, active=False, stamped=stamped, family=self.family)
        for code in sorted(after - before):
            draft.add_event(source, at, code, active=True, stamped=stamped, family=self.family)

    def shown(self, boiler: str) -> frozenset[str]:
        """Return the codes that a boiler's gateway showed last."""
        return frozenset().union(*self._shown.get(boiler, {}).values())

    def dump(self) -> dict[str, dict[str, list[str]]]:
        """Return what is shown: boiler -> place -> codes; places without any are left out."""
        told = {
            boiler: {place: sorted(codes) for place, codes in places.items() if codes}
            for boiler, places in self._shown.items()
        }
        return {boiler: places for boiler, places in told.items() if places}

    def load(self, told: dict[str, dict[str, list[str]]]) -> None:
        """Go on from what an earlier run showed."""
        for boiler, places in told.items():
            self._shown[boiler] = {place: frozenset(codes) for place, codes in places.items()}
