"""A learned baseline with its papers: of which boiler, from which rows, by which version; kept by skops, never pickle.

A file is a skops archive of plain values and one `Baseline`; nothing else is trusted. What cannot be read, or is of another
version, is refused with a sentence. A model that no longer fits its boiler says why and retires; it is learned anew, never
bent.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
import xxhash
from numpy.typing import NDArray

from boilerwatch.errors import InputError
from detectors.baseline import Baseline

Floats = NDArray[np.float64]

#: What a file's layout and the method mean; a file of another number is not read.
FORMAT = 3
_TRUSTED = ["detectors.baseline.Baseline"]
#: A model is out of place when so many of the last rows were odd, in so many of its columns: a fault has a place.
_LASTING_WINDOWS, _LASTING_SHARE, _COLUMNS_SHARE = 2, 0.9, 0.5


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Which rows a model learned from.

    Attributes
    ----------
    rows_hash
        Of the training rows' bytes, gaps alike.
    first_ms, last_ms
        Event time of the first and the last row. [ms since 1970]
    """

    boiler: str
    columns: tuple[str, ...]
    rows: int
    first_ms: int
    last_ms: int
    rows_hash: str

    @classmethod
    def of(cls, boiler: str, columns: Sequence[str], values: Floats, ts_ms: NDArray[np.int64]) -> "Fingerprint":
        """Take it from training rows, shape (rows, columns), and their times, shape (rows,)."""
        plain = np.where(np.isnan(values), np.nan, values).astype("<f8")
        rows_hash = xxhash.xxh3_128_hexdigest(np.ascontiguousarray(plain).tobytes())
        return cls(boiler, tuple(columns), len(values), int(ts_ms[0]), int(ts_ms[-1]), rows_hash)


@dataclass(frozen=True, slots=True)
class Learned:
    """A fitted baseline and its papers.

    Attributes
    ----------
    package
        Version of boilerwatch that fitted it.
    retired
        Why it is no longer to be used, empty while it is.
    """

    model: Baseline
    fingerprint: Fingerprint
    package: str
    retired: str = ""

    @classmethod
    def from_rows(
        cls,
        boiler: str,
        columns: Sequence[str],
        values: Floats,
        ts_ms: NDArray[np.int64],
        model: Baseline | None = None,
    ) -> "Learned":
        """Fit a baseline on a boiler's rows, shape (rows, columns), at times of shape (rows,). [ms since 1970]"""
        fitted = (model or Baseline()).fit(values)
        return cls(fitted, Fingerprint.of(boiler, columns, values, ts_ms), version("boilerwatch"))

    def checked(
        self, boiler: str, columns: Sequence[str], values: Floats | None = None, serviced_ms: Sequence[int] = ()
    ) -> "Learned":
        """Return it, retired with the reason if it does not fit the boiler any more.

        Parameters
        ----------
        values
            Rows that followed the training rows, in order, shape (rows, columns).
        serviced_ms
            When parts were replaced, repaired or swapped. [ms since 1970]
        """
        return replace(self, retired=self.retired or self._misfit(boiler, columns, values, serviced_ms))

    def _misfit(self, boiler: str, columns: Sequence[str], values: Floats | None, serviced_ms: Sequence[int]) -> str:
        own = self.fingerprint
        if boiler != own.boiler:
            return f"it was learned from boiler {own.boiler}, not {boiler}: models do not move between boilers"
        if tuple(columns) != own.columns:
            gone, new = sorted({*own.columns} - {*columns}), sorted({*columns} - {*own.columns})
            return f"the signals are others than those learned: without {gone or 'none'}, with {new or 'none'} more"
        if any(own.last_ms < at for at in serviced_ms):
            return "the boiler was repaired, got a part or was swapped since"
        if values is not None and self._is_out_of_place(values):
            return "nearly all rows of late are odd, in most columns at once: the boiler is not the one it was"
        return ""

    def _is_out_of_place(self, values: Floats) -> bool:
        lasting = _LASTING_WINDOWS * max(self.model.windows)
        if len(values) < lasting:
            return False
        by_column = self.model.column_scores(values)[-lasting:]
        columns = np.isfinite(by_column).any(axis=0)
        if not columns.any():
            return False
        off = (by_column[:, columns] < self.model.offset_).mean(axis=0) > _LASTING_SHARE
        return bool(off.mean() >= _COLUMNS_SHARE)

    def save(self, path: Path) -> None:
        """Write it, whole or not at all."""
        papers = {
            "format": FORMAT, "package": self.package, "retired": self.retired, "model": self.model,
            "fingerprint": asdict(self.fingerprint) | {"columns": list(self.fingerprint.columns)},
        }  # fmt: skip
        fresh = path.with_name(path.name + ".part")
        skops.io.dump(papers, fresh, compression=zipfile.ZIP_DEFLATED)
        fresh.replace(path)


def load(path: Path) -> Learned:
    """Read a file that `Learned.save` wrote.

    Raises
    ------
    InputError
        If it is none, is damaged, holds what is not trusted, or is of another version.
    """
    anew = "learn the model anew from the boiler's rows"
    try:
        unknown = sorted(set(skops.io.get_untrusted_types(file=path)) - set(_TRUSTED))
        papers = None if unknown else skops.io.load(path, trusted=_TRUSTED)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}.") from exc
    except Exception as exc:  # an archive that somebody else made may fail anywhere in skops
        raise InputError(f"{path} is no learned baseline, or is damaged: {anew}.") from exc
    if unknown:
        raise InputError(f"{path} holds what no learned baseline holds ({', '.join(unknown)}), and is not opened.")
    return _taken(path, papers, anew)


def _taken(path: Path, papers: Any, anew: str) -> Learned:
    if not isinstance(papers, dict) or "format" not in papers:
        raise InputError(f"{path} is a skops file, but of no learned baseline: {anew}.")
    if papers["format"] != FORMAT:
        raise InputError(f"{path} is of format {papers['format']}, this program reads {FORMAT}: {anew}.")
    if papers.get("package") != version("boilerwatch"):
        raise InputError(
            f"{path} was learned by boilerwatch {papers.get('package')}, this is {version('boilerwatch')}: {anew}."
        )
    try:
        own = dict(papers["fingerprint"])
        fingerprint = Fingerprint(**own | {"columns": tuple(own["columns"])})
        model, retired = papers["model"], str(papers["retired"])
    except (KeyError, TypeError, ValueError) as exc:
        raise InputError(f"{path} lacks what it was learned from: {anew}.") from exc
    if not isinstance(model, Baseline):
        raise InputError(f"{path} holds no baseline: {anew}.")
    return Learned(model, fingerprint, papers["package"], retired)
