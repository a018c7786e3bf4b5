"""What a list of questions is, and how far a run and its user answer it; the questions lie in other files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Status = Literal["measured", "user", "part", "open"]
STATUSES: tuple[Status, ...] = ("measured", "user", "part", "open")


@dataclass(frozen=True, slots=True)
class Item:
    """One question, in our own words."""

    number: str
    """As the source counts: 12e, 10(2)(f)."""
    subject: tuple[str, str]
    """English, French."""
    facts: tuple[str, ...] = ()
    """Names of `dossier_facts.FACTS` that bear on it."""
    ask: tuple[str, str] | None = None
    """What the user has to write, since no file of a run can say it; None: the facts, where there, are the answer."""


@dataclass(frozen=True, slots=True)
class Checklist:
    """A list of questions of one source."""

    name: str
    """Its table in answers.toml."""
    title: str
    source: str
    items: tuple[Item, ...]
    left_out: tuple[str, str] | None = None
    """What the source asks and is not tabulated, and why."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that a file of the run says."""

    name: str
    text: str
    file: str
    """POSIX, relative to the run."""
    key: str


@dataclass(frozen=True, slots=True)
class Answered:
    """An item with all that is known of it."""

    item: Item
    status: Status
    statements: tuple[Statement, ...]
    answer: str | None


def judged(item: Item, statements: tuple[Statement, ...], answer: str | None) -> Answered:
    """How far an item is answered: what the user wrote counts before what was measured in part."""
    if answer:
        status: Status = "user"
    elif not statements:
        status = "open"
    else:
        status = "measured" if item.ask is None else "part"
    return Answered(item, status, statements, answer or None)


def counts(answered: tuple[Answered, ...]) -> Mapping[Status, int]:
    return {status: sum(a.status == status for a in answered) for status in STATUSES}


GENERIC = (
    "say it, or why it does not apply",
    "dites-le, ou pourquoi cela ne s'applique pas",
)
"""What is asked where only a file could have answered and none did."""
