"""What would change on a Grafana: each thing as it is, as it should be, and how to do and to undo it."""

import difflib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """One thing that is not as it should be.

    Attributes
    ----------
    kind, name
        Such as `dashboard` and `Wall`.
    before
        As it is; None where it is not there.
    after
        As it should be, without secrets.
    do
        Makes it so.
    undo
        Makes it as it was.
    """

    kind: str
    name: str
    before: Any
    after: Any
    do: Callable[[], None]
    undo: Callable[[], None]

    @property
    def sentence(self) -> str:
        """What is done, in words."""
        return f"{'change' if self.before is not None else 'create'} {self.kind} {self.name}"

    def diff(self) -> str:
        """Return both sides as a unified diff of what we say; what only Grafana says is left out."""
        old = [] if self.before is None else _lines(common(self.after, self.before))
        return "\n".join(difflib.unified_diff(old, _lines(self.after), "grafana", "boilerwatch", lineterm="", n=2))


def _lines(plain: Any) -> list[str]:
    return json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True).split("\n")


def says(ours: Any, theirs: Any) -> bool:
    """Return whether all we say stands there; Grafana may say more, such as defaults.

    Examples
    --------
    >>> says({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": 2}], "d": 3}), says({"a": [1]}, {"a": [1, 2]})
    (True, False)
    """
    if isinstance(ours, Mapping):
        return isinstance(theirs, Mapping) and all(
            name in theirs and says(one, theirs[name]) for name, one in ours.items()
        )
    if isinstance(ours, list | tuple):
        same_size = isinstance(theirs, list | tuple) and len(ours) == len(theirs)
        return same_size and all(says(one, other) for one, other in zip(ours, theirs, strict=True))
    return bool(ours == theirs)


def common(ours: Any, theirs: Any) -> Any:
    """Return their side of what we say."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        return {name: common(one, theirs[name]) for name, one in ours.items() if name in theirs}
    if isinstance(ours, list) and isinstance(theirs, list):
        paired = [common(one, other) for one, other in zip(ours, theirs, strict=False)]
        return paired + theirs[len(ours) :]
    return theirs


def apply(changes: list[Change], tell: Callable[[str], None]) -> None:
    """Make every change; where one fails, take back those that were made, the last one first.

    Raises
    ------
    Exception
        What the failing change raised, with what could not be taken back.
    """
    done: list[Change] = []
    try:
        for change in changes:
            change.do()
            done.append(change)
            tell(f"{change.sentence}: done")
    except Exception as exc:
        left = list(_take_back(done))
        taken_back = f"{len(done) - len(left)} changes before it were taken back" if done else "nothing was changed"
        note = f"{taken_back}{f'; not taken back, push again: {chr(44).join(left)}' if left else ''}"
        exc.args = (f"{exc}; {note}", *exc.args[1:])
        raise


def _take_back(done: list[Change]) -> Iterator[str]:
    """Undo; yield the names of what could not be undone."""
    for change in reversed(done):
        try:
            change.undo()
        except Exception:  # noqa: BLE001 -- whatever it is, the others shall still be taken back
            yield f"{change.kind} {change.name}"
