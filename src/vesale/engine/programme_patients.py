"""Who is to be read by a programme: patients and their photographs, from a table, folders or files; none is opened."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..core.errors import SourceError
from ..core.exam import Cohort, Exam, Trait, View
from ..core.image import Source
from ..core.screened import Why
from ..core.task import Task
from ..io.cohort import ReadCohort, read_cohort
from ..io.inputs import Found, exam_id, free_name

SIDES: Mapping[str, str] = {
    **dict.fromkeys(("right", "r", "od", "right eye", "droit", "droite", "d"), "right"),
    **dict.fromkeys(("left", "l", "os", "left eye", "gauche", "g", "og"), "left"),
}
"""Spellings of a side in a table."""
Opens = Callable[[Task], list[Source]]
"""The images of a photograph in the order of a task's inputs; SourceError when they cannot be opened."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """One photograph to read, not yet opened."""

    exam: str
    opens: Opens
    shown: str
    answers: str
    """Name under which a study keeps its answer: the exam's."""
    view: str | None = None
    laterality: str | None = None
    notes: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    subject: str
    folder: str
    """Name of its folder below OUT."""
    photos: tuple[Photo, ...]
    traits: Mapping[str, Trait] = field(default_factory=dict)
    notes: tuple[Why, ...] = ()


class Opener(Protocol):
    """What opens files: the readers here, or those in a confined process."""

    def find(self, inputs: Sequence[str], scratch: Path, signals: bool) -> tuple[Found, ...]: ...
    def found(self, found: Found) -> Source: ...
    def view(self, cohort: Cohort, view: View, task: Task) -> list[Source]: ...


def people_of(inputs: Sequence[str], scratch: Path, opener: Opener) -> list[Person]:
    """Patients of the tables, then those of folders and files, each once; folder names are unique.

    Of a table a patient is a `subject`; of a folder, each folder in it; a file by itself is a patient of its own.
    """
    tables = [i for i in inputs if i.endswith(".csv") or (Path(i) / "labels.csv").is_file()]
    taken: set[str] = set()
    people: list[Person] = []
    for table in tables:
        people += table_people(read_cohort(Path(table)), opener, taken)
    rest = [i for i in inputs if i not in tables]
    return people + (_file_people(rest, scratch, opener, taken) if rest else [])


def table_people(was: ReadCohort, opener: Opener, taken: set[str]) -> list[Person]:
    """One a subject, in the table's order; exams that were left out count as photographs that cannot be read, so that
    nobody is set aside on half of what was taken."""
    lost = _lost(was)
    exams: dict[str, list[Exam | str]] = {}
    for exam in was.cohort:
        exams.setdefault(exam.subject, []).append(exam)
    for name in lost:
        exams.setdefault(was.subjects.get(name, name), []).append(name)
    return [
        Person(
            subject,
            free_name(exam_id(subject), taken),
            tuple(_photos(was.cohort, members, lost, opener)),
            traits_of([e for e in members if isinstance(e, Exam)]),
        )
        for subject, members in exams.items()
    ]


def traits_of(exams: Sequence[Exam]) -> dict[str, Trait]:
    """What the table says of a patient: a trait on which its exams differ is not known."""
    found: dict[str, Trait] = {}
    for name in dict.fromkeys(n for e in exams for n in (*e.traits, *e.truth)):
        cells = {c for e in exams if (c := e.traits.get(name, e.truth.get(name))) is not None}
        found[name] = cells.pop() if len(cells) == 1 else None
    return found


def side_of(text: str | None) -> str | None:
    """right or left; None where the table does not say, or in no spelling that is known."""
    return SIDES.get(text.strip().casefold()) if text else None


def _photos(
    cohort: Cohort, members: Sequence[Exam | str], lost: Mapping[str, SourceError], opener: Opener
) -> Iterator[Photo]:
    taken: set[str] = set()
    for exam in members:
        if isinstance(exam, str):
            error = lost[exam]
            yield Photo(free_name(exam, taken), lambda _, e=error: _refuse(e), exam, exam)  # type: ignore[misc]
            continue
        for i, view in enumerate(exam.views):
            said = "-".join(part for part in (view.laterality, view.view) if part)
            mark = "" if len(exam.views) == 1 else f"-{said or i + 1}"
            opens = lambda task, c=cohort, v=view: opener.view(c, v, task)  # noqa: E731
            side = side_of(view.laterality)
            odd = bool(view.laterality) and side is None
            notes = (Why("programme.note.unknown_side"),) if odd else ()
            name = free_name(exam_id(exam.id + mark), taken)
            yield Photo(name, opens, exam.id, exam.id, view.view, side, notes)


def _lost(was: ReadCohort) -> dict[str, SourceError]:
    """Exams of the table that cannot be read -> the first error that says why."""
    known = {exam.id for exam in was.cohort}
    errors = [f for f in was.findings if f.severity == "error"]
    named = {name: f for f in reversed(errors) for name in f.exams if name and name not in known}
    return {name: SourceError(f.message, f.remedy) for name, f in named.items()}


def _file_people(inputs: Sequence[str], scratch: Path, opener: Opener, taken: set[str]) -> list[Person]:
    groups: dict[str, list[Found]] = {}
    alone: set[str] = set()
    for found in opener.find(inputs, scratch, False):
        subject = _folder_of(found, inputs)
        if subject is None:
            alone.add(found.exam)
        groups.setdefault(subject or found.exam, []).append(found)
    people = []
    for subject, members in groups.items():
        names: set[str] = set()
        photos = tuple(
            Photo(free_name(f.exam, names), lambda _, f=f: [opener.found(f)], f.shown, f.exam)  # type: ignore[misc]
            for f in members
        )
        notes = (Why("programme.note.one_file"),) if subject in alone else ()
        people.append(Person(subject, free_name(exam_id(subject), taken), photos, {}, notes))
    return people


def _folder_of(found: Found, inputs: Sequence[str]) -> str | None:
    """The patient's folder within one of the folders that the user named."""
    if not found.files:
        return None
    path = found.files[0].resolve()
    for given in inputs:
        root = Path(given)
        if root.is_dir() and path.is_relative_to(root.resolve()):
            parts = path.relative_to(root.resolve()).parts
            return parts[0] if len(parts) > 1 else None
    return None


def _refuse(error: SourceError) -> list[Source]:
    raise error
