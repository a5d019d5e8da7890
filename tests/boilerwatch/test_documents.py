"""What the documents name is there: commands, their options, files, and pages they link to."""

import re
from pathlib import Path

import click
import pytest
import typer

from boilerwatch.cli.main import COMMANDS, app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TREE = typer.main.get_command(app)
SAID = re.compile(r"boilerwatch((?: [a-z][a-z-]*(?:\\?\|[a-z-]+)*)+)((?: +(?:--?[a-z][a-z-]*|[^\s`]+))*)")


def sayings(page: Path) -> list[tuple[list[str], list[str]]]:
    """(words, options) of each command line in code."""
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^    (.+)$", text, re.MULTILINE)
    code += [
        line
        for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    found = []
    for line in code:
        for words, rest in SAID.findall(line.split("#")[0]):
            found.append((words.split(), re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest)))
    return found


def command_of(words: list[str]) -> tuple[click.Command, str] | None:
    """The command that words name, as far as they are words of commands; None if the first is none."""
    command, name = TREE, ""
    context = click.Context(TREE)
    for word in words:
        if not hasattr(command, "get_command"):
            break
        found = [command.get_command(context, one) for one in re.split(r"\\?\|", word)]
        if None in found:
            return None
        command, name = found[0], f"{name} {word}"
    return command, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_and_options_that_a_page_names_exist(page: Path) -> None:
    for words, options in sayings(page):
        found = command_of(words)
        assert found is not None, f"{page.name} names `boilerwatch {' '.join(words)}`"
        command, name = found
        known = {opt for parameter in command.params for opt in (*parameter.opts, *parameter.secondary_opts)} | {
            "--help"
        }
        assert set(options) <= known, f"{page.name}: boilerwatch{name} has none of {sorted(set(options) - known)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_links_to_or_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in filter(None, links):
        assert (page.parent / link).exists(), f"{page.name} links to {link}"
    for name in re.findall(
        r"`((?:tests|bench|docs|boilerwatch|collector|detectors|alerting|simulators|grafana)/[\w/.-]*\.\w+)`", text
    ):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def test_the_reading_of_pages_sees_what_is_wrong() -> None:
    assert len(sayings(ROOT / "README.md")) > 10
    assert command_of(["quarantine", "list|show"]) is not None
    assert command_of(["quarantine", "eat"]) is None
    assert command_of(["nothing"]) is None


def test_readme_names_every_command() -> None:
    named = {words[0] for page in PAGES for words, _ in sayings(page)}
    assert set(COMMANDS) <= named, f"no page names {sorted(set(COMMANDS) - named)}"
