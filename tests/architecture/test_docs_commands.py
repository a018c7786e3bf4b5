"""Every `vesale ...` that a page shows is one that the command line takes; nothing is run."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from vesale.cli.options import parse, parser

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "zoo").glob("*.md"))]
BLOCK = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`(vesale [^`\n]+)`")
RECIPE = re.compile(r"^# (vesale .+)$", re.MULTILINE)


def commands(text: str) -> list[str]:
    """Whole lines of shell blocks that begin with vesale, and inline code that shows a command with its arguments."""
    lines = [line.strip().removeprefix("$ ") for block in BLOCK.findall(text) for line in block.splitlines()]
    shown = [line for line in lines if line.startswith("vesale ")]
    return shown + [c for c in INLINE.findall(text) if len(c.split()) > 2 and "..." not in c]


def shown() -> list[tuple[str, str]]:
    pages = [(p, commands(p.read_text(encoding="utf-8"))) for p in PAGES]
    recipes = [(p, RECIPE.findall(p.read_text(encoding="utf-8"))) for p in sorted((ROOT / "recipes").glob("*.toml"))]
    return [(str(p.relative_to(ROOT)), command) for p, found in [*pages, *recipes] for command in found]


def refusal(command: str, capsys: pytest.CaptureFixture[str]) -> str | None:
    """What the command line says against a command, or None when it takes it."""
    words = shlex.split(command, comments=True)[1:]
    try:
        parse(words)
    except SystemExit as stop:
        return None if stop.code == 0 else capsys.readouterr().err.strip().splitlines()[-1]
    return None


def test_pages_show_commands() -> None:
    pages = {page for page, _ in shown()}
    assert {"README.md", "docs/start.md", *(f"docs/how-to/{v}.md" for v in ("study", "read", "check"))} <= pages


@pytest.mark.parametrize(("page", "command"), shown())
def test_a_shown_command_is_taken(page: str, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "|" in command or command.endswith("..."):
        command = command.split("|")[0]
    assert refusal(command, capsys) is None, f"{page}: {command}"


@pytest.mark.parametrize(
    "command",
    [
        "vesale study COHORT",
        "vesale read NEW --out R",
        "vesale learn COHORT --out R",
        "vesale check COHORT --strict",
        "vesale list engines",
        "vesale read NEW --model M --out R --language de",
    ],
)
def test_a_wrong_command_is_found_out(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(command, capsys)


def test_flags_in_inline_code_exist() -> None:
    """A flag named in the prose of a page is a flag of some command, of make's tools, or of another program shown."""
    whole = parser()
    verbs = next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction))
    known = {flag for p in (whole, *verbs.choices.values()) for a in p._actions for flag in a.option_strings}
    for page in [ROOT / "README.md", *sorted((ROOT / "docs" / "how-to").glob("*.md"))]:
        named = set(re.findall(r"`(--[a-z-]+)[^`]*`", page.read_text(encoding="utf-8")))
        assert named <= known, f"{page.relative_to(ROOT)} names {sorted(named - known)}"
