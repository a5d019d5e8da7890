"""A seeded fleet, advanced all boilers at once: weather, heating, hot water, the sealed circuit, faults."""

from dataclasses import dataclass, field

import numpy as np

from boilerwatch.model import Floats
from simulators.hydraulics import pressure

DAY_S = 86_400.0
MODELS: tuple[tuple[str, str, float], ...] = (
    ("Condens 24", "bosch_ems", 0.1), ("ecoTEC 25", "vaillant", 0.01), ("Genus 28", "ariston", 0.01),
    ("GB 24", "siemens_bsb", 0.05),
)  # fmt: skip
SITES: tuple[tuple[str, str, float, float], ...] = (
    ("haidian", "city", 39.96, 116.30), ("chaoyang", "city", 39.92, 116.44), ("yanqing", "county", 40.46, 115.97),
)  # fmt: skip
LOW_PRESSURE_CODE = {"bosch_ems": "2E/207", "vaillant": "F.22", "ariston": "108", "siemens_bsb": "118"}
KINDS = ("slow_leak", "burst_leak", "lockout_code")


@dataclass(slots=True)
class Fault:
    """One fault of one boiler; `rate` is litres a day, or nothing for a code."""

    boiler: int
    kind: str
    onset_s: float
    rate: float
    failed_s: float | None = None
    repaired_s: float | None = None


@dataclass(slots=True)
class Step:
    """What the fleet shows after a step: columns of shape (boilers,), and codes (boiler, code, active)."""

    at_s: float
    columns: dict[str, Floats]
    codes: list[tuple[int, str, bool]] = field(default_factory=list)


class Fleet:
    """The boilers.

    Parameters
    ----------
    count
        How many.
    seed
        Equal seeds give equal fleets.
    start_s
        Beginning. [s since 1970]
    """

    def __init__(self, count: int, seed: int, start_s: float) -> None:
        self._random = np.random.default_rng(seed)
        pick = self._random
        self.now_s = start_s
        self.ids = [f"boiler-{i + 1:04d}" for i in range(count)]
        self.model = pick.integers(0, len(MODELS), count)
        self.site = pick.integers(0, len(SITES), count)
        self._step_bar = np.array([MODELS[m][2] for m in self.model])
        self._system_l = pick.uniform(60, 120, count)
        self._vessel_l = self._system_l / 10
        self._charge_bar = pick.uniform(0.7, 0.9, count)
        self._cold_bar = pick.uniform(1.2, 1.6, count)
        self._warm_c = np.full(count, 30.0)
        self._need = pick.uniform(0.7, 1.3, count)
        self._phase = pick.uniform(0, 1, count)
        self._lost_l = np.zeros(count)
        self._starts = pick.integers(5_000, 90_000, count).astype(np.float64)
        self._hours = self._starts / pick.uniform(4, 20, count)
        self._was_on = np.zeros(count, np.bool_)
        self.locked = np.zeros(count, np.bool_)
        self.faults: list[Fault] = []

    def add_fault(self, boiler: int, kind: str, onset_s: float, rate: float) -> Fault:
        """Let a fault begin at `onset_s`; `rate` in litres a day."""
        fault = Fault(boiler, kind, onset_s, rate)
        self.faults.append(fault)
        return fault

    def step(self, seconds: float) -> Step:
        """Advance all boilers. [s]"""
        self.now_s += seconds
        pick, count = self._random, len(self.ids)
        outdoor = self._outdoor()
        tapping = pick.random(count) < self._tap_share()
        target = np.clip(20 + (20 - outdoor) * 1.2 * self._need, 25, 75)
        duty = np.clip((20 - outdoor) / 30 * self._need, 0.02, 1)
        on = (pick.random(count) < duty * 1.3) & ~self.locked
        on |= tapping & ~self.locked
        goal = np.where(tapping & on, 62.0, np.where(on, target, target - 14))
        goal = np.where(self.locked, 18.0, goal)
        self._warm_c += (goal - self._warm_c) * (1 - np.exp(-seconds / 900)) + pick.normal(0, 0.3, count)
        modulation = np.where(
            on, np.clip(30 + 60 * duty + np.where(tapping, 30, 0) + pick.normal(0, 4, count), 15, 100), 0.0
        )
        codes = self._develop(seconds)
        bar = pressure(
            self._warm_c, self._lost_l, system_l=self._system_l, vessel_l=self._vessel_l, charge_bar=self._charge_bar,
            cold_bar=self._cold_bar,
        ) + pick.normal(0, 0.01, count)  # fmt: skip
        self._starts += on & ~self._was_on
        self._hours += on * seconds / 3600
        self._was_on = on
        spread = np.where(on, 6 + modulation / 8, 1.0)
        columns = {
            "water_pressure_bar": np.clip(np.round(bar / self._step_bar) * self._step_bar, 0, 6).round(3),
            "flow_temp_c": (self._warm_c + spread / 2).round(1),
            "return_temp_c": (self._warm_c - spread / 2).round(1),
            "outdoor_temp_c": np.round(outdoor, 1),
            "modulation_pct": modulation.round(0),
            "flame_on": on.astype(np.float64),
            "flame_current_ua": np.where(on, 18 + modulation * 0.25 + pick.normal(0, 0.6, count), 0).round(1),
            "flue_temp_c": np.where(on, self._warm_c + 8 + modulation / 10, self._warm_c - 2).round(1),
            "dhw_active": tapping.astype(np.float64),
            "burner_starts": self._starts.round(0),
            "burner_hours": self._hours.round(0),
        }
        return Step(self.now_s, columns, codes)

    def repair(self, boiler: int) -> list[tuple[int, str, bool]]:
        """Mend everything of one boiler and fill it up; return the codes that go."""
        gone = []
        for fault in self.faults:
            if fault.boiler == boiler and fault.repaired_s is None and fault.onset_s <= self.now_s:
                fault.repaired_s = self.now_s
                if fault.failed_s is not None:
                    gone.append((boiler, self._code_of(boiler, fault), False))
        self._lost_l[boiler] = 0.0
        self.locked[boiler] = False
        return gone

    def _outdoor(self) -> Floats:
        day = self.now_s / DAY_S
        front = 4 * np.sin(2 * np.pi * day / 5.3) + 2 * np.sin(2 * np.pi * day / 2.1)
        value: Floats = -1 + front + 4 * np.sin(2 * np.pi * (day - 0.1)) + np.array([1.0, 0.5, -3.0])[self.site]
        return value

    def _tap_share(self) -> Floats:
        hour = (self.now_s / 3600 + 8) % 24
        share = 0.01 + 0.08 * np.exp(-((hour - 7.5) ** 2) / 2) + 0.08 * np.exp(-((hour - 20) ** 2) / 4)
        return np.full(len(self.ids), share) * (0.5 + self._phase)

    def _code_of(self, boiler: int, fault: Fault) -> str:
        family = MODELS[self.model[boiler]][1]
        return LOW_PRESSURE_CODE[family] if fault.kind != "lockout_code" else IGNITION_CODE[family]

    def _develop(self, seconds: float) -> list[tuple[int, str, bool]]:
        """Let faults take their water; a boiler locks out below 0.4 bar, or when its code comes."""
        codes = []
        for fault in self.faults:
            if fault.repaired_s is not None or fault.onset_s > self.now_s:
                continue
            i = fault.boiler
            if fault.kind != "lockout_code":
                self._lost_l[i] += fault.rate * seconds / DAY_S
            if fault.failed_s is None and (fault.kind == "lockout_code" or self._is_dry(i)):
                fault.failed_s = self.now_s
                self.locked[i] = True
                codes.append((i, self._code_of(i, fault), True))
        return codes

    def _is_dry(self, i: int) -> bool:
        one = slice(i, i + 1)
        bar = pressure(
            self._warm_c[one], self._lost_l[one], system_l=self._system_l[one], vessel_l=self._vessel_l[one],
            charge_bar=self._charge_bar[one], cold_bar=self._cold_bar[one],
        )  # fmt: skip
        return bool(bar[0] < 0.4)


IGNITION_CODE = {"bosch_ems": "6A/227", "vaillant": "F.28", "ariston": "501", "siemens_bsb": "133"}
