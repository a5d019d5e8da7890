"""Everything Grafana reads, as files: equal bytes for equal words."""

import json
from pathlib import Path
from typing import Any

import yaml

from boilerwatch.errors import InputError
from boilerwatch.settings import Settings
from grafana.alerts import CONTACT, GROUP, INTERVAL_S, RULES, contact_points, plain_rule
from grafana.boards.registry import boards
from grafana.folders import FOLDERS
from grafana.render import render
from grafana.spec import INFLUX, INFLUX_UID, PROMETHEUS, PROMETHEUS_UID
from grafana.variables import DESK
from grafana.words import Language

_HEAD = "# Written by `boilerwatch grafana build`; change grafana/*.py and build again.\n"
#: Where the compose file and the three lines of docs/grafana.md put the dashboards.
_MOUNTED = "/etc/grafana/boilerwatch/dashboards"
_FOLDERS = ("dashboards", "provisioning")


def files(language: Language = "en", desk_url: str = DESK) -> dict[str, bytes]:
    """Return path -> content of every file, as they stand below the folder they are written to."""
    found = {
        f"dashboards/{board.folder}/{board.slug}.json": _json(render(board, language, desk_url)) for board in boards()
    }
    found["provisioning/datasources/boilerwatch.yaml"] = _yaml(datasources())
    found["provisioning/dashboards/boilerwatch.yaml"] = _yaml(_providers(language))
    found["provisioning/alerting/rules.yaml"] = _yaml(_rules(language))
    found["provisioning/alerting/contact-points.yaml.example"] = _yaml(_contacts())
    return found


def datasource(settings: Settings) -> dict[str, Any]:
    """Return the data source of an installation, without its secrets."""
    store = settings.store
    return {
        "name": "boilerwatch", "uid": INFLUX_UID, "type": INFLUX, "access": "proxy", "url": store.url, "user": store.username,
        "jsonData": {"dbName": store.database, "httpMode": "POST", "version": "InfluxQL", "timeInterval": "10s"},
    }  # fmt: skip


def secrets(settings: Settings) -> tuple[dict[str, str], dict[str, str]]:
    """Return (more of jsonData, secureJsonData): a login of 1.x, or the token that 2.x and 3.x take in a header."""
    token, password = settings.store.token.get_secret_value(), settings.store.password.get_secret_value()
    if token:
        return {"httpHeaderName1": "Authorization"}, {"httpHeaderValue1": f"Token {token}"}
    return {}, {"password": password} if password else {}


def datasources() -> dict[str, Any]:
    """Return the provisioned data sources; Grafana fills in what its environment says."""
    influx = datasource(Settings()) | {"url": "$BOILERWATCH_INFLUX_URL", "user": "$BOILERWATCH_INFLUX_USER"}
    influx["jsonData"] = influx["jsonData"] | {"httpHeaderName1": "Authorization"}
    influx["secureJsonData"] = {
        "password": "$BOILERWATCH_INFLUX_PASSWORD",
        "httpHeaderValue1": "$BOILERWATCH_INFLUX_AUTHORIZATION",
    }
    prometheus = {
        "name": "boilerwatch processes",
        "uid": PROMETHEUS_UID,
        "type": PROMETHEUS,
        "access": "proxy",
        "url": "$BOILERWATCH_PROMETHEUS_URL",
    }
    return {"apiVersion": 1, "datasources": [{**one, "orgId": 1, "editable": False} for one in (influx, prometheus)]}


def write(out: Path, language: Language = "en", desk_url: str = DESK) -> list[Path]:
    """Write every file below `out`, and take away generated ones that are no longer made; return what changed.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    wanted = files(language, desk_url)
    changed = []
    try:
        for name, body in wanted.items():
            path = out / name
            if not path.exists() or path.read_bytes() != body:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
                changed.append(path)
        for path in _left_over(out, set(wanted)):
            path.unlink()
            changed.append(path)
    except OSError as exc:
        raise InputError(f"{exc.filename or out} cannot be written: {exc.strerror}") from exc
    return changed


def _left_over(out: Path, wanted: set[str]) -> list[Path]:
    """Return files of ours of an earlier build; files of other people stay."""
    ours = [
        path
        for folder in _FOLDERS
        for path in sorted((out / folder).glob("**/*"))
        if path.suffix in (".json", ".yaml", ".example")
    ]
    return [path for path in ours if path.relative_to(out).as_posix() not in wanted and _is_ours(path)]


def _is_ours(path: Path) -> bool:
    text = path.read_text(encoding="utf-8", errors="replace")
    return text.startswith(_HEAD) or (path.suffix == ".json" and '"uid": "bw-' in text)


def _providers(language: Language) -> dict[str, Any]:
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": shelf.uid, "orgId": 1, "type": "file", "folder": shelf.title.of(language), "folderUid": shelf.uid,
                "allowUiUpdates": False, "disableDeletion": True, "updateIntervalSeconds": 60,
                "options": {"path": f"{_MOUNTED}/{folder}"},
            }
            for folder, shelf in FOLDERS.items() if folder != "alerts"
        ],
    }  # fmt: skip


def _rules(language: Language) -> dict[str, Any]:
    folder = FOLDERS["alerts"].title.of(language)
    rules = []
    for rule in RULES:
        plain = plain_rule(rule, language)
        notes = dict(plain["annotations"])
        board_uid = notes.pop("__dashboardUid__")
        rules.append(plain | {"annotations": notes, "labels": plain["labels"] | {"board": board_uid}})
    return {
        "apiVersion": 1,
        "groups": [{"orgId": 1, "name": GROUP, "folder": folder, "interval": f"{INTERVAL_S}s", "rules": rules}],
    }


def _contacts() -> dict[str, Any]:
    receivers = [{name: value for name, value in one.items() if name != "name"} for one in contact_points()]
    return {"apiVersion": 1, "contactPoints": [{"orgId": 1, "name": CONTACT, "receivers": receivers}]}


def _json(plain: dict[str, Any]) -> bytes:
    return (json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n").encode()


def _yaml(plain: dict[str, Any]) -> bytes:
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=118)
    return (_HEAD + text).encode()
