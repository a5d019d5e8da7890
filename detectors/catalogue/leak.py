"""Slow leak: cold-equivalent pressure that falls, day after day; and a filling loop that lets water in, its mirror.

Sees: water pressure and, where there are any, flow and return temperature. Water expands when it warms, so pressure
follows temperature with a slope of the boiler's own (0.005-0.02 bar/K for a healthy vessel); six-hour means are
regressed on time and mean water temperature together, since the last top-up. The slope counts only when it excludes
zero by far more than its uncertainty, which includes the sensor's steps. Without a temperature the scatter it leaves
widens the uncertainty by itself.

Sources: pressure per litre 0.23-0.46 bar/l, a slow leak of 0.05-0.5 l/day, top-ups of 0.2 bar and more, low-pressure
cut-out about 0.5 bar (devices guide 6 and 7; Riello slave card, Immergas code 10, OTGW SAT).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from boilerwatch.model import Floats
from boilerwatch.service import ServiceRow
from detectors.blocks import BLOCK_MS, Blocks, Closed
from detectors.catalogue.contract import View
from detectors.episodes import Episodes
from detectors.slots import Arrays, Slots

_KEPT = 56  # 14 days of six-hour blocks
_DAY_BLOCKS = 4.0
#: Least loss worth a visit: 0.03 litres a day at 0.35 bar/l. [bar/day]
LOSS_BAR_PER_DAY = 0.01
#: A fall must also be this large in total before anyone goes; one step of the coarsest sensor. [bar]
FALL_BAR = 0.1
TOP_UP_BAR = 0.2
CUT_OUT_BAR = 0.5
#: A rise must be this large in total: more than a step of the coarsest sensor and half a step of noise. [bar]
RISE_BAR = 0.15
#: The relief valve opens. [bar]
RELIEF_BAR = 3.0
#: Below this a filling loop that let water in may be called over (Vaillant S.41 less a margin). [bar]
HIGH_BAR = 2.5
_SURE = 5.0  # standard errors
_CLEAR = 0.25  # share of the raising loss
_LEAST_BLOCKS = 8
_HEALTHY_BAR_PER_K = 0.012


class SlowLeak:
    """Raise when the cold-equivalent pressure falls, clear after a top-up that holds or a repair."""

    name = "slow_leak"
    version = "1"

    def __init__(self) -> None:
        self.blocks = Blocks()
        self._past = Arrays(
            {
                "count": (0, np.int64, ()),
                "block": (0, np.int64, (_KEPT,)),
                "pressure": (np.nan, np.float64, (_KEPT,)),
                "warm": (np.nan, np.float64, (_KEPT,)),
                "loss": (0.0, np.float64, ()),
            }
        )

    def see(self, view: View, slots: Slots, families: dict[str, str], episodes: Episodes) -> None:
        """Fold what came; judge each boiler whose block closed."""
        if "water_pressure_bar" not in view.columns:
            return
        missing = np.full(len(view.slot), np.nan)
        flow, back = (view.columns.get(name, missing) for name in ("flow_temp_c", "return_temp_c"))
        water = np.where(np.isnan(back), flow, np.where(np.isnan(flow), back, (flow + back) / 2))
        closed = self.blocks.fold(view.slot, view.ts_ms, view.columns["water_pressure_bar"], water, len(slots))
        self._past.grow(len(slots))
        for i in range(len(closed.slot)):
            self._take(closed, i, view.now_ms, slots, episodes)

    def _take(self, closed: Closed, i: int, now_ms: int, slots: Slots, episodes: Episodes) -> None:
        slot = int(closed.slot[i])
        past = self._past
        if self._is_top_up(slot, float(closed.pressure_bar[i]), float(closed.water_temp_c[i])):
            past["count"][slot] = 0
        for name, value in (("block", closed.block), ("pressure", closed.pressure_bar), ("warm", closed.water_temp_c)):
            past[name][slot] = np.roll(past[name][slot], -1)
            past[name][slot][-1] = value[i]
        past["count"][slot] = min(past["count"][slot] + 1, _KEPT)
        count = int(past["count"][slot])
        if count < _LEAST_BLOCKS:
            return
        days = (past["block"][slot][-count:] - past["block"][slot][-1]) / _DAY_BLOCKS
        fit = loss_of(days, past["pressure"][slot][-count:], past["warm"][slot][-count:])
        self._judge(slot, fit, (int(closed.block[i]) + 1) * BLOCK_MS, now_ms, slots, episodes)

    def _is_top_up(self, slot: int, pressure_bar: float, warm_c: float) -> bool:
        if self._past["count"][slot] == 0:
            return False
        rise = pressure_bar - float(self._past["pressure"][slot][-1])
        warmer = warm_c - float(self._past["warm"][slot][-1])
        expected = max(0.0, 2 * _HEALTHY_BAR_PER_K * warmer) if np.isfinite(warmer) else TOP_UP_BAR / 2
        return rise - expected > TOP_UP_BAR / 2 + 0.02

    def _judge(
        self,
        slot: int,
        fit: "tuple[float, float, float, float]",
        at_ms: int,
        now_ms: int,
        slots: Slots,
        episodes: Episodes,
    ) -> None:
        loss, error, fall, cold = fit
        boiler, site = slots.boilers[slot], slots.sites[slot]
        sure = loss > _SURE * error
        if abs(loss) + 2 * error < LOSS_BAR_PER_DAY * _CLEAR + 0.005 and cold < HIGH_BAR:
            episodes.clear(boiler, "filling_loop_passing", at_ms, now_ms)
        if sure and loss > LOSS_BAR_PER_DAY and fall > FALL_BAR:
            days, soonest, latest = (
                max(cold - CUT_OUT_BAR, 0) / rate for rate in (loss, loss + 2 * error, max(loss - 2 * error, loss / 4))
            )
            episodes.say(
                boiler, "slow_leak", severity="warning" if days < 30 else "advisory", at_ms=at_ms, received_at_ms=now_ms,
                detector=f"{self.name}@{self.version}", site=site,
                failure_expected_at_ms=at_ms + round(days * 86_400_000),
                confidence=round(min(0.99, 1 - np.exp(-loss / max(error, 1e-6) / 5)), 2),
                values={
                    "loss_bar_per_day": round(loss, 4), "loss_error_bar_per_day": round(error, 4),
                    "fall_bar": round(fall, 3), "cold_pressure_bar": round(cold, 3), "days_to_limit": round(days, 1),
                    "days_to_limit_soonest": round(soonest, 1), "days_to_limit_latest": round(latest, 1),
                    "limit_bar": CUT_OUT_BAR,
                },
            )  # fmt: skip
        elif -loss > _SURE * error and -loss > LOSS_BAR_PER_DAY and -fall > RISE_BAR:
            self._tell_gain(slot, fit, at_ms, now_ms, slots, episodes)
        elif loss + 2 * error < LOSS_BAR_PER_DAY * _CLEAR + 0.005 and episodes.is_raised(boiler, "slow_leak"):
            episodes.clear(boiler, "slow_leak", at_ms, now_ms)

    def _tell_gain(
        self, slot: int, fit: "tuple[float, float, float, float]", at_ms: int, now_ms: int, slots: Slots,
        episodes: Episodes,
    ) -> None:  # fmt: skip
        loss, error, fall, cold = fit
        boiler, site = slots.boilers[slot], slots.sites[slot]
        left = max(RELIEF_BAR - cold, 0.0)
        days = left / -loss
        episodes.say(
            boiler, "filling_loop_passing", severity="warning" if days < 30 else "advisory", at_ms=at_ms,
            received_at_ms=now_ms, detector=f"{self.name}@{self.version}", site=site,
            failure_expected_at_ms=at_ms + round(days * 86_400_000),
            confidence=round(min(0.99, 1 - np.exp(loss / max(error, 1e-6) / 5)), 2),
            values={
                "gain_bar_per_day": round(-loss, 4), "gain_error_bar_per_day": round(error, 4),
                "rise_bar": round(-fall, 3), "cold_pressure_bar": round(cold, 3), "days_to_limit": round(days, 1),
                "days_to_limit_soonest": round(left / (2 * error - loss), 1),
                "days_to_limit_latest": round(left / max(-loss - 2 * error, -loss / 4), 1), "limit_bar": RELIEF_BAR,
            },
        )  # fmt: skip

    def serviced(self, row: ServiceRow, slot: int, episodes: Episodes) -> None:
        """Begin anew after a repair, a swap or a top-up."""
        if row.what in ("repaired", "part_replaced", "swapped", "topped_up"):
            self._past.grow(slot + 1)
            self._past.reset(slot)
            if row.what != "topped_up" and "low_water_pressure" in row.problems:
                episodes.clear(row.boiler, "slow_leak", row.at_ms, row.at_ms)

    def dump(self) -> dict[str, NDArray[Any]]:
        """Return open blocks and what is remembered."""
        return {f"open.{k}": v for k, v in self.blocks.dump().items()} | {
            f"past.{k}": v for k, v in self._past.dump().items()
        }

    def load(self, data: dict[str, NDArray[Any]]) -> None:
        """Take open blocks and what is remembered."""
        self.blocks.load({k.removeprefix("open."): v for k, v in data.items() if k.startswith("open.")})
        self._past.load({k.removeprefix("past."): v for k, v in data.items() if k.startswith("past.")})


def loss_of(days: Floats, pressure_bar: Floats, water_temp_c: Floats) -> tuple[float, float, float, float]:
    """Return how fast cold-equivalent pressure falls.

    Least squares of pressure on time and water temperature; neighbouring blocks share their weather, so the standard
    error is widened by the residuals' lag-one correlation (Bartlett), and by a floor of a 0.1 bar sensor's step over
    the span.

    Parameters
    ----------
    days
        Times, shape (n,). [days]
    pressure_bar, water_temp_c
        Means, shape (n,); temperatures may be NaN.

    Returns
    -------
    tuple
        Loss [bar/day], its standard error [bar/day], fall over the span [bar], cold-equivalent pressure now [bar].

    Examples
    --------
    >>> days = np.arange(40) / 4
    >>> warm = 40 + 10 * np.sin(days * 6)
    >>> loss, error, fall, cold = loss_of(days, 1.5 - 0.044 * days + 0.01 * (warm - 30), warm)
    >>> round(loss, 3), round(fall, 2)
    (0.044, 0.43)
    """
    known = np.isfinite(water_temp_c)
    use_warm = known.all() and float(np.std(water_temp_c)) > 0.5
    time = days - days.mean()
    columns = [np.ones(len(days)), time]
    warm_mean = float(water_temp_c.mean()) if use_warm else 0.0
    if use_warm:
        columns.append(water_temp_c - warm_mean)
    table = np.column_stack(columns)
    answer, *_ = np.linalg.lstsq(table, pressure_bar, rcond=None)
    residual = pressure_bar - table @ answer
    free = max(len(days) - table.shape[1], 1)
    variance = float(residual @ residual) / free
    lag = float(residual[1:] @ residual[:-1]) / max(float(residual @ residual), 1e-12)
    widened = variance * (1 + max(lag, 0)) / (1 - min(max(lag, 0), 0.9))
    spread = np.linalg.pinv(table.T @ table)[1, 1]
    span = float(days[-1] - days[0])
    loss = -float(answer[1])
    error = float(np.sqrt(widened * spread)) + 0.003 / max(span, 1)
    bar_per_k = float(np.clip(answer[2], 0, 0.1)) if use_warm else 0.0
    cold = float(answer[0] + answer[1] * time[-1]) - bar_per_k * max(warm_mean - 20, 0)
    return loss, error, loss * span, cold
