"""`check` finds what is wrong, says what to do, and is silent about the rest."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from boilerwatch.aside import DEATHS, Deaths, Turn
from boilerwatch.ledger import open_ledger
from boilerwatch.model import Batch, Source
from boilerwatch.settings import DataSettings, Settings
from collector.quarantine import Quarantine, Refusal
from tests.servers import free_port

NO_BROKER = f"[mqtt]\nport = {free_port()}\n"


def check(folder: Path, text: str = NO_BROKER) -> tuple[int, dict[str, str], str]:
    path = folder / "boilerwatch.toml"
    path.write_text(f'[data]\ndir = "{folder / "data"}"\n[journal]\ncap_gib = 0.01\n{text}')
    path.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "boilerwatch.cli.main", "check", "--json"], cwd=folder, capture_output=True, text=True, check=False
    )  # fmt: skip
    return done.returncode, {one["id"]: one["text"] for one in map(json.loads, done.stdout.splitlines())}, done.stderr


def test_a_new_installation_is_told_that_there_is_no_broker_and_nobody_to_tell(tmp_path: Path) -> None:
    code, facts, _ = check(tmp_path)
    assert code == 1
    assert list(facts) == ["broker.E001", "notices.W002"]
    assert "cannot be reached: [Errno 111] Connection refused" in facts["broker.E001"]


def test_what_is_wrong_has_an_id_and_the_command_fails(tmp_path: Path) -> None:
    settings = Settings(data=DataSettings(dir=tmp_path / "data"))
    Turn(settings.data.dir, "storing").begin("readings", 7, 7)
    deaths = Deaths(settings.data.dir, "storing")
    for _ in range(DEATHS):
        deaths.note(1, 0)
    kept = Quarantine(settings.data.dir / "quarantine.sqlite")
    kept.add([Refusal(0, b"t", b"p", "bad id: x"), Refusal(0, b"t", b"p", "bad id: y")])
    kept.close()
    ledger = open_ledger(settings)
    ledger.apply(1, [Batch(sources=[Source("b", "s", "b")], ledger={"received": np.array([3])})])
    ledger.close()
    code, facts, _ = check(
        tmp_path,
        '[store]\nkind = "influx"\nurl = "http://127.0.0.1:9"\ntimeout_s = 1\n[detectors]\ndisabled = ["lake"]\n'
        '[mqtt]\nhost = "broker.example"\n[desk]\nhost = "0.0.0.0"\n'
        '[alerting]\ndatabase_url = "postgresql+psycopg://nobody@127.0.0.1:9/none"\npolicy = "none.toml"\n',
    )
    assert code == 1
    assert facts.keys() >= {
        "aside.E001", "ledger.E001", "store.E001", "detectors.E001", "database.E001", "policy.E001", "quarantine.W001",
        "mqtt.W001", "mqtt.W002", "desk.W001",
    }  # fmt: skip
    assert "row 7 of readings" in facts["aside.E001"]
    assert "2 × bad id" in facts["quarantine.W001"]


def test_limits_of_a_model_that_the_register_does_not_have_are_named(tmp_path: Path) -> None:
    (tmp_path / "fleet.csv").write_text("boiler,site,model\nb-1,s,Duo 24\n")
    limits = '[detectors.models."Duo24".limits]\nlow_bar = 0.6\n[detectors.boilers.b-1.limits]\nlow_bar = 0.6\n'
    _, facts, _ = check(tmp_path, NO_BROKER + limits)
    assert "detectors.W001" not in facts  # there is no register yet
    command = [sys.executable, "-m", "boilerwatch.cli.main", "fleet", "import", "fleet.csv"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    _, facts, _ = check(tmp_path, NO_BROKER + limits)
    assert "'Duo24'" in facts["detectors.W001"]
    assert "did you mean 'Duo 24'" in facts["detectors.W001"]
    _, facts, _ = check(tmp_path, NO_BROKER + limits.replace("Duo24", "Duo 24"))
    assert "detectors.W001" not in facts


def test_settings_that_cannot_be_read_are_a_sentence(tmp_path: Path) -> None:
    code, facts, said = check(tmp_path, "[mqqt]\nport = 1\n")
    assert (code, facts) == (2, {})
    assert "did you mean 'mqtt'" in said
