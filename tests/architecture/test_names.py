"""One name everywhere: a verb's file, function, page and test; and nothing in the pages that does not exist."""

import re
from pathlib import Path

import pytest

import vesale

ROOT = Path(__file__).parents[2]
VERBS = sorted(p.stem for p in (ROOT / "src/vesale/verbs").glob("*.py") if not p.stem.startswith("_"))
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
PATH = re.compile(r"`((?:src|docs|tests|recipes|benchmarks|examples|zoo|\.ci)/[^`\s<>*{}]*)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)")
COMMAND = re.compile(r"^(?:\$ )?vesale ([a-z]+)", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`vesale ([a-z]+)[^`]*`")

pytestmark = pytest.mark.skipif(not VERBS, reason="no verb is written yet")


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_one_name_everywhere(verb):
    assert callable(getattr(vesale, verb)), f"vesale.{verb} is no function"
    assert (ROOT / f"docs/how-to/{verb}.md").is_file()
    assert (ROOT / f"tests/unit/verbs/test_{verb}.py").is_file()


CHAINS = {"screening"}
"""Pages of no single verb: how several of them chain to one job."""


def test_every_page_of_a_verb_has_its_verb():
    assert {p.stem for p in (ROOT / "docs/how-to").glob("*.md")} == set(VERBS) | CHAINS


def test_pages_name_commands_that_exist():
    known = {*VERBS, "version"}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        named = {v for block in BLOCK.findall(text) for v in COMMAND.findall(block)} | set(INLINE.findall(text))
        assert named <= known, f"{page.relative_to(ROOT)} names {sorted(named - known)}"


def test_pages_name_paths_that_exist():
    missing = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        missing += [f"{page.name}: {p}" for p in PATH.findall(text) if not (ROOT / p).exists()]
        links = [link for link in LINK.findall(text) if "://" not in link]
        missing += [f"{page.name}: {link}" for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_every_page_stands_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = {str(p.relative_to(ROOT / "docs").as_posix()) for p in (ROOT / "docs").rglob("*.md")}
    named = set(re.findall(r"[\w./-]+\.md", menu))
    decisions = {p for p in pages if Path(p).parent.name == "decisions"}
    assert pages - decisions - named == set(), "pages that no menu names"
    assert named - pages == set(), "the menu names pages that do not exist"


def test_every_decision_has_its_number():
    numbers = [p.name[:4] for p in sorted((ROOT / "docs/decisions").glob("*.md")) if p.name != "index.md"]
    assert numbers == [f"{i:04d}" for i in range(1, len(numbers) + 1)]
