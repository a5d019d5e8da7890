"""What storing remembers, in one file: plain arrays and JSON, never pickle, replaced whole."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

log = structlog.get_logger()

Plain = dict[str, Any]
State = dict[str, NDArray[Any]]


def write(path: Path, plain: Plain, arrays: State) -> None:
    """Write both, durably, in place of what is there."""
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **{"plain": np.frombuffer(json.dumps(plain).encode(), np.uint8), **arrays})
    fresh = path.with_suffix(f".{os.getpid()}")
    with fresh.open("wb") as file:
        file.write(sink.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read(path: Path) -> tuple[Plain, State] | None:
    """Return what was written; None where nothing was, or where it cannot be read, which is logged."""
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        plain: Plain = json.loads(arrays.pop("plain").tobytes())
    except (ValueError, KeyError, OSError, EOFError) as exc:
        log.warning("snapshot_unreadable", file=str(path), error=str(exc))
        return None
    return plain, arrays


def under(arrays: State, prefix: str) -> State:
    """Return the arrays of one part, by their own names."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
