"""All fleets of a plan, side by side on as many cores as asked, into one set of figures."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from boilerwatch.evaluation.figures import group_figures
from boilerwatch.evaluation.fleets import Group
from boilerwatch.evaluation.run import Result, run
from detectors.catalogue.registry import DETECTORS


def evaluate(plan: Sequence[Group], jobs: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the figures of each group, in the plan's order."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: list[tuple[Group, list[Future[Result]]]] = [
            (group, [pool.submit(run, order, group.ablated) for order in group.orders]) for group in plan
        ]
        figures = {}
        for group, futures in waiting:
            figures[group.name] = {"what": group.what} | group_figures([one.result() for one in futures])
            say(f"{group.name}: {figures[group.name]['found']} of {figures[group.name]['failed']} found before failure")
    return figures


def versions() -> dict[str, str]:
    """Return detector -> version: figures of other versions are stale."""
    return {name: make().version for name, make in DETECTORS.items()}
