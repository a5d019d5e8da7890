"""Each boiler's state, in arrays: ok, watch, maintenance, silent, fault, never seen.

Only boilers in trouble are looked at one by one; the rest of the fleet is array arithmetic.
"""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine, case, func, insert, select, update

from alerting.export.outboxes import STATES, UNKNOWN
from alerting.tables import BOILER, FINDING, STANDING, WINDOW
from boilerwatch.ledger import Ledger
from boilerwatch.store.protocol import Point

_OK, _WATCH, _MAINTENANCE, _SILENT, _FAULT, _NEVER = range(6)
#: Code -> how grave; a boiler bears the gravest of what holds.
_GRAVITY = np.array([0, 1, 4, 2, 3, 5], np.int8)
_PAGE = 2_000


class Fleet:
    """The whole fleet's states as last seen.

    Parameters
    ----------
    ledger
        Who was ever heard.
    """

    def __init__(self, engine: Engine, ledger: Ledger) -> None:
        self._engine = engine
        self._ledger = ledger
        self._seen: tuple[int, int, int] = (-1, -1, -1)
        self._place: dict[str, int] = {}
        self._sites: dict[str, int] = {}
        self._site_of: NDArray[np.int32] = np.zeros(0, np.int32)
        self._group: NDArray[np.int32] = np.zeros(0, np.int32)
        self._heard: NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._told: NDArray[np.int8] = np.zeros(0, np.int8)
        self.groups: list[tuple[str, str]] = []
        self.codes: NDArray[np.int8] = np.zeros(0, np.int8)

    def look(self, now_ms: int) -> None:
        """Find everyone's state, and note those that changed since they were last noted."""
        with self._engine.begin() as connection:
            self._learn(connection, now_ms)
            codes = np.where(self._heard, _OK, _NEVER).astype(np.int8)
            self._see_findings(connection, codes)
            self._see_windows(connection, codes, now_ms)
            self.codes = codes
            self._note(connection, codes, now_ms)

    def minute(self, now_ms: int) -> list[Point]:
        """Return `fleet_minute`: the count of each state, those that are empty too, by region and site."""
        counts = np.bincount(
            self._group.astype(np.int64) * len(STATES) + self.codes, minlength=len(self.groups) * len(STATES)
        )
        at_ms = now_ms - now_ms % 60_000
        table = counts.reshape(-1, len(STATES)).tolist()
        return [
            Point("fleet_minute", {"region": region or UNKNOWN, "site": site, "state": state}, {"boilers": count}, at_ms)
            for (region, site), row in zip(self.groups, table, strict=True)
            for state, count in zip(STATES, row, strict=True)
        ]  # fmt: skip

    def sizes(self) -> dict[tuple[str, str], int]:
        """Return boilers by (region, site)."""
        return dict(zip(self.groups, np.bincount(self._group, minlength=len(self.groups)).tolist(), strict=True))

    def _learn(self, connection: Connection, now_ms: int) -> None:
        """Take the register and the ledger in, when either has grown or changed."""
        changed = connection.execute(select(func.count(), func.max(BOILER.c.changed_at_ms)).select_from(BOILER)).one()
        seen = (int(changed[0]), int(changed[1] or 0), self._ledger.size())
        if seen == self._seen:
            return
        known = {row.boiler: (row.region, row.site) for row in connection.execute(select(BOILER.c.boiler, BOILER.c.region, BOILER.c.site))}  # fmt: skip
        heard = dict(self._ledger.heard())
        everyone = known | {boiler: ("", site or "-") for boiler, site in heard.items() if boiler not in known}
        self._place = {boiler: place for place, boiler in enumerate(everyone)}
        groups: dict[tuple[str, str], int] = {}
        sites: dict[str, int] = {}
        count = len(everyone)
        self._group = np.fromiter((groups.setdefault(one, len(groups)) for one in everyone.values()), np.int32, count)
        self._site_of = np.fromiter(
            (sites.setdefault(one[1], len(sites)) for one in everyone.values()), np.int32, count
        )
        self._sites = sites
        self.groups = list(groups)
        self._heard = np.fromiter((boiler in heard for boiler in everyone), np.bool_, count)
        self._stand(connection, everyone, now_ms)
        self._seen = seen

    def _stand(self, connection: Connection, everyone: dict[str, tuple[str, str]], now_ms: int) -> None:
        """Know what was noted of each boiler; give those that are new a row."""
        told = {row.boiler: row.code for row in connection.execute(select(STANDING.c.boiler, STANDING.c.code))}
        fresh = [
            {"boiler": boiler, "site": site, "code": _NEVER, "since_ms": now_ms, "first_heard_ms": None, "export_due": True}
            for boiler, (_, site) in everyone.items() if boiler not in told
        ]  # fmt: skip
        for at in range(0, len(fresh), _PAGE):
            connection.execute(insert(STANDING), fresh[at : at + _PAGE])
        self._told = np.fromiter((told.get(one, _NEVER) for one in everyone), np.int8, len(everyone))

    def _see_findings(self, connection: Connection, codes: NDArray[np.int8]) -> None:
        grave = case((FINDING.c.is_fault, _GRAVITY[_FAULT].item()), (FINDING.c.kind == "silent", _GRAVITY[_SILENT].item()),
                     else_=_GRAVITY[_WATCH].item())  # fmt: skip
        query = select(FINDING.c.subject, func.max(grave).label("grave")).where(
            FINDING.c.cleared_at_ms.is_(None), ~FINDING.c.district
        )
        code_of = np.argsort(_GRAVITY)
        for row in connection.execute(query.group_by(FINDING.c.subject)):
            place = self._place.get(row.subject)
            if place is not None:
                codes[place] = code_of[row.grave]
        silent = select(FINDING.c.site).where(
            FINDING.c.cleared_at_ms.is_(None), FINDING.c.district, FINDING.c.kind == "silent"
        )
        for row in connection.execute(silent):
            self._raise(codes, self._site_of == self._sites.get(row.site, -1), _SILENT)

    def _see_windows(self, connection: Connection, codes: NDArray[np.int8], now_ms: int) -> None:
        query = select(WINDOW.c.scope, WINDOW.c.subject).where(
            WINDOW.c.what == "maintenance", WINDOW.c.starts_at_ms <= now_ms, WINDOW.c.ends_at_ms > now_ms
        )
        for row in connection.execute(query):
            mine = np.zeros(len(codes), np.bool_)
            if row.scope == "site":
                mine = self._site_of == self._sites.get(row.subject, -1)
            elif row.subject in self._place:
                mine[self._place[row.subject]] = True
            self._raise(codes, mine, _MAINTENANCE)

    def _raise(self, codes: NDArray[np.int8], mine: NDArray[np.bool_], code: int) -> None:
        mine = mine & (_GRAVITY[codes] < _GRAVITY[code])
        codes[mine] = code

    def _note(self, connection: Connection, codes: NDArray[np.int8], now_ms: int) -> None:
        changed = np.flatnonzero(codes != self._told).tolist()
        if not changed:
            return
        names = list(self._place)
        for code in np.unique(codes[changed]).tolist():
            page = [names[place] for place in changed if codes[place] == code]
            for at in range(0, len(page), _PAGE):
                mine = STANDING.c.boiler.in_(page[at : at + _PAGE])
                values = {"code": code, "since_ms": now_ms, "export_due": True}
                connection.execute(update(STANDING).where(mine).values(**values))
                if code != _NEVER:
                    new = mine & STANDING.c.first_heard_ms.is_(None)
                    connection.execute(update(STANDING).where(new).values(first_heard_ms=now_ms))
        self._told = codes.copy()
