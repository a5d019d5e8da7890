"""Findings to tickets and clocks, fast-forward: no sleeping, time is a number."""

import random
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from alerting.actions import act
from alerting.clocks import next_due_ms
from alerting.database import open_database, read_ticket, read_tickets
from alerting.notices import Notices
from alerting.policy import HOUR_MS, load_policy
from alerting.sweep import sweep
from alerting.tables import TICKET, TRANSITION, VERDICT
from alerting.taking import take
from boilerwatch.errors import SettingsError, TicketError
from boilerwatch.settings import DataSettings, NoticeSettings, Settings
from tests.alerting.fleet import LOCKOUT, POLICY, T0, finding, tell


def test_a_warning_opens_one_ticket_and_an_advisory_none(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(
            connection,
            finding(severity="advisory"),
            finding(boiler="b-2", id="b-2-slow_leak-1"),
            finding(boiler="b-2", id="b-2-slow_leak-1"),
        )
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
        reasons = [row.reason for row in connection.execute(select(VERDICT).order_by(VERDICT.c.id))]
    assert (ticket.boiler, ticket.state, ticket.reported) == ("b-2", "open", False)
    assert [one.name for one in ticket.obligations] == ["visit"]
    assert reasons == ["advisories open no ticket", "a new story", "the same episode"]


def test_a_lock_out_joins_the_open_story_and_starts_the_response_clock(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, finding(), LOCKOUT)
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
    clocks = {one.name: (one.started_at_ms - T0, one.due_at_ms - T0) for one in ticket.obligations if one.running}
    assert clocks == {"response": (HOUR_MS, 2 * HOUR_MS), "on_site": (HOUR_MS, 3 * HOUR_MS)}
    assert ticket.kind == "lockout_code"


def test_a_nearer_cause_takes_the_ticket_of_the_finding_whose_place_it_takes(engine: Engine) -> None:
    leak = finding()
    burst = finding(id="b-1-burst_leak-1", kind="burst_leak", severity="critical", received_at_ms=T0 + HOUR_MS)
    over = finding(state="cleared", cleared_at_ms=T0 + HOUR_MS, received_at_ms=T0 + HOUR_MS)
    with engine.begin() as connection:
        tell(connection, leak, burst, over)  # in the order in which detectors tell it
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
    assert (ticket.kind, ticket.severity, ticket.reported) == ("burst_leak", "critical", True)
    assert (ticket.state, ticket.cleared_at_ms) == ("open", None)


def test_deadlines_are_stamped_with_when_they_fell_due_not_when_they_were_swept(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
    assert sweep(engine, T0 + 10 * HOUR_MS) == 1
    assert sweep(engine, T0 + 10 * HOUR_MS) == 0
    with engine.connect() as connection:
        (ticket,) = read_tickets(connection, TICKET.c.id > 0)
    stamped = [
        (one.action, one.facts["obligation"], (one.at_ms - T0) / HOUR_MS)
        for one in ticket.history
        if "obligation" in one.facts
    ]
    assert stamped == [
        ("warning", "response", 1.75),
        ("breach", "response", 2.0),
        ("warning", "on_site", 2.5),
        ("breach", "on_site", 3.0),
    ]


def test_pauses_stop_the_visit_but_never_the_response(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
        act(connection, POLICY, 1, "pause", "Li", T0 + HOUR_MS + 600_000, "nobody at home until evening")
        paused = act(connection, POLICY, 1, "note", "Li", T0 + HOUR_MS + 700_000, "called")
        assert {one.name: one.running for one in paused.obligations} == {"response": True, "on_site": False}
        after = act(connection, POLICY, 1, "resume", "Li", T0 + 2 * HOUR_MS + 600_000)
    clocks = {one.name: one for one in after.obligations}
    assert clocks["on_site"].due_at_ms == T0 + 4 * HOUR_MS
    assert clocks["response"].due_at_ms == T0 + 2 * HOUR_MS


def test_a_whole_life_meets_its_promises_and_tells_the_detectors(engine: Engine) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
        for minutes, action, actor in (
            (70, "acknowledge", "Li"),
            (75, "assign", "Li"),
            (120, "check_in", "Chen"),
            (200, "repair", "Chen"),
        ):
            act(
                connection,
                POLICY,
                1,
                action,
                actor,
                T0 + minutes * 60_000,
                "",
                {"assignee": "Chen"} if action == "assign" else {},
            )
        done = act(connection, POLICY, 1, "close", "Li", T0 + 4 * HOUR_MS)
        tell(connection, finding(id="b-1-slow_leak-2", received_at_ms=T0 + 5 * HOUR_MS))
        both = read_tickets(connection, TICKET.c.id > 0)
    assert done.state == "closed"
    assert {one.name: (one.met_at_ms is not None, one.breached) for one in done.obligations} == {
        "response": (True, False), "on_site": (True, False), "loaner": (True, False), "repair": (True, False),
    }  # fmt: skip
    assert next_due_ms(done.history) is None
    assert len(both) == 2


@pytest.mark.parametrize(
    ("action", "actor", "reason", "word"),
    [("acknowledge", " ", "", "who does this"), ("repair", "Li", "", "does not fit"), ("fly", "Li", "", "nothing one can do"),
     ("pause", "Li", "", "written reason"), ("resume", "Li", "", "does not fit")],
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence_and_leaves_no_trace(
    engine: Engine, action: str, actor: str, reason: str, word: str
) -> None:
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
        before = read_ticket(connection, 1)
        with pytest.raises(TicketError, match=word):
            act(connection, POLICY, 1, action, actor, T0 + 2 * HOUR_MS, reason)
        assert read_ticket(connection, 1) == before


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_whatever_repeats_there_is_one_open_ticket_a_story_and_its_deadline_is_its_historys(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    engine = open_database(Settings(data=DataSettings(dir=tmp_path_factory.mktemp("t"))))
    now = T0
    for _ in range(15):
        now += chance.randrange(2 * HOUR_MS)
        with engine.begin() as connection:
            one = chance.choice(
                [finding(), LOCKOUT, finding(state="updated", severity="critical"), finding(state="cleared")]
            )
            take(connection, POLICY, one, now)
        sweep(engine, now)
        with engine.begin() as connection:
            for ticket in read_tickets(connection, TICKET.c.open_key.isnot(None)):
                action = chance.choice(["acknowledge", "check_in", "repair", "close", "pause", "resume"])
                try:
                    act(connection, POLICY, ticket.id, action, "Li", now, "because")
                except TicketError:
                    continue
    with engine.connect() as connection:
        opened = connection.execute(select(TICKET).where(TICKET.c.open_key.isnot(None))).all()
        assert len({row.open_key for row in opened}) == len(opened) <= 1
        for row in connection.execute(select(TICKET)):
            ticket = read_ticket(connection, row.id)
            assert ticket is not None
            assert row.next_due_at_ms == next_due_ms(ticket.history)
    engine.dispose()


def test_each_opening_and_breach_is_told_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[tuple[str, bytes, dict[str, str]]] = []
    answers = iter([503, 200, 200, 200, 200, 200])

    def post(url: str, content: bytes, headers: dict[str, str], timeout: float) -> httpx.Response:
        posted.append((url, content, headers))
        return httpx.Response(next(answers))

    monkeypatch.setattr("boilerwatch.channels.httpx.post", post)
    notices = Notices(engine, NoticeSettings(webhook_url="http://127.0.0.1:1/hook", webhook_secret="s3cret"))  # type: ignore[arg-type]
    with engine.begin() as connection:
        tell(connection, LOCKOUT)
    assert notices.send_due(T0) == 0
    assert notices.send_due(T0 + 1_000) == 0
    assert notices.send_due(T0 + HOUR_MS) == 1
    sweep(engine, T0 + 10 * HOUR_MS)
    assert notices.send_due(T0 + 10 * HOUR_MS) == 4
    assert notices.send_due(T0 + 20 * HOUR_MS) == 0
    keys = [headers["Idempotency-Key"] for _, _, headers in posted]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5
    assert all(
        headers["X-Boilerwatch-Signature"].startswith("sha256=") and b"s3cret" not in body
        for _, body, headers in posted
    )
    with engine.connect() as connection:
        assert not connection.execute(select(TRANSITION).where(TRANSITION.c.notice_due)).all()


def test_a_policy_with_a_missing_number_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('version = "1"\n')
    with pytest.raises(SettingsError, match="not a policy"):
        load_policy(tmp_path / "policy.toml")
