"""State arrays with one row a boiler's slot, grown as boilers come."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST_SIZE = 64


class Arrays:
    """Named state arrays with one row a slot, grown as boilers come.

    Parameters
    ----------
    fields
        Name -> (fill value, dtype, trailing shape).
    """

    def __init__(self, fields: dict[str, tuple[Any, Any, tuple[int, ...]]]) -> None:
        self._fields = fields
        self._size = 0
        self._data: dict[str, NDArray[Any]] = {n: np.full((0, *s), v, d) for n, (v, d, s) in fields.items()}

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Return an array, shape (slots, ...)."""
        return self._data[name]

    def __len__(self) -> int:
        """Return how many slots there is room for."""
        return self._size

    def grow(self, size: int) -> None:
        """Make room for at least `size` slots."""
        if size <= self._size:
            return
        larger = max(size, 2 * self._size, _FIRST_SIZE)
        for name, (value, dtype, shape) in self._fields.items():
            # zeros come from the system as they are first touched, which a table of few rows hardly ever is
            fresh = np.full((larger, *shape), value, dtype) if value else np.zeros((larger, *shape), dtype)
            fresh[: self._size] = self._data[name]
            self._data[name] = fresh
        self._size = larger

    def reset(self, slot: int | NDArray[np.int64]) -> None:
        """Forget what was learned of one slot, or of several."""
        for name, (value, _, _) in self._fields.items():
            self._data[name][slot] = value

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return the arrays for a snapshot."""
        return dict(self._data)

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take the arrays of a snapshot."""
        self._data = {name: np.array(data[name]) for name in self._fields}
        self._size = len(next(iter(self._data.values())))


def filled(values: NDArray[Any], nan: float = 0.0) -> NDArray[Any]:
    """Return values with another in place of NaN: what `np.nan_to_num` does, at a tenth of its time where boilers are few.

    Examples
    --------
    >>> filled(np.array([1.0, np.nan]), nan=-np.inf).tolist()
    [1.0, -inf]
    """
    return np.where(np.isnan(values), nan, values)


def shifted(rings: NDArray[Any], by: NDArray[np.int64], fill: float) -> NDArray[Any]:
    """Return rings with their oldest entries gone and as many new places filled at the end.

    Parameters
    ----------
    rings
        One row a boiler, oldest first, shape (n, kept, ...).
    by
        Places each row moves, shape (n,).

    Examples
    --------
    >>> shifted(np.array([[1, 2, 3], [4, 5, 6]]), np.array([1, 9]), 0).tolist()
    [[2, 3, 0], [0, 0, 0]]
    >>> shifted(np.array([[1, 2, 3]]), np.array([1]), 0).tolist()
    [[2, 3, 0]]
    """
    kept = rings.shape[1]
    if (by == 1).all():  # as on nearly every day
        moved = np.empty_like(rings)
        moved[:, :-1], moved[:, -1] = rings[:, 1:], fill
        return moved
    place = np.arange(kept) + np.minimum(np.maximum(by, 0), kept)[:, None]
    moved = rings[np.arange(len(rings))[:, None], np.minimum(place, kept - 1)]
    return np.where((place < kept).reshape(place.shape + (1,) * (rings.ndim - 2)), moved, fill)
