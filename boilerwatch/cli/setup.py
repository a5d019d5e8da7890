"""`boilerwatch setup`: makes what is missing; running it again changes nothing."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from alerting.database import connect
from alerting.schema import upgrade
from boilerwatch.broker_config import ENOUGH, MARK, Queue, acl_place, configure, passwords_place
from boilerwatch.cli.options import SettingsOption, load_settings
from boilerwatch.errors import InputError
from boilerwatch.settings_example import example
from boilerwatch.store.opening import open_store
from collector.codecs import codecs_of

_DEBIAN = Path("/etc/mosquitto/conf.d/boilerwatch.conf")
app = typer.Typer(help="Make what is missing; running it again changes nothing.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Make what is missing."""


@app.command()
def store(settings: SettingsOption = None) -> None:
    """Make the database or bucket with its retention."""
    found = open_store(load_settings(settings))
    for sentence in found.setup() or ["the store is as it should be"]:
        print(sentence)
    found.close()


@app.command("settings")
def settings_file(
    out: Annotated[Path | None, typer.Option(help="File to write; it must not be there yet. None: print it.")] = None,
) -> None:
    """Write a settings file with every key, its sentence and its default."""
    if out is None:
        sys.stdout.write(example())
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError as exc:
        raise InputError(f"{out} is there already and stays as it is; name another file") from exc
    except OSError as exc:
        raise InputError(f"{out} cannot be written: {exc.strerror}") from exc
    print(f"{out} holds every setting at its default")


@app.command()
def database(settings: SettingsOption = None) -> None:
    """Bring the tickets' database to the tables of this version."""
    engine = connect(load_settings(settings))
    for sentence in upgrade(engine) or ["the tickets' database is as it should be"]:
        print(sentence)
    engine.dispose()


@app.command()
def broker(
    out: Annotated[
        Path | None, typer.Option(help=f"File to write, such as {_DEBIAN}; the access list lies beside it.")
    ] = None,
    queue_messages: Annotated[
        int, typer.Option(min=1_000, help="Messages it holds while we are away.")
    ] = ENOUGH.messages,
    queue_mib: Annotated[int, typer.Option(min=1, help="... and bytes of payload. [MiB]")] = ENOUGH.mib,
    settings: SettingsOption = None,
) -> None:
    """Write what Mosquitto must be told: queue, persistence, access list; print it without --out."""
    loaded = load_settings(settings)
    filters = [name for codec in codecs_of(loaded.dialects) for name in codec.subscriptions()]
    place = (out or _DEBIAN).absolute()
    files = configure(loaded.mqtt, loaded.dialects, filters, place, Queue(queue_messages, queue_mib))
    if out is None:
        sys.stdout.write(files.conf + (f"\n# {acl_place(place)}:\n{files.acl}" if files.acl else ""))
        return
    changed = _write(place, files.conf)
    if files.acl:
        changed = _write(acl_place(place), files.acl) or changed
    if not changed:
        print("the broker's configuration is as it should be")
        return
    print(f"Mosquitto takes it when {place} lies in a folder of its `include_dir`: Debian's is {_DEBIAN.parent}")
    if files.acl:
        made = passwords_place(place)
        print(f"make the logins: mosquitto_passwd {'' if made.exists() else '-c '}{made} {loaded.mqtt.username}")
        print("let the broker's user alone read the passwords, and give every gateway a login called like its boiler")
    print("restart the broker (`systemctl restart mosquitto`), then try it with `boilerwatch check`")


def _write(path: Path, text: str) -> bool:
    """Write a file that is ours; return whether anything changed."""
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else None
        if old is not None and not old.startswith(MARK):
            raise InputError(f"{path} was not made by this command and stays as it is; name another file")
        if old == text:
            return False
        path.write_text(text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise InputError(f"{path} cannot be written: {exc}") from exc
    print(f"{path} is {'made' if old is None else 'changed'}")
    return True
