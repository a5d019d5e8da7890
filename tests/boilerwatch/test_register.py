"""`fleet.csv`: bad rows are named by line and column, the good ones kept."""

from pathlib import Path

import pytest

from boilerwatch.errors import InputError
from boilerwatch.register import Boiler, Fleet, read_fleet


def read(tmp_path: Path, text: str) -> Fleet:
    path = tmp_path / "fleet.csv"
    path.write_text(text, encoding="utf-8")
    return read_fleet(path)


def test_good_rows_are_read_whole(tmp_path: Path) -> None:
    fleet = read(tmp_path, "boiler,site,region,family,latitude,longitude\nb-1,s1,county,vaillant,39.9,116.4\n")
    assert fleet.boilers == [Boiler("b-1", "s1", region="county", family="vaillant", latitude=39.9, longitude=116.4)]
    assert fleet.complaints == []


@pytest.mark.parametrize(
    ("row", "column", "word"),
    [
        ("b 1,s1,,,,", "boiler", "not an id"),
        ("b-2,,,,,", "site", "not an id"),
        ("b-2,s1,village,,,", "region", "neither city nor county"),
        ("b-2,s1,,01/10/2024,,", "commissioned", "not a date"),
        ("b-2,s1,,,91,", "latitude", "not a number of degrees"),
        ("b-2,s1,,,,Mars/Olympus", "time_zone", "not a time zone"),
        ("b-1,s1,,,,", "boiler", "stands in line 2 already"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column(tmp_path: Path, row: str, column: str, word: str) -> None:
    head = "boiler,site,region,commissioned,latitude,time_zone"
    fleet = read(tmp_path, f"{head}\nb-1,s1,,,,\n{row}\nb-3,s1,,,,\n")
    assert [boiler.boiler for boiler in fleet.boilers] == ["b-1", "b-3"]
    (complaint,) = fleet.complaints
    assert (complaint.line, complaint.column, complaint.fatal) == (3, column, True)
    assert word in str(complaint)


def test_an_unknown_family_or_column_is_only_a_warning(tmp_path: Path) -> None:
    fleet = read(tmp_path, "boiler,site,family,colour\nb-1,s1,acme,red\n")
    assert len(fleet.boilers) == 1
    assert {complaint.fatal for complaint in fleet.complaints} == {False}
    assert {complaint.column for complaint in fleet.complaints} == {"family", "colour"}


@pytest.mark.parametrize("text", ["", "boiler\nb-1\n", "a;b\n"])
def test_a_file_without_the_two_columns_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="must name the columns"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_or_not_text_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_fleet(tmp_path / "none.csv")
    (tmp_path / "raw.csv").write_bytes(b"boiler,site\n\xff\xfe\n")
    with pytest.raises(InputError, match="not a CSV file in UTF-8"):
        read_fleet(tmp_path / "raw.csv")
