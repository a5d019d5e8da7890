"""Settings: every key has its sentence, a wrong one is named with the nearest known, secrets stay out of sight."""

import re
import tomllib
from pathlib import Path

import pytest

from boilerwatch.errors import SettingsError
from boilerwatch.settings import Settings, load
from boilerwatch.settings_example import example

ROOT = Path(__file__).parents[2]


def test_every_key_is_described() -> None:
    for name, section in Settings.model_fields.items():
        assert section.annotation is not None
        for key, field in section.annotation.model_fields.items():
            assert field.description, f"{name}.{key}"
            assert field.description.rstrip(".]") != ""


def test_the_example_in_the_docs_is_the_one_that_is_printed() -> None:
    assert (ROOT / "docs" / "boilerwatch.example.toml").read_text(encoding="utf-8") == example()


def test_the_example_with_every_default_uncommented_is_the_defaults(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^# ", "", example())
    assert tomllib.loads(text).keys() == Settings.model_fields.keys()
    path = tmp_path / "b.toml"
    path.write_text(text, encoding="utf-8")
    assert load(path) == Settings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[mqtt]\nprot = 1\n", "there is no setting 'mqtt.prot'; did you mean 'port'?"),
        ("[mqqt]\nport = 1\n", "there is no setting 'mqqt'; did you mean 'mqtt'?"),
        ("[mqtt]\nport = 70000\n", "mqtt.port: input should be less than or equal to 65535 (it says 70000)"),
        ("[mqtt\n", "is not TOML"),
    ],
)
def test_a_wrong_file_is_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "b.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert said in str(caught.value)


def test_a_secret_comes_from_the_environment_or_a_file_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("BOILERWATCH_MQTT__PASSWORD_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("BOILERWATCH_STORE__TOKEN", "tok")
    loaded = load(None)
    assert loaded.mqtt.password.get_secret_value() == "hush"
    assert loaded.store.token.get_secret_value() == "tok"
    assert "hush" not in repr(loaded)
    monkeypatch.setenv("BOILERWATCH_MQTT__PASSWORD_FILE", str(tmp_path / "gone"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load(None)
