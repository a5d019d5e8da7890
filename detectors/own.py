"""A user's own detector, from a file beside the catalogue: what a replay tries before anybody adds it to the registry."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from boilerwatch.errors import BoilerwatchError, InputError
from detectors.catalogue.contract import DailyDetector, Detector, EventDetector, FrameDetector, RowDetector

_KEEPS = ("version", "serviced", "dump", "load")
_LOOKS = (EventDetector, RowDetector, FrameDetector, DailyDetector)
_WAY_OUT = "a detector is a class with name, version, serviced, dump, load and tell, see, cadence and step, or features, measure and judge"


def load_own(path: Path) -> list[Detector]:
    """Return one of each detector that a Python file defines.

    Raises
    ------
    InputError
        If it cannot be run, or holds no detector.
    """
    with blamed([path]):
        module = _run(path)
        classes = [one for _, one in inspect.getmembers(module, inspect.isclass) if one.__module__ == module.__name__]
        made = [
            _made(path, one) for one in classes if isinstance(getattr(one, "name", None), str) and vars(one).get("name")
        ]
    if not made:
        raise InputError(f"{path} holds no detector: {_WAY_OUT} (detectors/catalogue/contract.py)")
    return made


def _run(path: Path) -> ModuleType:
    name = f"_own_detector_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise InputError(f"{path}: a detector of your own is a Python file, which ends in .py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror or exc}") from exc
    except SyntaxError as exc:
        raise InputError(f"{path}, line {exc.lineno}: {exc.msg}") from exc
    return module


def _made(path: Path, one: type) -> Detector:
    missing = [name for name in _KEEPS if not hasattr(one, name)]
    if missing:
        raise InputError(f"{path}: {one.__name__} has no {', '.join(missing)}; {_WAY_OUT}")
    made: Detector = one()
    if not isinstance(made, _LOOKS):
        raise InputError(f"{path}: {one.__name__} looks at nothing; {_WAY_OUT}")
    return made


@contextmanager
def blamed(paths: Sequence[Path]) -> Iterator[None]:
    """Turn what goes wrong in one of these files into a sentence that names the line.

    Raises
    ------
    InputError
        If something did.
    """
    try:
        yield
    except BoilerwatchError:
        raise
    except Exception as exc:
        own = {str(path.resolve()): path for path in paths}
        for frame in reversed(traceback.extract_tb(exc.__traceback__)):
            path = own.get(str(Path(frame.filename).resolve()))
            if path is not None:
                raise InputError(f"{path}, line {frame.lineno}: {type(exc).__name__}: {exc}") from exc
        raise
