"""Every gateway's own words through a real broker and the collector into a real InfluxDB; and simulated gateways live."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import aiomqtt
import httpx
import pytest

from boilerwatch.clock import SYSTEM
from boilerwatch.ledger import Ledger, open_ledger
from boilerwatch.settings import MqttSettings, Settings, load
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Store
from simulators.bad_links import Troubles
from simulators.dialects import DIALECTS, Gateway
from simulators.fleet import Fleet
from simulators.live_fleet import LiveView
from simulators.publish import Live, Member, Pace, Shown
from tests.dialect_samples import SAMPLES, Publication, sample
from tests.servers import free_port, mosquitto

pytestmark = pytest.mark.real

MAIN = [sys.executable, "-m", "boilerwatch.cli.main"]
#: Sample -> the boiler in it and some of what the store must hold last.
EXPECTED: dict[str, tuple[str, dict[str, float]]] = {
    "emsesp/v20": ("gw-20", {"water_pressure_bar": 1.4, "flow_temp_c": 48.3, "dhw_temp_c": 44.1, "flame_on": 0}),
    "emsesp/v21": ("gw-21", {"water_pressure_bar": 1.5, "return_temp_c": 36.8, "dhw_setpoint_c": 60}),
    "emsesp/v34": ("gw-34", {"water_pressure_bar": 1.3, "outdoor_temp_c": 6.4, "dhw_temp_c": 41.8}),
    "emsesp/v35_flat": ("gw-35", {"water_pressure_bar": 1.2, "flow_temp_c": 27.4, "pump_modulation_pct": 55}),
    "emsesp/v37_split": ("gw-web", {"water_pressure_bar": 1.4, "dhw_temp_c": 45.3}),
    "emsesp/v37_single": ("gw-one", {"water_pressure_bar": 1.6, "flow_temp_c": 62.4, "burner_starts": 99713}),
    "otgw/v2": ("otgw-4C11AE0D1F2A", {"water_pressure_bar": 1.45, "fan_speed_rpm": 3660, "flow_temp_c": 53.61}),
    "ebusd/json": ("vr-9", {"water_pressure_bar": 1.421, "burner_starts": 65548, "fan_speed_rpm": 3420}),
    "thingsboard/device": ("tb-7", {"flow_temp_c": 61.9, "water_pressure_bar": 1.43}),
    "mapped/dtu": ("8675301", {"flow_temp_c": 58.2, "water_pressure_bar": 0.31, "fan_speed_rpm": 3840}),
}


@contextlib.contextmanager
def rooms(folder: Path, port: int, influx_url: str, names: tuple[str, ...], fleet: str = "") -> Iterator[Settings]:
    """The rooms of an installation that reads every dialect, ended by their handles."""
    path = folder / "boilerwatch.toml"
    path.write_text(
        f'[data]\ndir = "{folder}/var"\n[mqtt]\nport = {port}\nclient_id = "{folder.name}"\n[desk]\nport = 0\n'
        f'[store]\nkind = "influx"\nurl = "{influx_url}"\ndatabase = "{folder.name}"\n'
        '[dialects]\nems_esp = ["ems-esp/{boiler}"]\notgw = ["OTGW"]\nebusd = ["ebusd/{boiler}"]\nthingsboard = true\n'
        f'mappings = ["{SAMPLES}/mapped/dtu.toml"]\nsite = "home"\n'
    )
    settings = load(path)
    store = open_store(settings)
    store.setup()
    store.close()
    if fleet:
        (folder / "fleet.csv").write_text(fleet)
        subprocess.run([*MAIN, "fleet", "import", str(folder / "fleet.csv"), "--settings", str(path)], check=True)
    running = [subprocess.Popen([*MAIN, "run", *name.split(), "--settings", str(path)]) for name in names]
    try:
        yield settings
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            assert process.wait(20) == 0


def until(what: Callable[[], bool], timeout_s: float = 40) -> None:
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"{what.__name__} did not come true within {timeout_s} s"
        time.sleep(0.1)


def publish(port: int, publications: list[Publication]) -> None:
    async def run() -> None:
        async with aiomqtt.Client("127.0.0.1", port) as client:
            for one in publications:
                await client.publish(one.topic, one.payload, qos=one.qos, retain=one.retain)

    asyncio.run(run())


def this_minute(publications: list[Publication]) -> list[Publication]:
    """Return them with the samples' times moved to about now, which is all a store takes."""
    now = str(SYSTEM.now_ms() // 1_000_000 - 1).encode()
    return [one._replace(payload=one.payload.replace(b"1798700", now)) for one in publications]


def holds(store: Store, boiler: str, expected: dict[str, float]) -> bool:
    values = store.latest([boiler], list(expected)).values
    return all(abs(float(values[name][0]) - value) < 1e-6 for name, value in expected.items())


def tickets(settings: Settings) -> set[tuple[str, str]]:
    try:
        desk = (settings.data.dir / "desk.url").read_text().strip()
        found = httpx.get(f"{desk}api/tickets", timeout=5).json()
    except (OSError, httpx.HTTPError):
        return set()
    return {(one["boiler"], one["problem"]) for one in found}


def test_what_gateways_say_stands_in_influx_and_their_fault_codes_become_tickets(
    tmp_path: Path, broker_port: int, influx_url: str
) -> None:
    publish(broker_port, sample("emsesp/v37_retained"))  # a past that the broker repeats to every new subscriber
    with rooms(tmp_path, broker_port, influx_url, ("",)) as settings:
        store = open_store(settings)

        def listens() -> bool:
            publish(broker_port, [Publication(1, False, "boilers/s/probe/telemetry", b'{"flow_temp_c": 40}')])
            return holds(store, "probe", {"flow_temp_c": 40})

        until(listens)
        for name in EXPECTED:
            publish(broker_port, this_minute(sample(name)))
        publish(broker_port, sample("emsesp/v37_nested") + sample("emsesp/v37_fault") + sample("ebusd/fault_plain"))

        def is_stored() -> bool:
            return all(holds(store, boiler, expected) for boiler, expected in EXPECTED.values())

        def is_told() -> bool:
            return tickets(settings) >= {("gw-37", "low_water_pressure"), ("vr-9", "ignition_failure")}

        until(is_stored)
        until(is_told)
        pressures = store.history(["gw-37"], ["water_pressure_bar"], 0, 2**42)["gw-37"].columns["water_pressure_bar"]
        assert 2.9 not in pressures.tolist()
        assert {0.3} <= set(pressures.tolist()) <= {1.6, 1.5, 0.3}
        codes = {
            (event.boiler, event.code, event.active) for event in store.events(["gw-37", "vr-9", "tb-7"], 0, 2**42)
        }
        assert codes == {
            ("gw-37", "2E/207", True),
            ("vr-9", "F.28", True),
            ("tb-7", "501", True),
            ("tb-7", "501", False),
        }
        ledger = open_ledger(settings)

        def is_online() -> bool:
            gateway = ledger.of("gw-37")
            return gateway is not None and gateway.online is True

        until(is_online)  # storing writes its books after the store
        gateway = ledger.of("gw-37")
        assert gateway is not None
        assert (gateway.counts["retained"], gateway.counts["quarantined"]) == (1, 0)
        assert ledger.total().balanced
        ledger.close()
        store.close()


class Mixed:
    """One boiler a dialect, from the simulated fleet."""

    def __init__(self, start_s: float) -> None:
        fleet = Fleet(len(DIALECTS), 5, start_s)
        self._view = LiveView(fleet)
        self.members = [
            Member(Gateway(f"sim-{dialect.replace('_', '-')}", "home", "bosch_ems"), dialect) for dialect in DIALECTS
        ]
        self.shown_ms: list[int] = []

    def show(self, now_s: float) -> Shown:
        """Return what every boiler shows."""
        self.shown_ms.append(round(now_s * 1000))
        return self._view.show(now_s)


#: All of their gateways repeat their past; nothing else is wrong with them.
REPEATING = Troubles.none()._replace(past_repeated=1)


def say(fleet: Mixed, port: int, seconds: float) -> None:
    """Let a fleet of gateways that have everything retained speak for a while."""
    live = Live(fleet, MqttSettings(port=port), SYSTEM, REPEATING)
    asyncio.run(live.run(Pace(SYSTEM.now_ms() / 1000, 0.5, seconds=seconds), threading.Event()))


def test_a_past_that_the_broker_hands_out_anew_is_counted_in_every_dialect_and_never_stored(
    tmp_path: Path, influx_url: str
) -> None:
    fleet, folder = Mixed(SYSTEM.now_ms() / 1000), tmp_path / "mosquitto"
    folder.mkdir()
    names = [member.gateway.boiler for member in fleet.members]
    with mosquitto(folder, free_port()) as port:
        say(fleet, port, 2.0)
        for client in ("first", "second"):  # whoever subscribes anew, such as a collector whose session is gone
            (tmp_path / client).mkdir()
            with rooms(tmp_path / client, port, influx_url, ("collector", "storing")) as settings:
                store, ledger = open_store(settings), open_ledger(settings)

                def handed_out(ledger: Ledger = ledger) -> bool:
                    accounts = [ledger.of(name) for name in names]
                    return all(account is not None and account.counts["retained"] > 0 for account in accounts)

                until(handed_out)
                assert ledger.total().counts["accepted"] == 0
                assert not any(len(one.ts_ms) for one in store.history(names, ["flow_temp_c"], 0, 2**42).values())
                since_ms = SYSTEM.now_ms()
                say(fleet, port, 2.0)

                def stored(store: Store = store) -> bool:
                    return all(len(one.ts_ms) for one in store.history(names, ["flow_temp_c"], 0, 2**42).values())

                until(stored)
                oldest_ms = min(one.ts_ms.min() for one in store.history(names, ["flow_temp_c"], 0, 2**42).values())
                assert oldest_ms >= since_ms - 1_000
                assert ledger.total().balanced
                store.close()
                ledger.close()


def test_simulated_gateways_of_every_dialect_are_read_live_over_a_brokers_restart_and_leave_their_wills(
    tmp_path: Path, influx_url: str
) -> None:
    port, folder = free_port(), tmp_path / "mosquitto"
    folder.mkdir()
    fleet, stop = Mixed(SYSTEM.now_ms() / 1000), threading.Event()
    names = [member.gateway.boiler for member in fleet.members]
    live = Live(fleet, MqttSettings(port=port), SYSTEM)
    tally = []
    thread = threading.Thread(
        target=lambda: tally.append(asyncio.run(live.run(Pace(SYSTEM.now_ms() / 1000, 0.5), stop)))
    )
    with rooms(tmp_path, port, influx_url, ("collector", "storing")) as settings:
        store, ledger = open_store(settings), open_ledger(settings)

        def all_heard() -> bool:
            known = store.latest(names, ["flow_temp_c"]).values["flow_temp_c"]
            return bool((known == known).all())

        def all_online(online: bool) -> bool:
            accounts = [ledger.of(name) for name in names if name != "sim-thingsboard"]
            return all(account is not None and account.online is online for account in accounts)

        with mosquitto(folder, port):
            thread.start()
            until(all_heard)
            until(lambda: all_online(True))
        with mosquitto(folder, port):
            seen = len(fleet.shown_ms)
            until(lambda: len(fleet.shown_ms) > seen + 4)
            stop.set()
            thread.join(20)
            until(lambda: all_online(False))

            def is_complete() -> bool:  # from the first one that a subscriber was there for
                stored = store.history(["sim-native"], ["flow_temp_c"], 0, 2**42)["sim-native"].ts_ms.tolist()
                return len(stored) > 4 and stored == fleet.shown_ms[-len(stored) :]

            until(is_complete)
            account = ledger.of("sim-native")
            assert account is not None
            assert (account.counts["lost"], account.balanced) == (0, True)
        assert tally[0].refused == 0
        store.close()
        ledger.close()
