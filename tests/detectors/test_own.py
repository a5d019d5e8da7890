"""A detector of a user's own, tried on a file: the one that docs/operate.md shows, and files that are none."""

import re
from pathlib import Path

import numpy as np
import pytest

from boilerwatch.errors import InputError
from boilerwatch.model import Finding
from detectors.engine import Engine
from detectors.own import blamed, load_own
from tests.detectors.series import series

PAGE = Path(__file__).parents[2] / "docs/operate.md"


def shown() -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return str(code)


def found(path: Path) -> list[Finding]:
    engine = Engine(more=load_own(path), disabled=["limits"])
    hot = series(np.arange(0, 1, 1 / 60), {"return_temp_c": np.linspace(60, 90, 60)})
    with blamed([path]):
        return [*engine.take(hot), *engine.finish()]


def test_the_detector_that_the_page_shows_works(tmp_path: Path) -> None:
    path = tmp_path / "hot_return.py"
    path.write_text(shown())
    (one,) = found(path)
    assert (one.boiler, one.kind, one.detector) == ("b-1", "exchanger_scale", "hot_return@1")
    assert one.values["return_temp_c"] > 75


def test_one_of_a_name_that_is_there_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(shown().replace('"hot_return"', '"flow"'))
    engine = Engine(more=load_own(path))
    assert [type(one).__name__ for one in engine.detectors if one.name == "flow"] == ["HotReturn"]


@pytest.mark.parametrize(
    ("code", "sentence"),
    [("x = 1", "holds no detector"), ("def :", "line 1: invalid syntax"), ("import gremlins", "line 1: ModuleNotFoundError"),
     ("class A:\n    name = 'a'\n", "A has no version, serviced, dump, load"),
     ("class A:\n    name, version = 'a', '1'\n    serviced = dump = load = print\n", "A looks at nothing")],
)  # fmt: skip
def test_a_file_that_holds_none_is_a_sentence(tmp_path: Path, code: str, sentence: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(code)
    with pytest.raises(InputError, match=sentence):
        load_own(path)
    with pytest.raises(InputError, match="which ends in"):
        load_own(tmp_path / "mine.txt")
    with pytest.raises(InputError, match="cannot be read"):
        load_own(tmp_path / "none.py")


def test_what_goes_wrong_in_it_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(shown().replace('"exchanger_scale"', '"gremlins"'))
    with pytest.raises(InputError, match=r"mine.py, line \d+: ValueError: there is no kind 'gremlins'"):
        found(path)
