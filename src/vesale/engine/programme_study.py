"""Labelled patients to a calibrated programme: every step on every patient, fusion, promise, audit, package.

Nothing is learned of the packages. Where their own training exams are among the patients, the answers of networks that
had not learned from them must be given (`answers`), else the promise is about patients that the packages have seen.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.encode import to_toml
from ..core.errors import CohortError
from ..core.exam import Exam
from ..core.programme import Programme
from ..core.report import Report
from ..core.screened import Patient
from ..io.cohort import ReadCohort
from ..io.package import PROGRAMME
from ..render.documents import dumps, number, plain
from ..render.programme_card import ProgrammeCard
from ..render.programme_page import said
from ..trust.fuse import SCORE, Kinds, fit_fusion
from ..trust.set_aside import ProgrammeTrust, fit_set_aside
from .logbook import Logbook
from .programme import decided, forced, imageable
from .programme_answers import answers_folder
from .programme_opened import OpenedProgramme, digests_of, write_programme
from .programme_patients import Opener, Person, table_people
from .programme_results import Judged, patient_report, read_patient_results, truth_of
from .programme_run import ReadPatient, Room, Seen, look_at_people, write_patient, write_worklist
from .programme_values import patient_values

Watch = Callable[[ReadPatient], None]


@dataclass(frozen=True, slots=True)
class ProgrammeWish:
    """What a user asks of a programme's study."""

    out: Path
    answers: Mapping[str, Path] = field(default_factory=dict)
    """Step -> RUN of its package's study, or a folder of predictions, that answer instead of the package."""
    language: str = "en"
    command: str = "vesale study"
    excluded: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """One entry a patient whose truth is known."""

    seen: Sequence[Seen]
    positive: NDArray[np.bool_]
    values: Sequence[Mapping[str, float | None]]
    forced: NDArray[np.bool_]
    imageable: NDArray[np.bool_]


def study_programme(
    was: ReadCohort, opened: OpenedProgramme, opener: Opener, wish: ProgrammeWish, watch: Watch
) -> Report:
    """RUN/{model/, out_of_fold/ (or test/), report.json, report.html, audit.*}.

    Patients of the split `test` are kept out and read with the finished programme; without any, the report is of the
    calibration patients, each with a risk from folds that left it out. CohortError when nobody's truth is known.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    folders = {step: answers_folder(given) for step, given in wish.answers.items()}
    people = table_people(was, opener, set())
    exams = _by_subject(was)
    held = {p.subject for p in people if any(e.split == "test" for e in exams.get(p.subject, ()))}
    room = Room(wish.out / "out_of_fold", Logbook(None), folders, wish.language)
    of_calibration = [p for p in people if p.subject not in held]
    calibration = _look(of_calibration, exams, opened, (room, watch))
    trust, risks = fit_programme(opened, calibration, wish)
    finished = _package(opened, trust, was, wish)
    patients, folders_of = [], {}
    for seen, risk in zip(calibration.seen, risks, strict=True):
        patient = decided(seen.person, (seen.photographs, seen.demanded), finished, None if np.isnan(risk) else risk)
        write_patient(patient, seen.person.folder, finished, room)
        patients.append(patient)
        folders_of[patient.subject] = seen.person.folder
    write_worklist(patients, folders_of, finished, room, (started, time.perf_counter() - began))
    place, split = room.out, "calibration"
    if held:
        place, split = wish.out / "test", "test"
        test = replace(room, out=place, answers={})
        _read_test([p for p in people if p.subject in held], finished, test, watch)
    about = Judged(wish.command, split, language=wish.language, excluded=wish.excluded)
    about = replace(about, seconds=time.perf_counter() - began)
    judged = was.cohort.where([e for e in was.cohort if (e.subject in held) == bool(held)], "")
    report = patient_report(read_patient_results(place, judged), about, wish.out)
    _write_card(finished, trust, was, report, wish)
    return report


def fit_programme(
    opened: OpenedProgramme, calibration: Calibration, wish: ProgrammeWish
) -> tuple[ProgrammeTrust, NDArray[np.float64]]:
    """(fusion and promise, each patient's risk by folds that left it out; nan where no photograph was usable)"""
    programme, positive = opened.programme, calibration.positive
    usable = np.array([v[SCORE] is not None for v in calibration.values], dtype=bool)
    rows = [v for v, use in zip(calibration.values, usable, strict=True) if use]
    fitted = fit_fusion(rows, positive[usable], kinds_of(programme))
    risks = np.full(len(positive), np.nan)
    rule = None
    if fitted is not None:
        risks[usable] = fitted[1]
        sure = np.where(usable & ~calibration.forced, 1 - np.nan_to_num(risks, nan=1.0), 0.0)
        subjects = [s.person.subject for s in calibration.seen]
        bounds = (programme.decision.alpha, programme.decision.delta)
        rule = fit_set_aside(sure, positive, subjects, bounds, programme.decision.promise)
    trust = ProgrammeTrust(
        fusion=fitted[0] if fitted else None,
        refer=rule,
        promise=programme.decision.promise,
        error=error_of(programme),
        n=len(positive),
        positive=int(positive.sum()),
        imageable=int(calibration.imageable.sum()),
        packages=digests_of(wish.answers, opened.models),
        answers="out_of_fold" if wish.answers else "package",
    )
    return trust, risks


def kinds_of(programme: Programme) -> Kinds:
    """The inputs of the fusion by kind. Features that make up the score are seen through it."""
    images = [f for f in programme.features if not f.score]
    rising = frozenset(f.name for f in images if f.rises)
    return Kinds(tuple(f.name for f in images), tuple(f.column for f in programme.facts), rising)


def error_of(programme: Programme) -> str:
    """What counts as wrong, in words."""
    parts = [
        f"{t.column} of {t.at_least:g} or more" if t.at_least is not None else f"{t.column} {' or '.join(t.answer)}"
        for t in programme.truth
    ]
    return f"the patient was set aside and is referable ({' or '.join(parts)})"


def _by_subject(was: ReadCohort) -> dict[str, list[Exam]]:
    exams: dict[str, list[Exam]] = {}
    for exam in was.cohort:
        exams.setdefault(exam.subject, []).append(exam)
    return exams


def _look(
    people: Sequence[Person], exams: Mapping[str, Sequence[Exam]], opened: OpenedProgramme, how: tuple[Room, Watch]
) -> Calibration:
    room, watch = how
    known = [(p, t) for p in people if (t := truth_of(opened.programme, exams.get(p.subject, ()))) is not None]
    if not known:
        columns = ", ".join(t.column for t in opened.programme.truth) or "none is named"
        message = "no patient's truth is known, so nothing can be calibrated"
        raise CohortError(message, f"the programme asks for the columns: {columns}")
    seen = []
    for i, one in enumerate(look_at_people([p for p, _ in known], opened, room)):
        seen.append(one)
        shown = Patient(one.person.subject, "referred", None, (), one.photographs, "unsure")
        watch(ReadPatient(i + 1, len(known), shown, one.person.subject))
    programme = opened.programme
    return Calibration(
        seen,
        np.array([t for _, t in known], dtype=bool),
        [patient_values(programme, s.photographs, s.person.traits) for s in seen],
        np.array([forced(s.person, (s.photographs, s.demanded), programme) for s in seen], dtype=bool),
        np.array([imageable(s.photographs, programme) for s in seen], dtype=bool),
    )


def _package(opened: OpenedProgramme, trust: ProgrammeTrust, was: ReadCohort, wish: ProgrammeWish) -> OpenedProgramme:
    """Write RUN/model and take it up with the packages that are open already."""
    card = _card(opened, trust, was, {})
    moved = _moved(opened.programme, opened.source.parent, wish.out / "model")
    text = to_toml(moved, f"{moved.name}, calibrated on {trust.n} patients")
    digest = write_programme(wish.out / "model", text, trust, card)
    identity = {"name": opened.programme.name, "version": opened.programme.version, "digest": digest}
    return replace(opened, trust=trust, identity=identity, source=wish.out / "model" / PROGRAMME)


def _moved(programme: Programme, source: Path, to: Path) -> Programme:
    """The programme as it must stand in another folder: packages that were named by a path are found from there."""

    def named(model: str | None) -> str | None:
        if model is None or not (source / model).exists():
            return model
        return Path(os.path.relpath((source / model).resolve(), to.resolve())).as_posix()

    return replace(programme, steps=tuple(replace(s, model=named(s.model)) for s in programme.steps))


def _read_test(people: Sequence[Person], finished: OpenedProgramme, room: Room, watch: Watch) -> None:
    began, started = time.perf_counter(), datetime.now(UTC)
    patients, folders = [], {}
    for i, seen in enumerate(look_at_people(people, finished, room)):
        patient = decided(seen.person, (seen.photographs, seen.demanded), finished)
        write_patient(patient, seen.person.folder, finished, room)
        patients.append(patient)
        folders[patient.subject] = seen.person.folder
        watch(ReadPatient(i + 1, len(people), patient, patient.subject))
    write_worklist(patients, folders, finished, room, (started, time.perf_counter() - began))


def _write_card(
    finished: OpenedProgramme, trust: ProgrammeTrust, was: ReadCohort, report: Report, wish: ProgrammeWish
) -> None:
    """The card again, with what was measured; the digest does not depend on it."""
    measures = {output: {name: number(m) for name, m in found.items()} for output, found in report.measures.items()}
    text = (wish.out / "model" / PROGRAMME).read_text(encoding="utf-8")
    write_programme(wish.out / "model", text, trust, _card(finished, trust, was, measures))
    document = {"schema": "vesale/programme-study/1", **plain(asdict(trust))}
    (wish.out / "calibration.json").write_text(dumps(document) + "\n", encoding="utf-8")


def _card(
    opened: OpenedProgramme, trust: ProgrammeTrust, was: ReadCohort, measures: Mapping[str, Mapping[str, object]]
) -> ProgrammeCard:
    programme = opened.programme
    return ProgrammeCard(
        name=programme.name,
        version=programme.version,
        intended_use=said(programme.intended_use, "", "en"),
        asks=said(programme.asks, "", "en"),
        cohort={
            "digest": was.cohort.digest,
            "patients with known truth": trust.n,
            "of them referable": trust.positive,
            "of them imageable": trust.imageable,
            "answers of the steps": trust.answers,
        },
        promise=promise_sentence(trust),
        error=trust.error,
        steps={name: dict(model.identity) for name, model in opened.models.items()},
        limits=tuple(_limits(opened, trust)),
        measures=measures,
    )


def promise_sentence(trust: ProgrammeTrust) -> str:
    """What is promised, with what it rests on."""
    rule = trust.refer
    if rule is None or rule.threshold is None:
        more = f"; about {rule.would_do} would do if they fare as these did" if rule and rule.would_do else ""
        return f"None: {trust.n} calibration patients, {trust.positive} of them referable, do not support it{more}."
    which = {
        "set_aside": f"Of the patients set aside at most {rule.alpha:.3g} are referable",
        "missed": f"Of the referable patients at most {rule.alpha:.3g} are set aside",
    }[trust.promise]
    of = "patients" if trust.promise == "set_aside" else "referable patients"
    counted = f"on {rule.n} calibration {of} it sets aside {rule.reported}, of whom {rule.wrong} are referable"
    return f"{which}, with confidence {1 - rule.delta:.3g}: {counted}."


def _limits(opened: OpenedProgramme, trust: ProgrammeTrust) -> list[str]:
    lines = ["It holds for patients like those of the calibration; another camera or clinic needs a calibration anew."]
    if trust.answers == "package":
        lines.append(
            "The packages read the calibration patients themselves: had they learned from them, it is too good."
        )
    lines += [f"Step {name}: no package was at hand." for name in opened.absent]
    lines += [f"Step {s.name}: never trained." for s in opened.programme.steps if s.never_trained]
    if trust.fusion is not None:
        lines += [f"{name} was not learned from: {why}." for name, why in trust.fusion.left_out.items()]
    return lines
