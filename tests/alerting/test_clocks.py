"""Clocks: where they start, that a history tells them to the second, and that late sweeps change nothing."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from alerting.actions import act, fits
from alerting.clocks import Transition, obligations_of
from alerting.database import open_database, read_ticket, read_tickets
from alerting.evidence_clock import Absence, clock_start_ms
from alerting.policy import HOUR_MS, load_policy
from alerting.sweep import sweep
from alerting.tables import TICKET
from alerting.taking import take
from alerting.worker import Help, read_position, take_rows
from boilerwatch import findings
from boilerwatch.findings import FindingsRow
from boilerwatch.journal import Row
from boilerwatch.settings import DataSettings, Settings
from tests.alerting.fleet import LOCKOUT, POLICY, T0, finding, lockout, tell

MINUTE_MS = 60_000
AWAY = Absence(T0, T0 + HOUR_MS, T0 + HOUR_MS + 5_000)
BACK = T0 + HOUR_MS + 1_000


@pytest.mark.parametrize(
    ("ts_ms", "skew_ms", "start_ms"),
    [
        (T0 + 600_000, 0, T0 + 600_000),  # it would have come in the middle of our absence
        (T0 + 600_000, 120_000, T0 + 720_000),  # by our clock, two minutes later
        (T0 - 600_000, 0, T0),  # the customer's link was down before: that does not count
        (T0 + 600_000, 9 * HOUR_MS, BACK),  # a clock that is wrong by hours cannot put it after its arrival
        (BACK, 0, T0),  # no time of its own: it may have waited for all of it
    ],
)
def test_evidence_that_waited_for_us_starts_the_clock_when_it_could_have_come(
    ts_ms: int, skew_ms: int, start_ms: int
) -> None:
    assert clock_start_ms(lockout("b", ts_ms, received_at_ms=BACK), AWAY, skew_ms) == start_ms
    assert clock_start_ms(lockout("b", ts_ms, received_at_ms=BACK), None, skew_ms) == BACK


def test_the_absence_comes_with_the_row_and_the_segments_show_what_was_whose(engine: Engine) -> None:
    read_position(engine)
    found = lockout("b-1", T0 + 600_000, received_at_ms=BACK)
    row = FindingsRow(positions={"readings": 1, "service": 0}, findings=[found], absence=(T0, T0 + HOUR_MS))
    take_rows(engine, POLICY, [Row(1, BACK, 1, "", findings.encode(row))], BACK + 2_000, Help(skew_of=lambda _: 3_000))
    with engine.connect() as connection:
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
    assert ticket.obligations[0].started_at_ms == T0 + 603_000
    assert [(one.name, one.started_at_ms - T0, one.ended_at_ms and one.ended_at_ms - T0) for one in ticket.segments] == [
        ("hold", 603_000, BACK - T0), ("detection", BACK - T0, BACK - T0 + 2_000), ("people", BACK - T0 + 2_000, None),
    ]  # fmt: skip


def test_a_proactive_ticket_becomes_urgent_when_the_boiler_locks_out(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, finding(failure_expected_at_ms=T0 + 240 * HOUR_MS))
        act(connection, POLICY, 1, "acknowledge", "Li", T0 + MINUTE_MS)
        planned = read_ticket(connection, 1)
        tell(connection, LOCKOUT)
        urgent = act(connection, POLICY, 1, "acknowledge", "Li", T0 + HOUR_MS + 10 * MINUTE_MS)
    assert planned is not None
    assert [(one.name, (one.due_at_ms - T0) / HOUR_MS) for one in planned.obligations] == [("visit", 216.0)]
    assert [(one.name, one.met_at_ms is not None, one.running) for one in urgent.obligations] == [
        ("visit", False, False), ("response", True, False), ("on_site", False, True),
    ]  # fmt: skip
    assert urgent.next_due is not None
    assert urgent.next_due.due_at_ms == T0 + 3 * HOUR_MS


def test_a_promise_keeps_the_numbers_it_was_made_with(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
    path = tmp_path / "policy.toml"
    text = Path("alerting/policy.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('version = "1"', 'version = "2"').replace("target_h = 1.0", "target_h = 0.5"))
    strict = load_policy(path)
    with engine.begin() as connection:
        take(connection, strict, lockout("b-9", T0 + HOUR_MS), T0 + HOUR_MS)
        before, after = read_ticket(connection, 1), read_ticket(connection, 2)
    assert before is not None
    assert after is not None
    assert [(t.obligations[0].due_at_ms - T0, t.obligations[0].policy) for t in (before, after)] == [
        (2 * HOUR_MS, "1"), (HOUR_MS + HOUR_MS // 2, "2"),
    ]  # fmt: skip


def test_a_guarded_period_tightens_what_starts_in_it_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    text = Path("alerting/policy.toml").read_text(encoding="utf-8")
    path.write_text(
        text + '[[special]]\nname = "exam"\nsites = ["school"]\nstart = 2027-06-06T00:00:00+08:00\n'
        "end = 2027-06-10T00:00:00+08:00\nresponse_h = 0.5\n"
    )
    policy, start = load_policy(path), 1_812_211_200_000
    spans = [
        policy.targets({"site": site}, at_ms)["response_ms"] / HOUR_MS
        for site, at_ms in (("school", start), ("home", start), ("school", start - 1), ("school", start + 96 * HOUR_MS))
    ]
    assert spans == [0.5, 1.0, 1.0, 1.0]


def again(history: tuple[Transition, ...]) -> list[Transition]:
    """A history as it comes back from a file."""
    return [Transition(*one[:-1], facts=json.loads(json.dumps(one.facts))) for one in history]


def live(connection: Connection, engine_sweep: Any, chance: random.Random, sweeps: bool) -> None:
    """A random life of one ticket: what happens does not depend on `sweeps`, only who looks at the clock meanwhile."""
    now = T0
    take(connection, POLICY, chance.choice([finding(), LOCKOUT]), now)
    for _ in range(12):
        now += chance.randrange(30 * HOUR_MS)
        if sweeps:
            for at_ms in sorted(chance.randrange(now - HOUR_MS, now) for _ in range(3)):
                engine_sweep(connection, at_ms)
        else:
            for _ in range(3):
                chance.randrange(now - HOUR_MS, now)
        expected = T0 + chance.randrange(1, 400) * HOUR_MS
        news = chance.choice([None, lockout("b-1", now), finding(state="updated", received_at_ms=now, failure_expected_at_ms=expected)])  # fmt: skip
        action = chance.choice(["acknowledge", "assign", "check_in", "repair", "pause", "resume", "loaner", "reopen"])
        if news is not None:
            take(connection, POLICY, news, now)
        ticket = read_ticket(connection, 1)
        assert ticket is not None
        if fits(ticket, action):
            act(connection, POLICY, 1, action, "Li", now, "because", {"assignee": "Chen"} if action == "assign" else {})
    engine_sweep(connection, now + 1_000 * HOUR_MS)


def sweep_within(connection: Connection, now_ms: int) -> None:
    from alerting.database import append, deadlines

    for row in connection.execute(select(TICKET.c.id).where(TICKET.c.next_due_at_ms < now_ms)).all():
        ticket = read_ticket(connection, row.id)
        assert ticket is not None
        append(connection, row.id, deadlines(ticket, now_ms, now_ms))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_any_history_tells_the_same_clocks_and_stamps_whoever_swept_and_when(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    lives = []
    for sweeps in (True, False):
        engine = open_database(Settings(data=DataSettings(dir=tmp_path_factory.mktemp("t"))))
        with engine.begin() as connection:
            live(connection, sweep_within, random.Random(seed), sweeps)
            ticket = read_ticket(connection, 1)
        engine.dispose()
        assert ticket is not None
        assert obligations_of(again(ticket.history)) == ticket.obligations
        lives.append(ticket)
    swept, unswept = lives
    assert swept.obligations == unswept.obligations
    stamps = [
        sorted(
            (o.at_ms, o.action, o.facts["obligation"], o.facts["number"]) for o in t.history if "obligation" in o.facts
        )
        for t in lives
    ]
    assert stamps[0] == stamps[1]
    for one in swept.obligations:
        kept = {
            o.action for o in swept.history if o.facts.get("obligation") == one.name and o.facts["number"] == one.number
        }
        assert not {"met", "breach"} <= kept
        assert not {"met", "missed"} <= kept


def test_a_sweep_that_comes_late_stamps_the_moment_not_the_sweep(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
        act(connection, POLICY, 1, "acknowledge", "Li", T0 + 9 * HOUR_MS)
    sweep(engine, T0 + 10 * HOUR_MS)
    with engine.connect() as connection:
        ticket = read_ticket(connection, 1)
    assert ticket is not None
    assert [(o.action, o.facts["obligation"], (o.at_ms - T0) / HOUR_MS) for o in ticket.history if "obligation" in o.facts] == [
        ("warning", "response", 1.75), ("breach", "response", 2.0), ("warning", "on_site", 2.5), ("breach", "on_site", 3.0),
        ("missed", "response", 9.0),
    ]  # fmt: skip
