"""What is set aside, and when: only what was being taken alone, at the third death in one place."""

from pathlib import Path

from boilerwatch.aside import DEATHS, Deaths, Turn, read_aside


def test_a_row_is_set_aside_at_the_third_death_in_one_place(tmp_path: Path) -> None:
    deaths = Deaths(tmp_path, "storing")
    Turn(tmp_path, "storing").begin("readings", 7, 7)
    assert [deaths.note(1, 0) is None for _ in range(DEATHS)] == [True, True, False]
    turn = Turn(tmp_path, "storing")
    assert turn.passes("readings", 7)
    assert not turn.passes("readings", 8)
    assert not Turn(tmp_path, "detectors").passes("readings", 7)
    assert read_aside(tmp_path, "storing")[0].why.startswith("the room died 3 times here")


def test_deaths_in_other_places_are_not_added_up(tmp_path: Path) -> None:
    deaths, turn = Deaths(tmp_path, "storing"), Turn(tmp_path, "storing")
    for offset in (7, 8, 9, 7, 8):
        turn.begin("readings", offset, offset)
        assert deaths.note(1, 0) is None
    assert len(Turn(tmp_path, "storing")) == 0


def test_a_death_among_many_rows_leads_to_one_row_at_a_time_until_they_are_passed(tmp_path: Path) -> None:
    deaths = Deaths(tmp_path, "storing")
    Turn(tmp_path, "storing").begin("readings", 5, 8)
    for _ in range(DEATHS + 1):
        assert deaths.note(-9, 0) is None
    turn = Turn(tmp_path, "storing")
    assert [turn.rows("readings", position, 64) for position in (4, 7, 8)] == [1, 1, 64]
    assert turn.rows("findings", 4, 64) == 64


def test_a_turn_that_ended_is_no_place_to_die_in(tmp_path: Path) -> None:
    deaths, turn = Deaths(tmp_path, "storing"), Turn(tmp_path, "storing")
    turn.begin("readings", 7, 7)
    turn.end()
    assert all(deaths.note(1, 0) is None for _ in range(DEATHS + 1))
    assert Turn(tmp_path, "storing").rows("readings", 6, 64) == 64


def test_a_line_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    deaths = Deaths(tmp_path, "storing")
    Turn(tmp_path, "storing").begin("readings", 7, 7)
    for _ in range(DEATHS):
        deaths.note(1, 0)
    path = tmp_path / "aside" / "storing.jsonl"
    path.write_bytes(b"{torn\n" + path.read_bytes())
    assert Turn(tmp_path, "storing").passes("readings", 7)
