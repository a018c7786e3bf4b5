"""`vesale read`: new images to answers, referrals and refusals; one bad exam never stops the rest."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from ..core.errors import SourceError, VesaleError
from ..core.exam import Cohort, View
from ..core.image import Source
from ..core.prediction import Prediction
from ..core.report import Finding
from ..core.task import Task
from ..engine.confined import ConfinedSource, Confinement
from ..engine.opened import OpenedModel, open_model
from ..engine.publish import publish
from ..engine.samples import open_view
from ..io.arrays import holds_numbers
from ..io.cohort import ReadCohort, read_cohort
from ..io.inputs import Found, find_inputs, free_name, open_found
from ..ops.machine import peak_rss_mb
from ..render.documents import Failure, ReadExam, Summary, dumps, summary_document
from ..render.index_page import ExamRow, index_page
from ..render.text import answer_lines
from .list import find_model


@dataclass(frozen=True, slots=True)
class ReadOne:
    """Progress: an exam is done."""

    number: int
    of: int
    prediction: Prediction


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
class _Job:
    exam: str
    subject: str | None
    shown: str
    opens: Callable[[], list[list[Source]]]


def read(
    inputs: Sequence[str | Path],
    model: Path | str | OpenedModel,
    out: Path,
    watch: Callable[[ReadOne], None] = lambda _: None,
    language: str = "en",
    confined: bool = False,
) -> Summary:
    """Read files, folders, globs, zips or a cohort's table into `out` (INTERFACES: `vesale read`).

    `confined`: files are parsed in a child process with limits of memory and time, for those of strangers.

    PackageError or NotRegistered when the model cannot be used; whatever is wrong with an exam is said in its own
    prediction.json and among the summary's failures.
    """
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    started, began = datetime.now(UTC), time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    exams, rows, failures = [], [], []
    with tempfile.TemporaryDirectory(prefix="vesale-") as scratch, Confinement() as confinement:
        given, opener = [str(i) for i in inputs], Opener(confinement if confined else None)
        jobs = list(_jobs(given, opened, Path(scratch), opener))
        for i, job in enumerate(jobs):
            prediction, failure = _read_one(job, opened, out)
            failures += [failure] if failure else []
            exams.append(ReadExam(job.exam, prediction.status, f"{job.exam}/prediction.json", prediction.news))
            rows.append(_row(prediction, out, language))
            watch(ReadOne(i + 1, len(jobs), prediction))
    seconds = time.perf_counter() - began
    summary = Summary(
        opened.identity, started, seconds, peak_rss_mb(), version("vesale"), tuple(exams), tuple(failures)
    )
    (out / "summary.json").write_text(dumps(summary_document(summary)) + "\n", encoding="utf-8")
    (out / "index.html").write_text(index_page(summary, rows, language), encoding="utf-8")
    return summary


def _read_one(job: _Job, model: OpenedModel, out: Path) -> tuple[Prediction, Failure | None]:
    try:
        views = job.opens()
        prediction, raw = model.predict_sources((job.exam, job.subject), views)
        return publish(out / job.exam, prediction, raw, [view[0] for view in views]), None
    except VesaleError as error:
        failure = Failure(job.shown, error.code, error.message, error.remedy)
    except MemoryError:
        remedy = "close other programs, or cut the image into regions"
        failure = Failure(job.shown, "unreadable", "it needs more memory than there is", remedy)
    except Exception as error:  # whatever a file provokes in a library: the batch goes on, the cause is kept
        message = f"{job.shown}: unexpected {type(error).__name__}: {str(error)[:200]}"
        failure = Failure(job.shown, "unreadable", message, "open it in its own program and export it again")
    prediction = model.failed(job.exam, job.subject, failure.message)
    return publish(out / job.exam, prediction, None, []), failure


def _jobs(inputs: Sequence[str], model: OpenedModel, scratch: Path, opener: Opener) -> Iterator[_Job]:
    """Every exam of the tables, then of everything else; a name that is taken gets -2, whatever input it came from."""
    signals = model.pipeline.task.from_signal
    tables = [i for i in inputs if _is_table(i, signals) or (Path(i) / "labels.csv").is_file()]
    taken: set[str] = set()
    for table in tables:
        was = read_cohort(Path(table))
        for exam in was.cohort:
            opens = lambda e=exam, c=was.cohort: [opener.view(c, v, model.pipeline.task) for v in e.views]  # noqa: E731
            yield _Job(free_name(exam.id, taken), exam.subject, exam.id, opens)
        for name, finding in _left_out(was).items():
            yield _Job(free_name(name, taken), None, name, lambda f=finding: _refuse(f))  # type: ignore[misc]
    rest = [i for i in inputs if i not in tables]
    for found in opener.find(rest, scratch, signals) if rest else ():
        yield _Job(free_name(found.exam, taken), None, found.shown, lambda f=found: [[opener.found(f)]])  # type: ignore[misc]


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
        prediction=f"{prediction.exam}/prediction.json",
        files=tuple(f"{prediction.exam}/{f}" for f in files),
    )
