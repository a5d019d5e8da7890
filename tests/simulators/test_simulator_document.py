"""docs/simulator.md says what the tables of faults and models say."""

from pathlib import Path

import pytest

from simulators.faults import MECHANISMS, Mechanism
from simulators.models import MODELS, Model

TEXT = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")
ROWS = {
    line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]]
    for line in TEXT.splitlines()
    if line.startswith("|")
}


@pytest.mark.parametrize("mechanism", MECHANISMS.values(), ids=lambda one: one.kind)
def test_every_fault_stands_there_with_its_argument_its_end_and_its_days(mechanism: Mechanism) -> None:
    argument, _, ends, days = ROWS[mechanism.kind]
    assert argument == mechanism.argument
    if ends:
        low, high = mechanism.ends
        assert ends.startswith(f"{low:g}-{high:g}" if low < high else f"{low:g}")
    assert days == ("at once" if mechanism.steady else "{:g}-{:g}".format(*mechanism.days))


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.name)
def test_every_model_stands_there_with_its_family(model: Model) -> None:
    family, hot_water, _, gateways = ROWS[model.name]
    assert family == model.family
    assert (hot_water == "none") == (model.tap_w == 0)
    assert ("does not condense" in hot_water) == (not model.condensing)
    assert ("on change" in gateways) == model.on_change
