"""Bad links: what is kept comes late and newest first, what is not is lost, and the collector bears all of it."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from boilerwatch.ledger import Ledger
from collector.codecs import Codec, Draft, Ebusd, EmsEsp, Mapped, Message, Native, Otgw, ThingsBoard
from collector.repeats import Repeats
from simulators.bad_links import CLOCK_LOST_MS, Absences, BadLink, Troubles, bad_links
from simulators.dialects import Gateway, Moment, Publication
from tests.dialect_samples import SAMPLES

T0 = 1_798_700_000_000
GOOD = Troubles.none()
CODECS: dict[str, Callable[[], Codec]] = {
    "native": Native, "ems_esp_v37": lambda: EmsEsp(["ems-esp/{boiler}"], "s"), "otgw": lambda: Otgw(["OTGW"], "s"),
    "ebusd_json": lambda: Ebusd(["ebusd/{boiler}"], "s"), "thingsboard": lambda: ThingsBoard("s"),
    "mapped": lambda: Mapped(SAMPLES / "mapped" / "dtu.toml", "s"),
}  # fmt: skip
VALUES = {"flow_temp_c": 55.5, "water_pressure_bar": 1.4, "flame_on": 1.0}


def link(dialect: str, troubles: Troubles, seed: int = 3) -> BadLink:
    return bad_links([(Gateway("b-1", "s"), dialect)], "boot", seed, troubles)[0]


def run(speaker: BadLink, minutes: int) -> list[list[Publication]]:
    return [speaker.say(Moment(T0 + i * 60_000, VALUES)) for i in range(minutes)]


def times(said: list[Publication]) -> list[int]:
    return [json.loads(one.payload)["ts"] for one in said if one.topic.endswith("telemetry")]


def test_a_backlog_comes_after_the_absence_newest_first_and_whole() -> None:
    said = run(link("native", GOOD._replace(absences_a_day=6.0, absence_h=1.0)), 1_440)
    silent = [i for i, one in enumerate(said) if not one]
    assert len(silent) > 60
    back = next(i for i in range(1, 1_440) if said[i] and not said[i - 1])
    first = max(i for i in range(back) if said[i]) + 1
    assert said[back][0].payload == b"online"
    assert times(said[back]) == [T0 + back * 60_000, *(T0 + i * 60_000 for i in range(back - 1, first - 1, -1))]
    everything = sorted(at for one in said for at in times(one))
    assert everything == [T0 + i * 60_000 for i in range(len(everything))]


def test_a_gateway_without_a_time_of_its_own_loses_what_it_could_not_say() -> None:
    away = GOOD._replace(absences_a_day=6.0, absence_h=1.0)
    kept, lost = run(link("native", away), 1_440), run(link("otgw", away), 1_440)
    assert [bool(one) for one in kept] == [bool(one) for one in lost]
    assert max(len(one) for one in lost) < 60


def test_a_whole_site_goes_away_at_once_and_another_does_not() -> None:
    members = [(Gateway(f"b-{i}", site), "native") for i, site in enumerate(("s", "s", "t"))]
    speakers = bad_links(members, "boot", 8, GOOD._replace(outages_a_day=4.0, outage_h=2.0))
    said = [[bool(one.say(Moment(T0 + i * 60_000, VALUES))) for one in speakers] for i in range(1_440)]
    one, two, other = zip(*said, strict=True)
    assert one == two
    assert one != other
    assert not all(one)


def test_equal_seeds_give_equal_links_and_good_links_change_nothing() -> None:
    bad = Troubles(absences_a_day=4, repeated=0.1, garbled=0.1)
    assert run(link("ebusd_json", bad), 300) == run(link("ebusd_json", bad), 300)
    assert run(link("ebusd_json", bad, 4), 300) != run(link("ebusd_json", bad), 300)
    assert [times(one) for one in run(link("native", GOOD), 3)] == [[T0], [T0 + 60_000], [T0 + 120_000]]


def test_clocks_are_wrong_and_a_restart_sets_them_right_with_a_new_boot() -> None:
    said = run(link("native", GOOD._replace(skew_s=60.0, absences_a_day=6.0, rebooted=1.0)), 1_440)
    bodies = [json.loads(one.payload) for some in said for one in some if one.topic.endswith("telemetry")]
    assert (bodies[0]["ts"] - T0) % 60_000 != 0
    assert (max(body["ts"] for body in bodies) - T0) % 60_000 == 0
    assert len({body["boot"] for body in bodies}) > 1


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_collectors_account_balances_over_the_worst_link(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    speaker = link("native", Troubles(6, 0.5, 1, 0.5, 0.05, 0.02, 0.5, 60, 300), seed)
    codec, repeats = Native(), Repeats(86_400_000)
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    said, torn = 0, 0
    for i, publications in enumerate(run(speaker, 600)):
        draft = Draft(T0 + i * 60_000 + 500)
        codec.read([Message(one.topic.encode(), one.payload, False) for one in publications], draft)
        batch = draft.close()
        repeats.drop(batch, draft.delivery)
        repeats.remember(batch)
        ledger.apply(i + 1, [batch])
        said += len(publications)
        torn += len(draft.refusals)
    account = ledger.total()
    ledger.close()
    assert (account.counts["received"], account.counts["quarantined"]) == (said, torn)
    assert account.balanced
    assert account.counts["repeated"] > 0
    assert torn > 0


def test_some_stay_away_for_days_and_some_come_back_without_a_clock_until_they_have_asked() -> None:
    troubles = GOOD._replace(gaps_a_day=0.3, gap_h=40.0, rebooted=1.0, clock_lost=1.0, kept=0)
    speaker = link("native", troubles)
    said = [speaker.say(Moment(T0 + i * 120_000, VALUES)) for i in range(30 * 720)]
    at = [i for i, some in enumerate(said) if some]
    assert max(np.diff(at)) * 120 > 86_400
    back = [i for i in range(1, len(said)) if said[i] and not said[i - 1]]
    assert len(back) > 3
    for i in back:
        assert times(said[i])[-1] < 60_000, "seconds since 1970 are seconds since it started"
        assert times(said[i + 2])[-1] < CLOCK_LOST_MS
        assert times(said[i + 5])[-1] == T0 + (i + 5) * 120_000
    draft = Draft(T0 + 86_400_000)
    Native().read([Message(one.topic.encode(), one.payload, False) for one in said[back[0]]], draft)
    assert len(draft.close()) == 0, "the collector takes no such time"
    assert len(draft.refusals) == 1


def changing(i: int) -> dict[str, float]:
    return {"flow_temp_c": 30.0 + i / 100}


@pytest.mark.parametrize("dialect", ["native", "otgw", "ems_esp_v37", "ebusd_json", "mapped", "thingsboard"])
def test_a_gateway_that_repeats_its_past_retains_all_and_says_its_last_value_anew_when_it_is_back(dialect: str) -> None:
    away = GOOD._replace(absences_a_day=6.0, absence_h=1.0, kept=0, past_repeated=1.0)
    speaker, plain = link(dialect, away), link(dialect, away._replace(past_repeated=0.0))
    said = [speaker.say(Moment(T0 + i * 60_000, changing(i))) for i in range(1_440)]
    usual = [plain.say(Moment(T0 + i * 60_000, changing(i))) for i in range(1_440)]
    assert all(one.retain for some in said for one in some)
    back = [i for i in range(1, 1_440) if said[i] and not said[i - 1]]
    assert len(back) > 3
    for i in back:
        last = max(k for k in range(i) if said[k])
        old, new = (f"{30 + k / 100:.{1 if dialect.startswith('ems') else 2}f}" for k in (last, i))
        if dialect == "mapped":
            old, new = (str(round((30 + k / 100) * 10)) for k in (last, i))
        text = b"|".join(one.payload for one in said[i]).decode()
        assert old in text
        assert text.index(old) < text.rindex(new)
        assert old not in b"|".join(one.payload for one in usual[i]).decode()


def test_a_past_that_a_broker_hands_out_again_is_counted_and_is_no_reading() -> None:
    retaining = GOOD._replace(past_repeated=1.0)
    for dialect, codec in CODECS.items():
        said = run(link(dialect, retaining), 3)
        held = {one.topic: one for some in said for one in some if one.retain}  # what a broker keeps of them
        draft = Draft(T0 + 3_600_000)
        codec().read([Message(one.topic.encode(), one.payload, True) for one in held.values()], draft)
        batch = draft.close()
        assert (len(batch), batch.events, int(batch.ledger.get("accepted", np.zeros(1)).sum())) == (0, [], 0), dialect
        assert int(batch.ledger["retained"].sum()) > 0, dialect
        live = Draft(T0 + 3_600_000)
        codec().read([Message(one.topic.encode(), one.payload, False) for one in held.values()], live)
        assert len(live.close()) > 0, dialect


def test_absences_take_their_share_of_the_time() -> None:
    absences = Absences(np.random.default_rng(5), 4.0, 2.0)
    away = [absences.cover(T0 + i * 600_000) for i in range(144 * 60)]
    assert 0.15 < np.mean(away) < 0.35  # 2 h away after 6 h there, on average: a quarter


def test_no_dialect_upsets_its_link() -> None:
    codec, draft = Otgw(["OTGW"], "s"), Draft(T0 + 86_400_000)
    for some in run(link("otgw", Troubles(6, 0.5, 1, 0.5, 0.1, 0.2, 0.5, 60, 300)), 600):
        codec.read([Message(one.topic.encode(), one.payload, False) for one in some], draft)
    assert len(draft.close()) > 100
