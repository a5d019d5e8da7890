"""A learned baseline is kept with its papers, refused with a sentence, retired with a reason."""

import pickle
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LinearRegression

from boilerwatch.errors import InputError
from detectors.baseline import Baseline
from detectors.learned import FORMAT, Fingerprint, Learned, load
from tests.detectors.test_baseline import Table, table

COLUMNS = tuple("abcdef")
TIMES = np.arange(400, dtype=np.int64) * 86_400_000


def learned(seed: int = 0) -> Learned:
    return Learned.from_rows("b-1", COLUMNS, table(seed)[:400], TIMES)


def test_what_is_read_back_is_what_was_written(tmp_path: Path) -> None:
    first = learned()
    first.save(tmp_path / "b-1.skops")
    again = load(tmp_path / "b-1.skops")
    rows = table(1)[400:]
    assert again.fingerprint == first.fingerprint
    assert (again.model.score_samples(rows) == first.model.score_samples(rows)).all()
    assert again.package == version("boilerwatch")
    assert [path.name for path in tmp_path.iterdir()] == ["b-1.skops"]


def test_only_the_baseline_itself_is_trusted(tmp_path: Path) -> None:
    learned().save(tmp_path / "b-1.skops")
    assert skops.io.get_untrusted_types(file=tmp_path / "b-1.skops") == ["detectors.baseline.Baseline"]


def refused(path: Path) -> str:
    with pytest.raises(InputError) as told:
        load(path)
    assert str(path) in str(told.value)
    return str(told.value)


def test_what_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "b-1.skops"
    assert "cannot be read" in refused(path)
    learned().save(path)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 5):
        path.write_bytes(whole[:length])
        assert "damaged" in refused(path)
    path.write_bytes(pickle.dumps({"format": FORMAT}))
    assert "damaged" in refused(path)
    skops.io.dump([1, 2], path)
    assert "of no learned baseline" in refused(path)
    skops.io.dump({"format": FORMAT, "model": LinearRegression(), "package": version("boilerwatch")}, path)
    assert "lacks what it was learned from" in refused(path)
    skops.io.dump({"format": FORMAT, "run": Path.unlink}, path)
    assert "is not opened" in refused(path)


@pytest.mark.parametrize(
    ("key", "value", "says"), [("format", 99, "format 99"), ("package", "0.0.1", "boilerwatch 0.0.1")]
)
def test_a_model_of_another_version_is_learned_anew(tmp_path: Path, key: str, value: object, says: str) -> None:
    path = tmp_path / "b-1.skops"
    learned().save(path)
    papers = skops.io.load(path, trusted=["detectors.baseline.Baseline"])
    skops.io.dump(papers | {key: value}, path)
    assert says in refused(path)


def test_the_fingerprint_is_of_the_rows_their_boiler_and_their_times() -> None:
    rows = table(0)[:400]
    rows[3, 2] = np.nan
    own = Fingerprint.of("b-1", COLUMNS, rows, TIMES)
    assert own == Fingerprint.of("b-1", COLUMNS, rows.copy(), TIMES)
    changed = rows.copy()
    changed[399, 5] = np.nextafter(changed[399, 5], np.inf)
    assert own.rows_hash != Fingerprint.of("b-1", COLUMNS, changed, TIMES).rows_hash
    assert (own.rows, own.first_ms, own.last_ms) == (400, 0, 399 * 86_400_000)


def another(rows: Table) -> Table:
    return rows + 6 * rows.std(axis=0)


def test_a_model_that_does_not_fit_its_boiler_says_so_and_stays_retired(tmp_path: Path) -> None:
    first, rows = learned(), table(0)[400:]
    assert first.checked("b-1", COLUMNS, rows, [TIMES[0]]).retired == ""
    assert "boiler b-1, not b-2" in first.checked("b-2", COLUMNS).retired
    assert "without ['f']" in first.checked("b-1", COLUMNS[:5]).retired
    assert "repaired" in first.checked("b-1", COLUMNS, rows, [int(TIMES[-1]) + 1]).retired
    retired = first.checked("b-1", COLUMNS, another(rows))
    assert "not the one it was" in retired.retired
    retired.save(tmp_path / "b-1.skops")
    assert load(tmp_path / "b-1.skops").checked("b-1", COLUMNS, rows).retired == retired.retired


def test_a_fault_in_one_column_does_not_retire_the_model() -> None:
    rows = table(0)[400:]
    rows[100:, 2] += 800
    assert (Baseline().fit(table(0)[:400]).predict(rows)[-100:] == -1).mean() > 0.9
    assert learned().checked("b-1", COLUMNS, rows).retired == ""
