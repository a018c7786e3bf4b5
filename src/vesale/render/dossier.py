"""The evidence of a run, from what its files say and what its user wrote; its pages are drawn elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .checklist import GENERIC, STATUSES, Answered, Checklist, Statement, counts, judged
from .checklist_ai_act import AI_ACT
from .checklist_claim import CLAIM
from .checklist_tripod import TRIPOD
from .dossier_facts import MOST, Documents, statements
from .words import LANGUAGES, say

CHECKLISTS: tuple[Checklist, ...] = (CLAIM, TRIPOD, AI_ACT)
CARD = (
    *("model", "version", "digest", "intended_use", "limits", "outputs", "names", "modalities", "data", "citation"),
    *("licence", "use", "learned_subjects", "learned_exams", "by_subject", "net", "training_steps", "training_seconds"),
    *("machine", "software", "memory", "error_means", "refer_alpha", "refer_delta", "refer_n", "refer_reported"),
    *("refer_wrong", "calibration_n", "approximate", "gate_n", "gate_alarm", "privacy"),
)
NUMBERS = (
    *("measures", "per_class", "subgroups", "ece", "brier", "coverage", "share_reported", "error_reported"),
    *("baselines", "audit_groups", "audit_tests", "faithfulness", "acceptance"),
)
Answers = Mapping[str, Mapping[str, str]]
"""Checklist -> item -> what the user wrote."""


@dataclass(frozen=True, slots=True)
class Dossier:
    """All that a page of it shows, in one language."""

    language: str
    model: str
    card: tuple[Statement, ...]
    numbers: tuple[Statement, ...]
    lists: tuple[tuple[Checklist, tuple[Answered, ...]], ...]
    files: tuple[tuple[str, str], ...]
    """(file, sha256) of what it was filled from."""
    absent: tuple[str, ...]
    """Files that would have said more."""


def gathered(
    documents: Documents, answers: Answers, files: Mapping[str, str], absent: tuple[str, ...], language: str
) -> Dossier:
    """The dossier of the documents of a run."""
    card = documents.get("model/card.json", {})
    model = " ".join(str(card[k]) for k in ("name", "version") if card.get(k)) or say("unknown", language)

    def told(names: tuple[str, ...]) -> tuple[Statement, ...]:
        return tuple(s for name in names for s in statements(name, documents, language))

    lists = []
    for checklist in CHECKLISTS:
        own = answers.get(checklist.name, {})
        answered = tuple(judged(i, told(i.facts), own.get(i.number, "").strip()) for i in checklist.items)
        lists.append((checklist, answered))
    return Dossier(language, model, told(CARD), told(NUMBERS), tuple(lists), tuple(files.items()), absent)


def dossier_document(dossier: Dossier) -> dict[str, Any]:
    """vesale/dossier/1: what is answered, by what, and what is open."""
    return {
        "schema": "vesale/dossier/1",
        "model": dossier.model,
        "counts": {c.name: dict(counts(answered)) for c, answered in dossier.lists},
        "items": [
            {
                "list": c.name,
                "item": a.item.number,
                "status": a.status,
                "statements": [{"name": s.name, "text": s.text, "file": s.file, "key": s.key} for s in a.statements],
                "answer": a.answer,
                "ask": None if a.status in ("measured", "user") else asked(a, "en"),
            }
            for c, answered in dossier.lists
            for a in answered
        ],
        "files": [{"file": name, "sha256": digest} for name, digest in dossier.files],
        "absent": list(dossier.absent),
    }


def asked(answered: Answered, language: str) -> str:
    """What the user has still to write."""
    return (answered.item.ask or GENERIC)[LANGUAGES.index(language)]


def subject(answered: Answered, language: str) -> str:
    return answered.item.subject[LANGUAGES.index(language)]


def count_rows(dossier: Dossier) -> list[tuple[str, ...]]:
    """List, items, then a count of each status; the sum of all lists last."""
    numbers = [[len(answered), *(counts(answered)[s] for s in STATUSES)] for _, answered in dossier.lists]
    titles = [*(c.title for c, _ in dossier.lists), say("dossier.total", dossier.language)]
    table = [*numbers, [sum(column) for column in zip(*numbers, strict=True)]]
    return [(title, *map(str, row)) for title, row in zip(titles, table, strict=True)]


def shortened(told: tuple[Statement, ...], language: str) -> tuple[tuple[Statement, ...], str]:
    """As many statements as a page bears, and how many more there are, in words."""
    rest = len(told) - MOST
    return told[:MOST], say("dossier.more", language, n=rest) if rest > 0 else ""


def answers_text(language: str = "en") -> str:
    """The file in which the user answers: every item that no file alone can answer, to be filled in."""
    column = LANGUAGES.index(language)
    lines = [
        '# Your answers for the dossier. Write between the quotes; "" is unanswered. Longer texts stand between',
        '# three quotes: """...""". `vesale dossier RUN` takes them up; it never changes this file.',
        "# Name no patient here: the dossier is made to be shown.",
    ]
    for checklist in CHECKLISTS:
        lines += ["", f"# {checklist.source}", f"[{checklist.name}]"]
        for item in checklist.items:
            ask = (item.ask or GENERIC)[column]
            lines += [f"# {item.number}  {item.subject[column]}: {ask}", f'"{item.number}" = ""']
    return "\n".join(lines) + "\n"
