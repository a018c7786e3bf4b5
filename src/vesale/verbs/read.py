"""`vesale read`: new images to answers, referrals and refusals; one bad exam never stops the rest."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ..core.errors import RecipeError, SourceError, VesaleError
from ..core.exam import Cohort, View
from ..core.explanation import Method
from ..core.image import Source
from ..core.prediction import Prediction
from ..core.report import Finding
from ..core.task import Task
from ..engine.confined import ConfinedSource, Confinement
from ..engine.explained import Bench, bench_of
from ..engine.logbook import Logbook, open_logbook
from ..engine.opened import OpenedModel, open_model
from ..engine.programme_opened import OpenedProgramme, open_programme
from ..engine.programme_run import ReadPatient, Room, read_patients
from ..engine.publish import publish
from ..engine.reasons import with_reasons
from ..engine.samples import open_view
from ..io.arrays import holds_numbers
from ..io.cohort import ReadCohort, read_cohort
from ..io.inputs import Found, find_inputs, free_name, open_found
from ..ops.machine import peak_rss_mb
from ..render.documents import Failure, ReadExam, Summary, dumps, summary_document
from ..render.explanation import map_of
from ..render.index_page import ExamRow, index_page
from ..render.text import answer_lines
from ..store.home import default_log
from .list import find_model, find_programme

DEFAULT_LOG = Path()
"""Stands for the log of this installation, wherever VESALE_HOME is when the reading begins."""


@dataclass(frozen=True, slots=True)
class ReadOne:
    """Progress: an exam is done."""

    number: int
    of: int
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class How:
    """What a reading does beside reading."""

    confined: bool = False
    """Files are parsed in a child process with limits of memory and time, for those of strangers."""
    explain: Method | None = None
    """Each answer gets a map of its reasons by this method, with its checks."""
    log: Path | None = DEFAULT_LOG
    """Where every reading is entered before it is written; None: nowhere. A log that cannot be written stops no
    reading: the summary says so, and the command's exit code is 1."""


@dataclass(frozen=True, slots=True)
class Opener:
    """What opens files: the readers here, or those in a confined process."""

    confinement: Confinement | None

    def find(self, inputs: Sequence[str], scratch: Path, signals: bool) -> tuple[Found, ...]:
        if self.confinement is None:
            return find_inputs(inputs, scratch, signals)
        return self.confinement.call(" ".join(inputs), find_inputs, inputs, scratch, signals)

    def found(self, found: Found) -> Source:
        if self.confinement is None:
            return open_found(found)
        return ConfinedSource(self.confinement.call(found.shown, open_found, found), self.confinement)

    def view(self, cohort: Cohort, view: View, task: Task) -> list[Source]:
        if self.confinement is None:
            return open_view(cohort, view, task)
        shown = ", ".join(view.inputs.values())
        opened = self.confinement.call(shown, open_view, cohort, view, task)
        return [ConfinedSource(source, self.confinement) for source in opened]


@dataclass(frozen=True, slots=True)
class Job:
    """One exam to read, not yet opened."""

    exam: str
    subject: str | None
    shown: str
    opens: Callable[[], list[list[Source]]]


def read(
    inputs: Sequence[str | Path],
    model: Path | str | OpenedModel | OpenedProgramme,
    out: Path,
    watch: Callable[[ReadOne | ReadPatient], None] = lambda _: None,
    language: str = "en",
    how: How = How(),
) -> Summary:
    """Read files, folders, globs, zips or a cohort's table into `out` (INTERFACES: `vesale read`).

    Where `model` is a programme, patients are read: the exams of the summary are then patients.

    MissingExtra or PackageError when the model cannot be explained in the way that is asked for.

    PackageError or NotRegistered when the model cannot be used; whatever is wrong with an exam is said in its own
    prediction.json and among the summary's failures.
    """
    programme = model if isinstance(model, OpenedProgramme) else None
    if isinstance(model, (str, Path)) and (path := find_programme(model)) is not None:
        programme = open_programme(path, find_model)
    if programme is not None:
        return _read_patients([str(i) for i in inputs], programme, out, watch, (language, how))
    assert not isinstance(model, OpenedProgramme)
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    bench = None if how.explain is None else bench_of(opened, (how.explain,))[0]
    started, began = datetime.now(UTC), time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    exams, rows, failures = [], [], []
    book = open_logbook(default_log() if how.log == DEFAULT_LOG else how.log)
    with tempfile.TemporaryDirectory(prefix="vesale-") as scratch, Confinement() as confinement:
        given, opener = [str(i) for i in inputs], Opener(confinement if how.confined else None)
        jobs = list(jobs_of(given, opened, Path(scratch), opener))
        for i, job in enumerate(jobs):
            prediction, failure = _read_one(job, opened, out, (bench, how.explain, language), book)
            failures += [failure] if failure else []
            exams.append(ReadExam(job.exam, prediction.status, f"{job.exam}/prediction.json", prediction.news))
            rows.append(_row(prediction, out, language))
            watch(ReadOne(i + 1, len(jobs), prediction))
    seconds = time.perf_counter() - began
    summary = Summary(
        opened.identity,
        started,
        seconds,
        peak_rss_mb(),
        version("vesale"),
        tuple(exams),
        tuple(failures),
        book.document,
    )
    (out / "summary.json").write_text(dumps(summary_document(summary)) + "\n", encoding="utf-8")
    (out / "index.html").write_text(index_page(summary, rows, language), encoding="utf-8")
    return summary


def _read_patients(
    inputs: Sequence[str],
    programme: OpenedProgramme,
    out: Path,
    watch: Callable[[ReadOne | ReadPatient], None],
    asked: tuple[str, How],
) -> Summary:
    language, how = asked
    if how.explain is not None:
        raise RecipeError("a programme gives its reasons on every page", "leave --explain out, or explain a package")
    book = open_logbook(default_log() if how.log == DEFAULT_LOG else how.log)
    with Confinement() as confinement:
        opener = Opener(confinement if how.confined else None)
        return read_patients(inputs, programme, Room(out, book, language=language), opener, watch)


def _read_one(
    job: Job, model: OpenedModel, out: Path, why: tuple[Bench | None, Method | None, str], book: Logbook
) -> tuple[Prediction, Failure | None]:
    bench, method, language = why
    try:
        views = job.opens()
        prediction, raw = model.predict_sources((job.exam, job.subject), views)
        if bench is not None and method is not None and prediction.outputs:
            prediction = with_reasons(out / job.exam, (prediction, raw), views, (bench, method, language))
        return publish(out / job.exam, prediction, raw, [view[0] for view in views], book), None
    except VesaleError as error:
        failure = Failure(job.shown, error.code, error.message, error.remedy)
    except MemoryError:
        remedy = "close other programs, or cut the image into regions"
        failure = Failure(job.shown, "unreadable", "it needs more memory than there is", remedy)
    except Exception as error:  # whatever a file provokes in a library: the batch goes on, the cause is kept
        message = f"{job.shown}: unexpected {type(error).__name__}: {str(error)[:200]}"
        failure = Failure(job.shown, "unreadable", message, "open it in its own program and export it again")
    prediction = model.failed(job.exam, job.subject, failure.message)
    return publish(out / job.exam, prediction, None, [], book), failure


def jobs_of(inputs: Sequence[str], model: OpenedModel, scratch: Path, opener: Opener) -> Iterator[Job]:
    """Every exam of the tables, then of everything else; a name that is taken gets -2, whatever input it came from."""
    signals = model.pipeline.task.from_signal
    tables = [i for i in inputs if _is_table(i, signals) or (Path(i) / "labels.csv").is_file()]
    taken: set[str] = set()
    for table in tables:
        was = read_cohort(Path(table))
        for exam in was.cohort:
            opens = lambda e=exam, c=was.cohort: [opener.view(c, v, model.pipeline.task) for v in e.views]  # noqa: E731
            yield Job(free_name(exam.id, taken), exam.subject, exam.id, opens)
        for name, finding in _left_out(was).items():
            yield Job(free_name(name, taken), None, name, lambda f=finding: _refuse(f))  # type: ignore[misc]
    rest = [i for i in inputs if i not in tables]
    for found in opener.find(rest, scratch, signals) if rest else ():
        yield Job(free_name(found.exam, taken), None, found.shown, lambda f=found: [[opener.found(f)]])  # type: ignore[misc]


def _is_table(path: str, signals: bool) -> bool:
    """Whether a .csv is a cohort's table; for a model of signals one of numbers alone is the signals themselves."""
    return path.endswith(".csv") and not (signals and holds_numbers(Path(path)))


def _left_out(was: ReadCohort) -> dict[str, Finding]:
    """Exams of a table that cannot be read, each with the first error that says why."""
    known = {exam.id for exam in was.cohort}
    errors = [f for f in was.findings if f.severity == "error"]
    return {name: f for f in reversed(errors) for name in f.exams if name and name not in known}


def _refuse(finding: Finding) -> list[list[Source]]:
    raise SourceError(finding.message, finding.remedy)


def _row(prediction: Prediction, out: Path, language: str) -> ExamRow:
    folder = out / prediction.exam
    files = sorted(p.name for p in folder.iterdir() if p.name not in ("prediction.json", "overlay.png"))
    return ExamRow(
        exam=prediction.exam,
        status=prediction.status,
        reasons=prediction.reasons,
        gate=prediction.gate,
        news=prediction.news,
        answers=answer_lines(prediction, language),
        overlay=f"{prediction.exam}/overlay.png" if (folder / "overlay.png").exists() else None,
        reasons_map=map_of(prediction, language),
        prediction=f"{prediction.exam}/prediction.json",
        files=tuple(f"{prediction.exam}/{f}" for f in files),
    )
