"""Who was imaged. An exam is one row (or one row per view) of labels.csv; a cohort is the table."""

import hashlib
import itertools
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Self

Trait = str | float | None
"""What is known of a subject: sex, age, site, scanner. None means nobody wrote it down."""
MADE = "made"
"""Trait of an exam that `vesale synthesise` made: yes. It is learned from and never measured on."""
Split = Literal["train", "validation", "calibration", "test"]


@dataclass(frozen=True, slots=True)
class View:
    """One image of an exam (one eye, one field, one slide), with its masks where they are known."""

    inputs: Mapping[str, str]
    """Input name -> path, relative to the cohort's root."""
    masks: Mapping[str, str] = field(default_factory=dict)
    """'' for the column `mask`, the class for `mask_<class>` -> path. A class without a path here has an empty mask
    if another class of the row has one, and is unknown if none has."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """'' for the column `picture`, the output's name for `picture_<name>` -> path of the picture that is the truth."""
    roi: str | None = None
    """Path of an image that is nonzero where the truth counts."""
    view: str | None = None
    laterality: str | None = None
    line: int | None = None
    """Line of labels.csv, the header being line 1."""

    @property
    def paths(self) -> tuple[str, ...]:
        return (*self.inputs.values(), *self.masks.values(), *self.pictures.values(), *([self.roi] if self.roi else []))


@dataclass(frozen=True, slots=True)
class Exam:
    id: str
    subject: str
    """The unit of splitting: no subject is ever on both sides."""
    views: tuple[View, ...]
    truth: Mapping[str, str | float | None] = field(default_factory=dict)
    """Label column -> value; None where the cell is empty."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    split: Split | None = None
    fold: str | None = None

    @property
    def made(self) -> bool:
        return self.traits.get(MADE) == "yes"


@dataclass(frozen=True, slots=True)
class Cohort:
    name: str
    root: Path
    exams: tuple[Exam, ...]
    contents: Mapping[str, str] = field(default_factory=dict)
    """Path (as in the views) -> sha256 of its bytes; what makes `digest` cover the pixels."""
    subjects_known: bool = True
    """False when the table has no subject column: each exam is then its own subject, and the report says so."""

    def __iter__(self) -> Iterator[Exam]:
        return iter(self.exams)

    def __len__(self) -> int:
        return len(self.exams)

    @property
    def subjects(self) -> tuple[str, ...]:
        """Each subject once, sorted."""
        return tuple(sorted({e.subject for e in self.exams}))

    @property
    def digest(self) -> str:
        """Of everything that a model could learn from: subjects, splits, truth, traits and the bytes of every file."""
        rows = sorted(json.dumps(self._row(e), sort_keys=True, ensure_ascii=False) for e in self.exams)
        return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]

    def _row(self, exam: Exam) -> list[object]:
        views = [
            [
                {k: self.contents.get(p, p) for k, p in v.inputs.items()},
                {k: self.contents.get(p, p) for k, p in v.masks.items()},
                self.contents.get(v.roi, v.roi) if v.roi else None,
                v.view,
                v.laterality,
                *([{k: self.contents.get(p, p) for k, p in v.pictures.items()}] if v.pictures else []),
            ]
            for v in exam.views
        ]
        return [exam.id, exam.subject, views, dict(exam.truth), dict(exam.traits), exam.split, exam.fold]

    def where(self, exams: Sequence[Exam], part: str) -> Self:
        """The cohort of these exams only, named after the part."""
        return replace(self, name=f"{self.name}/{part}" if part else self.name, exams=tuple(exams))

    def of_split(self, *splits: Split) -> Self:
        return self.where([e for e in self.exams if e.split in splits], "+".join(splits))

    def split(self, shares: Sequence[float], seed: int, strata: Mapping[str, str] | None = None) -> tuple[Self, ...]:
        """Disjoint parts in the given shares, by subject; the same seed gives the same parts.

        `strata`: subject -> stratum (its class, say); each stratum is then dealt out in the given shares, with the
        remainders carried from one stratum to the next, so that the parts keep their sizes.
        """
        order = _dealt(self.subjects, seed, strata or {})
        total, n = sum(shares), len(order)
        cuts = [round(n * sum(shares[:i]) / total) for i in range(len(shares) + 1)]
        if strata:
            ranks = _interleave(order, strata)
            position = {s: i for i, s in enumerate(sorted(order, key=lambda s: ranks[s]))}
            parts = [{s for s in order if a <= position[s] < b} for a, b in itertools.pairwise(cuts)]
        else:
            parts = [set(order[a:b]) for a, b in itertools.pairwise(cuts)]
        return tuple(self.where([e for e in self.exams if e.subject in p], str(i)) for i, p in enumerate(parts))

    def folds(self, k: int, seed: int, strata: Mapping[str, str] | None = None) -> dict[str, int]:
        """Subject -> fold, 0 to k - 1, stratified and as even as can be; a given `fold` column is kept."""
        given = {e.subject: e.fold for e in self.exams if e.fold is not None}
        if len(given) == len(self.subjects):
            names = {name: i for i, name in enumerate(sorted({str(f) for f in given.values()}))}
            return {s: names[str(f)] for s, f in given.items()}
        return {s: i % k for i, s in enumerate(_dealt(self.subjects, seed, strata or {}))}


def _dealt(subjects: Sequence[str], seed: int, strata: Mapping[str, str]) -> list[str]:
    """Subjects in random order, stratum after stratum."""
    order = sorted(subjects)
    random.Random(seed).shuffle(order)
    return sorted(order, key=lambda s: strata.get(s, ""))


def _interleave(order: Sequence[str], strata: Mapping[str, str]) -> dict[str, float]:
    """Subject -> its relative place within its stratum, so that any cut takes the same share of each stratum."""
    groups: dict[str, list[str]] = {}
    for s in order:
        groups.setdefault(strata.get(s, ""), []).append(s)
    return {s: (i + 0.5) / len(group) for group in groups.values() for i, s in enumerate(group)}
