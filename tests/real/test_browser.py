"""The desk as a person sees it: Debian's Chromium on a real server; nothing is asked of the page but what it shows."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import Engine

from alerting.database import open_database, read_ticket
from alerting.desk.app import create_app
from alerting.policy import HOUR_MS
from boilerwatch.clock import ManualClock
from boilerwatch.settings import DataSettings, Settings
from tests.alerting.fleet import T0, finding, lockout, tell
from tests.alerting.serving import serving

pytestmark = pytest.mark.real

_QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
          "--disable-sync")  # fmt: skip
PHONE, WALL = (390, 844), (1920, 1080)
PAGES = ("/", "/tickets/1", "/tickets/2", "/boilers", "/boilers/b-1", "/maintenance", "/handover", "/report", "/ledger")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    found = open_database(Settings(data=DataSettings(dir=tmp_path)))
    with found.begin() as connection:
        tell(connection, lockout("b-1"), finding(id="b-2-slow_leak-1", boiler="b-2", values={"loss_bar_per_day": 0.04}))
    yield found
    found.dispose()


@pytest.fixture
def page(chromium: Browser, engine: Engine, tmp_path: Path) -> Iterator[Page]:
    app = create_app(Settings(data=DataSettings(dir=tmp_path)), ManualClock(T0 + HOUR_MS // 2))
    with serving(app) as client:
        address = str(client.base_url)
        context = chromium.new_context(base_url=address, viewport={"width": WALL[0], "height": WALL[1]})
        told: list[str] = []
        seen = context.new_page()
        seen.on("console", lambda message: told.append(message.text) if message.type == "error" else None)
        seen.on("pageerror", lambda error: told.append(str(error)))
        seen.on("request", lambda asked: None if asked.url.startswith(address) else told.append(asked.url))
        yield seen
        context.close()
        assert told == []  # no error in the console, nothing fetched from elsewhere


def test_the_time_left_runs_down_before_ones_eyes(page: Page) -> None:
    page.goto("/")
    first = page.locator(".countdown").first
    before = first.inner_text()
    assert re.fullmatch(r"00:(29|30):\d\d", before)
    expect(first).not_to_have_text(before, timeout=5_000)
    assert first.inner_text() < before


def test_a_new_ticket_comes_by_itself_and_the_nearest_breach_stands_first(page: Page, engine: Engine) -> None:
    page.goto("/")
    expect(page.locator("main")).not_to_contain_text("b-77")
    with engine.begin() as connection:
        tell(connection, lockout("b-77", T0 - HOUR_MS // 4))
    expect(page.locator("main")).to_contain_text("b-77", timeout=10_000)
    order = [text for text in page.locator("main").inner_text().split() if text in ("b-1", "b-2", "b-77")]
    assert order == ["b-77", "b-1", "b-2"]


def test_somebody_gives_a_name_once_and_takes_the_ticket(page: Page, engine: Engine) -> None:
    page.goto("/tickets/1")
    page.locator(".who summary").click()
    page.locator(".who input[name=actor]").fill("李娜")
    page.locator(".who button").click()
    expect(page.locator(".who summary")).to_have_text("李娜")
    page.locator("button[value=acknowledge]").first.click()
    expect(page.locator("main")).to_contain_text("李娜")
    with engine.connect() as connection:
        found = read_ticket(connection, 1)
    assert found is not None
    assert found.state == "acknowledged"
    assert [one.actor for one in found.history if one.action == "acknowledge"] == ["李娜"]


def test_what_is_being_typed_is_not_taken_away_by_news(page: Page, engine: Engine) -> None:
    page.goto("/tickets/1")
    box = page.locator("main input:visible, main textarea:visible").first
    box.fill("half a sentence")
    with engine.begin() as connection:
        tell(connection, lockout("b-78"))
    page.wait_for_timeout(3_000)  # the stream tells of changes once a second
    assert box.input_value() == "half a sentence"


@pytest.mark.parametrize("size", [PHONE, WALL], ids=["phone", "wall"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_page_fits_its_screen_in_both_languages(page: Page, size: tuple[int, int], language: str) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(f"/language?to={language}&back=/")
    for path in PAGES:
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == ("zh-CN" if language == "zh" else "en")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size[0], f"{path} is {wide} wide on a screen of {size[0]}"


def test_the_wall_is_read_at_three_metres(page: Page) -> None:
    """Twenty minutes of arc at 3 m are 17 mm; a 55-inch wall of 1920 points has 0.63 mm a point: 28 points."""
    page.goto("/")
    size = page.locator(".countdown").first.evaluate("one => parseFloat(getComputedStyle(one).fontSize)")
    assert size >= 28
