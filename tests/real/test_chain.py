"""From a gateway's bytes to a ticket, through real processes, a real broker and a real InfluxDB."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import httpx
import pytest

from boilerwatch.settings import Settings, load
from boilerwatch.store.opening import open_store
from boilerwatch.store.protocol import Series

pytestmark = pytest.mark.real


def settings_file(folder: Path, port: int, store: str) -> Path:
    path = folder / "boilerwatch.toml"
    path.write_text(
        f'[data]\ndir = "{folder}/var"\n[mqtt]\nport = {port}\nclient_id = "{folder.name}"\n[desk]\nport = 0\n'
        f'[dialects]\nems_esp = ["ems-{folder.name}/{{boiler}}"]\n{store}\n'
    )
    return path


def until(what: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for a state of the world, and say so when it does not come."""
    end = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < end, f"{what.__name__} did not come true within {timeout_s} s"
        time.sleep(0.1)


async def publish(port: int, messages: list[tuple[str, bytes, int]]) -> None:
    async with aiomqtt.Client("127.0.0.1", port) as client:
        for topic, payload, qos in messages:
            await client.publish(topic, payload, qos=qos)


def desk_tickets(settings: Settings) -> list[dict[str, object]]:
    told = settings.data.dir / "desk.url"
    try:
        found: list[dict[str, object]] = httpx.get(f"{told.read_text().strip()}api/tickets", timeout=5).json()
    except (OSError, httpx.HTTPError):
        return []
    return found


def test_a_gateways_fault_code_becomes_a_ticket_and_its_readings_stand_in_influx(
    tmp_path: Path, broker_port: int, influx_url: str
) -> None:
    path = settings_file(tmp_path, broker_port, f'[store]\nkind = "influx"\nurl = "{influx_url}"\ndatabase = "chain"')
    settings = load(path)
    store = open_store(settings)
    store.setup()
    (tmp_path / "fleet.csv").write_text("boiler,site,region,family\ngw-1,home,county,bosch_ems\n")
    main = [sys.executable, "-m", "boilerwatch.cli.main"]
    subprocess.run([*main, "fleet", "import", str(tmp_path / "fleet.csv"), "--settings", str(path)], check=True)
    with subprocess.Popen([*main, "run", "--settings", str(path)]) as run:
        try:
            until((settings.data.dir / "desk.url").exists)
            base = f"ems-{tmp_path.name}/gw-1"
            normal = {
                "syspress": 0.6,
                "curflowtemp": 44.5,
                "burngas": "off",
                "servicecode": "0H",
                "servicecodenumber": 203,
            }
            fault = normal | {"syspress": 0.3, "servicecode": "2E", "servicecodenumber": 207}
            sent = [(f"{base}/status", b"online", 1), (f"{base}/boiler_data", json.dumps(normal).encode(), 0)]

            def heard() -> bool:  # subscribing takes a moment, and a gateway at QoS 0 says things again anyway
                asyncio.run(publish(broker_port, sent))
                series = store.history(["gw-1"], ["water_pressure_bar"], 0, 2**42).get("gw-1", Series())
                return 0.6 in series.columns.get("water_pressure_bar", [])

            until(heard)
            asyncio.run(publish(broker_port, [(f"{base}/boiler_data", json.dumps(fault).encode(), 0)]))
            until(lambda: bool(desk_tickets(settings)))
            (ticket,) = desk_tickets(settings)
            assert (ticket["boiler"], ticket["problem"], ticket["state"]) == ("gw-1", "low_water_pressure", "open")
            names = [one["name"] for one in ticket["obligations"]]  # type: ignore[attr-defined]
            assert names == ["response", "on_site"]
            page = httpx.get((settings.data.dir / "desk.url").read_text().strip()).text
            assert "gw-1" in page
            until(lambda: len(store.events(["gw-1"], 0, 2**42)) == 1)
        finally:
            run.send_signal(signal.SIGTERM)
            assert run.wait(20) == 0
            store.close()
