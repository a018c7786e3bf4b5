"""Patients through a programme, one after the other, into a folder: pages, programme.json, worklist (INTERFACES)."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ..core.encode import to_toml
from ..core.screened import Cause, Patient, Photograph
from ..io.package import PROGRAMME
from ..ops.machine import peak_rss_mb
from ..render.documents import Failure, ReadExam, Summary, dumps, summary_document
from ..render.programme_document import programme_document, worklist_csv
from ..render.programme_page import patient_page, worklist_page
from .logbook import Logbook, sign_patient
from .programme import decided
from .programme_opened import OpenedProgramme
from .programme_patients import Opener, Person, people_of
from .programme_steps import Desk, read_photograph

WORKLIST = "worklist.csv"


@dataclass(frozen=True, slots=True)
class ReadPatient:
    """Progress: a patient is done."""

    number: int
    of: int
    patient: Patient
    line: str


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A patient whose photographs were read, before anything is decided."""

    person: Person
    photographs: tuple[Photograph, ...]
    demanded: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """Where patients are read: OUT, the log, answers given beforehand, the pages' language."""

    out: Path
    book: Logbook
    answers: Mapping[str, Path] = field(default_factory=dict)
    language: str = "en"


def read_patients(
    inputs: Sequence[str], opened: OpenedProgramme, room: Room, opener: Opener, watch: Callable[[ReadPatient], None]
) -> Summary:
    """Read every patient into `room.out` and write its worklist; a patient that fails stops no other."""
    from ..render.programme_page import patient_line

    started, began = datetime.now(UTC), time.perf_counter()
    room.out.mkdir(parents=True, exist_ok=True)
    patients, folders = [], {}
    with tempfile.TemporaryDirectory(prefix="vesale-") as scratch:
        people = people_of(inputs, Path(scratch), opener)
        for i, seen in enumerate(look_at_people(people, opened, room)):
            patient = decided(seen.person, (seen.photographs, seen.demanded), opened)
            write_patient(patient, seen.person.folder, opened, room)
            patients.append(patient)
            folders[patient.subject] = seen.person.folder
            line = patient_line(patient, opened.programme, room.language)
            watch(ReadPatient(i + 1, len(people), patient, line))
    return write_worklist(patients, folders, opened, room, (started, time.perf_counter() - began))


def look_at_people(people: Sequence[Person], opened: OpenedProgramme, room: Room) -> Iterator[Seen]:
    """Every photograph of every patient through the steps."""
    for person in people:
        folder = room.out / person.folder
        folder.mkdir(parents=True, exist_ok=True)
        desk = Desk(folder, room.book, room.answers, person.subject)
        read = [read_photograph(photo, opened, desk) for photo in person.photos]
        yield Seen(person, tuple(p for p, _ in read), tuple(c for _, causes in read for c in causes))


def write_patient(patient: Patient, folder: str, opened: OpenedProgramme, room: Room) -> None:
    """programme.json and index.html of one patient."""
    where = room.out / folder
    seen = {
        image.sha256
        for p in patient.photographs
        for s in p.steps
        if s.prediction
        for image in s.prediction.evidence.inputs
    }
    document = sign_patient(programme_document(patient, opened.programme, opened.identity), sorted(seen), room.book)
    (where / "programme.json").write_text(dumps(document) + "\n", encoding="utf-8")
    html = patient_page(patient, opened.programme, opened.identity, room.language)
    (where / "index.html").write_text(html, encoding="utf-8")


def write_worklist(
    patients: Sequence[Patient],
    folders: Mapping[str, str],
    opened: OpenedProgramme,
    room: Room,
    clock: tuple[datetime, float],
) -> Summary:
    """worklist.csv, index.html and summary.json of OUT."""
    failures = tuple(_failures(patients))
    exams = tuple(ReadExam(p.subject, p.status, f"{folders[p.subject]}/programme.json") for p in patients)
    facts = (opened.identity, clock[0], clock[1], peak_rss_mb(), version("vesale"))
    summary = Summary(*facts, exams, failures, room.book.document)
    table = worklist_csv(patients, folders, opened.programme, room.language)
    (room.out / WORKLIST).write_text(table, encoding="utf-8")
    head = f"{opened.programme.name}: what these patients were read with"
    (room.out / PROGRAMME).write_text(to_toml(opened.programme, head), encoding="utf-8")
    (room.out / "summary.json").write_text(dumps(summary_document(summary)) + "\n", encoding="utf-8")
    html = worklist_page(summary, patients, folders, opened.programme, room.language)
    (room.out / "index.html").write_text(html, encoding="utf-8")
    return summary


def _failures(patients: Sequence[Patient]) -> Iterator[Failure]:
    """Photographs that could not be read, each once."""
    for patient in patients:
        for photo in patient.photographs:
            failed = [s.prediction for s in photo.steps if s.prediction is not None and s.prediction.status == "failed"]
            if failed:
                message = failed[0].reasons[0].message if failed[0].reasons else ""
                yield Failure(f"{patient.subject}/{photo.exam}", "unreadable", message)
