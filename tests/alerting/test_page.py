"""The page without a browser: what it refuses, what it escapes, and what each form does."""

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine

from alerting.database import read_ticket
from alerting.desk.app import create_app
from alerting.desk.words import WORDS
from alerting.policy import HOUR_MS
from boilerwatch.clock import ManualClock
from boilerwatch.settings import Settings
from tests.alerting.fleet import T0, finding, lockout, tell
from tests.alerting.serving import serving

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


@pytest.fixture
def page(installation: Settings, engine: Engine) -> Iterator[httpx.Client]:
    with engine.begin() as connection:
        tell(connection, lockout("b-1"), finding(id="b-2-slow_leak-1", boiler="b-2", values={"note": EVIL}))
    with serving(create_app(installation, ManualClock(T0 + HOUR_MS // 2))) as client:
        client.get("/")
        yield client


def form(page: httpx.Client, path: str = "/tickets/1", **more: object) -> dict[str, object]:
    text = page.get(path).text
    seen = re.search(r'name="seen" value="(\d+)"', text)
    return {"token": page.cookies["token"], "seen": seen[1] if seen else "0", **more}


def state(engine: Engine, number: int = 1) -> str:
    with engine.connect() as connection:
        found = read_ticket(connection, number)
    assert found is not None
    return found.state


PAGES = ("/", "/tickets/1", "/tickets/2", "/boilers", "/boilers/b-1", "/maintenance", "/handover", "/report", "/ledger")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_answers_in_both_languages(page: httpx.Client, language: str) -> None:
    page.get("/language", params={"to": language, "back": "/"})
    for path in PAGES:
        answer = page.get(path)
        assert answer.status_code == 200, path
        assert WORDS["tickets"][language == "zh"] in answer.text
        assert not re.findall(r">(?:a_|st_|h_|seg_|state\d)\w*<", answer.text)
        assert EVIL not in answer.text
        assert "script-src 'self'" in answer.headers["content-security-policy"]


def test_a_ticket_says_why_it_is_no_kind_that_looks_alike(installation: Settings, engine: Engine) -> None:
    said = ["vessel_flat: it swings: 0.2 of what is worth a visit is measured", f"pressure_sensor_failed: {EVIL}"]
    values = {"why_not": said, "rival_vessel_flat_score": 0.2, "rival_pressure_sensor_failed_told": False}
    with engine.begin() as connection:
        tell(connection, finding(values=values))
    with serving(create_app(installation, ManualClock(T0 + HOUR_MS // 2))) as client:
        english = client.get("/tickets/1").text
        assert (
            "<dt>Why not Expansion vessel flat</dt><dd>it swings: 0.2 of what is worth a visit is measured</dd>"
            in english
        )
        assert "rival_" not in english
        assert EVIL not in english
        client.get("/language", params={"to": "zh", "back": "/"})
        chinese = client.get("/tickets/1").text
        assert "<dt>为何不是 膨胀水箱失压</dt><dd>水压随水温的波动越来越大: 证据为上门标准的 20%</dd>" in chinese
        assert "水压读数跳变或不再变化: 未出现" in chinese


def test_without_a_name_nothing_happens_and_a_sentence_says_so(page: httpx.Client, engine: Engine) -> None:
    answer = page.post("/tickets/1/act", data=form(page, action="acknowledge"))
    assert "Give your name first" in answer.text
    assert state(engine) == "open"


def test_a_name_is_asked_once(page: httpx.Client, engine: Engine) -> None:
    page.post("/tickets/1/act", data=form(page, action="acknowledge", actor="李娜"))
    assert state(engine) == "acknowledged"
    page.post("/tickets/1/act", data=form(page, action="assign", assignee="Chen"))
    assert state(engine) == "assigned"
    with engine.connect() as connection:
        found = read_ticket(connection, 1)
    assert found is not None
    assert {one.actor for one in found.history if one.action in ("acknowledge", "assign")} == {"李娜"}


def test_a_form_of_another_browser_or_of_an_older_reading_is_refused(page: httpx.Client, engine: Engine) -> None:
    old = form(page, action="assign", assignee="Chen", actor="Li")
    stranger = page.post("/tickets/1/act", data=old | {"token": "wrong"})
    assert "from another browser" in stranger.text
    page.post("/tickets/1/act", data=form(page, action="acknowledge", actor="Zhao"))
    late = page.post("/tickets/1/act", data=old)
    assert "somebody changed this ticket" in late.text
    assert state(engine) == "acknowledged"


def test_the_technicians_finding_is_asked_at_close(page: httpx.Client, engine: Engine) -> None:
    page.post(
        "/tickets/2/act", data=form(page, "/tickets/2", action="close", actor="Li", verdict="refuted", cause="a tap")
    )
    with engine.connect() as connection:
        found = read_ticket(connection, 2)
    assert found is not None
    assert (found.state, found.verdict, found.cause) == ("closed", "refuted", "a tap")


def test_windows_and_notes_are_set_on_the_page(page: httpx.Client) -> None:
    words = {"what": "maintenance", "scope": "boiler", "subject": "b-1", "hours": "2", "reason": EVIL, "actor": "Chen"}
    shown = page.post("/maintenance", data={"token": page.cookies["token"], **words}).text
    assert EVIL not in shown
    assert "&lt;script&gt;" in shown
    assert "Open now" in shown
    ended = page.post("/maintenance/1/end", data={"token": page.cookies["token"]}).text
    assert "Open now" not in ended
    noted = page.post("/handover", data={"token": page.cookies["token"], "text": "watch b-2"}).text
    assert "watch b-2" in noted
    wrong = page.post("/maintenance", data={"token": page.cookies["token"], **words, "subject": "no such id"}).text
    assert "not a boiler" in wrong


def test_nobody_is_sent_elsewhere(page: httpx.Client) -> None:
    for back in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\n/x"):
        answer = page.get("/language", params={"to": "zh", "back": back}, follow_redirects=False)
        assert answer.headers["location"] == "/", back


def test_what_is_not_there_is_a_page_that_says_so(page: httpx.Client) -> None:
    wrong = {"/tickets/99": 404, "/tickets/x": 422, "/tickets/9999999999999999999999": 404, "/boilers/<script>": 404,
             "/nowhere": 404, "/static/../app.py": 404, "/report?month=20x": 200}  # fmt: skip
    for path, status in wrong.items():
        answer = page.get(path)
        assert answer.status_code == status, path
        assert "<script>alert" not in answer.text


def test_a_body_is_bounded_whatever_length_it_claims(page: httpx.Client) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b"a=" + b"x" * 10_000 + b"&"

    answer = page.post("/handover", content=parts(), headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


def test_programs_read_tickets_with_their_clocks(page: httpx.Client) -> None:
    first, second = page.get("/api/tickets").json()
    assert (first["boiler"], second["boiler"]) == ("b-1", "b-2")
    assert first["obligations"][0]["due_at_ms"] == T0 + HOUR_MS
    assert page.get("/api/tickets", params={"site": "elsewhere"}).json() == []
    assert [one["action"] for one in page.get("/api/tickets/1").json()["history"]] == ["open", "reported"]
    assert page.get("/api/tickets/77").status_code == 404


def test_every_word_stands_in_both_languages() -> None:
    assert all(en.strip() and zh.strip() for en, zh in WORDS.values())


def test_the_stream_tells_what_came_since_the_page_was_read_and_since_it_was_last_heard(
    page: httpx.Client, engine: Engine
) -> None:
    shown = re.search(r'data-newest="(\d+)"', page.get("/").text)
    assert shown is not None
    with engine.begin() as connection:
        tell(connection, lockout("b-9"))

    def first(headers: dict[str, str]) -> str:
        with page.stream("GET", "/events", params={"seen": shown[1]}, headers=headers) as answer:
            return next(line for line in answer.iter_lines() if line.startswith(("event", ":")))

    assert first({}) == "event: changed"
    assert first({"last-event-id": "99999"}) == "event: changed"  # another database than the one it knew
    newest = re.search(r'data-newest="(\d+)"', page.get("/").text)
    assert newest is not None
    assert first({"last-event-id": newest[1]}) == ": still here"
    assert first({"last-event-id": "x" * 50}) == "event: changed"
