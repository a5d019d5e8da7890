"""One TOML file -> typed settings.

Every key has a sentence (its `description`) and a default, so that `boilerwatch setup settings` can print the whole
file. An unknown key is refused and the nearest known one named. A secret may stand in the environment
(`BOILERWATCH_MQTT__PASSWORD`) or in a file that `..._FILE` names, so it need never stand in the TOML.
"""

import difflib
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, SecretStr, ValidationError, field_validator

from boilerwatch.errors import SettingsError

ENV_PREFIX = "BOILERWATCH_"


class Section(BaseModel):
    """A table of the TOML."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataSettings(Section):
    """Where this installation keeps its files."""

    dir: Path = Field(Path("var"), description="Folder of journals, snapshots, embedded databases and quarantine.")


class MqttSettings(Section):
    """The broker."""

    host: str = Field("127.0.0.1", description="Name or address of the broker.")
    port: int = Field(1883, ge=1, le=65535, description="Port of the broker; 8883 is usual with TLS.")
    transport: Literal["tcp", "websockets"] = Field(
        "tcp", description="`tcp`, or `websockets` for brokers behind a proxy (slower: read by paho-mqtt)."
    )
    websocket_path: str = Field("/mqtt", description="Path of the broker's WebSockets.")
    protocol: Literal["5", "3.1.1"] = Field(
        "5", description="MQTT version; 3.1.1 brokers cannot be told how much we can hold."
    )
    client_id: str = Field("boilerwatch-collector", description="Fixed, because the broker keeps our queue under it.")
    username: str = Field("", description="Empty for a broker without logins.")
    password: SecretStr = Field(SecretStr(""), description="Better given by BOILERWATCH_MQTT__PASSWORD or ..._FILE.")
    tls: bool = Field(False, description="Whether to encrypt.")
    ca_file: str = Field("", description="CA certificate; empty for the system's.")
    cert_file: str = Field("", description="Our certificate, where the broker asks for one.")
    key_file: str = Field("", description="Its key.")
    keep_alive_s: int = Field(30, ge=5, le=3600, description="Ping interval. [s]")
    session_expiry_s: int = Field(
        7 * 86_400, ge=0, description="How long the broker keeps our queue while we are away. [s]"
    )
    receive_maximum: int = Field(16_384, ge=1, le=65_535, description="Unacknowledged messages we hold at most.")


class DialectSettings(Section):
    """Which gateways speak on this broker, and where."""

    native: bool = Field(True, description="Read `boilers/{site}/{boiler}/...`.")
    ems_esp: list[str] = Field(
        [], description="Topic bases of EMS-ESP gateways, with {boiler} for the id, such as `ems-esp/{boiler}`."
    )
    otgw: list[str] = Field([], description="Top topics of OTGW firmware, such as `OTGW`; ids are its node ids.")
    ebusd: list[str] = Field([], description="Prefixes of ebusd with {boiler} for the id, such as `ebusd/{boiler}`.")
    thingsboard: bool = Field(False, description="Read ThingsBoard's device and gateway topics; see docs/wire.md.")
    mappings: list[Path] = Field([], description="Mapping files for everything else; see docs/wire.md.")
    site: str = Field("default", description="Site of boilers whose topics name none.")


class CollectorSettings(Section):
    """Receiving and validating."""

    batch_rows: int = Field(4_000, ge=1, description="A batch closes at this many messages.")
    batch_ms: int = Field(50, ge=1, description="... or after this long when many come; in between when fewer do. [ms]")
    idle_batch_ms: int = Field(1_000, ge=1, description="... or after this long when little comes. [ms]")
    repeat_window_s: int = Field(3_600, ge=0, description="How far back repeats are known. [s]")
    future_s: int = Field(600, ge=0, description="How far ahead of arrival a time may be. [s]")
    max_packet_bytes: int = Field(1_048_576, ge=1024, description="Larger packets are read past and counted. [bytes]")
    quarantine_rows: int = Field(100_000, ge=1, description="Refused payloads kept; the oldest go first.")


class JournalSettings(Section):
    """The logs between the processes."""

    keep_h: float = Field(24, ge=0, description="How long rows stay after everyone has read them. [h]")
    cap_gib: float = Field(20, gt=0, description="Size at which a stream refuses, so that the disk never fills. [GiB]")


class StoreSettings(Section):
    """Measured history."""

    kind: Literal["sqlite", "influx"] = Field("sqlite", description="`sqlite` (embedded) or `influx`.")
    url: str = Field("http://127.0.0.1:8086", description="InfluxDB's address.")
    api: Literal["auto", "1", "2"] = Field(
        "auto", description="Write path: `/write` (1, up to 1.7) or `/api/v2/write` (2: 1.8, 2.x, 3.x)."
    )
    database: str = Field("boilerwatch", description="Database, or bucket in 2.x and 3.x.")
    org: str = Field("boilerwatch", description="Organisation in 2.x.")
    token: SecretStr = Field(SecretStr(""), description="Token in 2.x and 3.x; BOILERWATCH_STORE__TOKEN or ..._FILE.")
    username: str = Field("", description="User in 1.x.")
    password: SecretStr = Field(SecretStr(""), description="Password in 1.x; better from the environment.")
    retention_days: float = Field(400, gt=0, description="How long readings and all but roll-ups are kept. [days]")
    quarter_days: float = Field(1830, ge=0, description="How long quarter-hours are kept; 0 for ever. [days]")
    day_days: float = Field(0, ge=0, description="How long days are kept; 0 for ever. [days]")
    snapshot_days: float = Field(
        2, gt=0, description="How long the list of nearest deadlines is kept, which is written anew every 10 s. [days]"
    )
    rollups: bool = Field(True, description="Whether quarter-hours and days are made for charts.")
    timeout_s: float = Field(10, gt=0, description="How long one request may take. [s]")


class DetectorSettings(Section):
    """Finding faults."""

    snapshot_s: int = Field(60, ge=1, description="How often state is saved. [s]")
    history_days: int = Field(
        45, ge=0, description="How long it is kept what each boiler's days came to: what a detector's new version learns from. "
        "About 600 bytes a boiler and day; 0: not at all. [days]",
    )  # fmt: skip
    disabled: list[str] = Field([], description="Detectors not to run, by name.")
    limits: dict[str, dict[str, FiniteFloat]] = Field(
        {}, description="Changed limits by detector name, such as `{ limits = { low_bar = 0.6 } }`."
    )
    models: dict[str, dict[str, dict[str, FiniteFloat]]] = Field(
        {}, description="The same for boilers of one model, by its name in the register."
    )
    boilers: dict[str, dict[str, dict[str, FiniteFloat]]] = Field({}, description="The same for one boiler, by its id.")


class AlertingSettings(Section):
    """Tickets and their clocks."""

    database_url: SecretStr = Field(
        SecretStr(""),
        description="SQLAlchemy address of the tickets, such as postgresql+psycopg://user@host/db; "
        "empty: SQLite in [data] dir.",
    )
    policy: Path | None = Field(None, description="The policy file; empty for the plan that ships with boilerwatch.")
    webhook_token: SecretStr = Field(
        SecretStr(""),
        description="Lets Grafana or Alertmanager open tickets at /hooks/alerts, as bearer token or as HMAC secret; "
        "empty: off. Better given by BOILERWATCH_ALERTING__WEBHOOK_TOKEN or ..._FILE.",
    )

    @field_validator("policy", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class DeskSettings(Section):
    """The page."""

    host: str = Field("127.0.0.1", description="Address to listen on; loopback unless you put a proxy before it.")
    port: int = Field(8300, ge=0, le=65535, description="Port; 0 for any free one.")
    language: Literal["en", "zh"] = Field("en", description="Language until a reader picks one.")
    public_url: str = Field("", description="How people reach the page, for links in notices.")
    grafana_url: str = Field("", description="Grafana's address, for links to the same window.")


class GrafanaSettings(Section):
    """The Grafana that `grafana push` fills."""

    url: str = Field("", description="Its address; empty: [desk] grafana_url.")
    token: SecretStr = Field(
        SecretStr(""),
        description="Of a service account with the role Admin; BOILERWATCH_GRAFANA__TOKEN or ..._FILE.",
    )
    influx_url: str = Field("", description="InfluxDB as Grafana reaches it; empty: [store] url.")
    prometheus_url: str = Field(
        "", description="A Prometheus that reads [log] metrics_port, as Grafana reaches it; empty: none."
    )
    timeout_s: float = Field(10, gt=0, description="How long one request may take. [s]")


class NoticeSettings(Section):
    """Whom to tell."""

    apprise: list[SecretStr] = Field([], description="Apprise addresses (mailto://, wecombot://, dingtalk://, ...).")
    webhook_url: str = Field("", description="Receives each notice as JSON.")
    webhook_secret: SecretStr = Field(SecretStr(""), description="Signs the webhook's body (HMAC-SHA256).")
    supervisor_apprise: list[SecretStr] = Field(
        [], description="Who is told when one of our own processes is down for two minutes; empty: the same."
    )


class LogSettings(Section):
    """Logs."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is written.")
    json_lines: bool = Field(False, description="One JSON object a line instead of text.")
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of Prometheus metrics on loopback; 0: none.")


class Settings(Section):
    """All of it."""

    data: DataSettings = DataSettings()  # type: ignore[call-arg]
    mqtt: MqttSettings = MqttSettings()  # type: ignore[call-arg]
    dialects: DialectSettings = DialectSettings()  # type: ignore[call-arg]
    collector: CollectorSettings = CollectorSettings()  # type: ignore[call-arg]
    journal: JournalSettings = JournalSettings()  # type: ignore[call-arg]
    store: StoreSettings = StoreSettings()  # type: ignore[call-arg]
    detectors: DetectorSettings = DetectorSettings()  # type: ignore[call-arg]
    alerting: AlertingSettings = AlertingSettings()  # type: ignore[call-arg]
    desk: DeskSettings = DeskSettings()  # type: ignore[call-arg]
    grafana: GrafanaSettings = GrafanaSettings()  # type: ignore[call-arg]
    notices: NoticeSettings = NoticeSettings()  # type: ignore[call-arg]
    log: LogSettings = LogSettings()  # type: ignore[call-arg]


def load(path: Path | None) -> Settings:
    """Return the settings of a file, or the defaults without one, with the environment on top.

    Raises
    ------
    SettingsError
        If the file cannot be read, a key is unknown, or a value does not fit; all of them named at once.
    """
    plain: dict[str, Any] = {}
    if path is not None:
        try:
            plain = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as exc:
            raise SettingsError(f"settings file {path} cannot be read: {exc.strerror}") from exc
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
            raise SettingsError(f"settings file {path} is not TOML: {exc}") from exc
    place = str(path) if path else "the environment"
    try:
        for section, key, value in _environment():
            plain.setdefault(section, {})[key] = value
        return Settings.model_validate(plain)
    except ValidationError as exc:
        raise SettingsError("\n".join(_sentences(exc, place))) from exc


def _environment() -> Iterator[tuple[str, str, str]]:
    for name, value in os.environ.items():
        if not name.startswith(ENV_PREFIX) or "__" not in name:
            continue
        section, key = name.removeprefix(ENV_PREFIX).lower().split("__", 1)
        if section not in Settings.model_fields:
            continue
        if key.endswith("_file") and key not in _keys_of((section,)):
            try:
                yield section, key.removesuffix("_file"), Path(value).read_text(encoding="utf-8").strip()
            except OSError as exc:
                raise SettingsError(f"{name} names {value}, which cannot be read: {exc.strerror}") from exc
        else:
            yield section, key, value


def _keys_of(path: tuple[Any, ...]) -> list[str]:
    model: Any = Settings
    for part in path:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        model = field.annotation if field is not None else None
    return list(model.model_fields) if hasattr(model, "model_fields") else []


def _sentences(error: ValidationError, place: str) -> Iterator[str]:
    for fault in error.errors():
        *parents, key = fault["loc"] or ("",)
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(key), _keys_of(tuple(parents)), 1, 0.5)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(_keys_of(tuple(parents)))}"
            yield f"{place}: there is no setting {name!r}{hint}"
        else:
            yield f"{place}: {name}: {fault['msg'].lower()} (it says {fault['input']!r})"
