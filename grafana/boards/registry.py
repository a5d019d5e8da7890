"""All boards; a new one is a file here and a line below."""

from grafana.boards import boiler, district, early_faults, pipeline, promises, shift, wall
from grafana.spec import Board


def boards() -> tuple[Board, ...]:
    """Return every board."""
    return tuple(module.board() for module in (wall, shift, district, boiler, early_faults, promises, pipeline))
