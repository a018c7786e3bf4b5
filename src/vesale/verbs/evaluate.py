"""`vesale evaluate`: readings (or a model) against a cohort's truth; every number with its interval and n."""

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..core.errors import CohortError
from ..core.exam import Cohort, Split
from ..core.report import Report
from ..core.task import Category, Output, Partition, Picture, Quantity, Task
from ..engine.evaluation import About, write_report
from ..engine.logbook import Logbook
from ..engine.opened import OpenedModel, open_model
from ..engine.programme_results import Judged, is_patients, patient_report, read_patient_results
from ..engine.publish import publish
from ..engine.record import accepts_of, rule_in_words
from ..engine.results import read_results
from ..engine.samples import open_view
from ..engine.without_signal import NAME_HERE, mean_of_others
from ..io.package import MANIFEST, PROGRAMME
from .check import check
from .list import find_model, find_programme
from .read import How, read


def evaluate(
    readings: Path | str,
    cohort: Path | Cohort,
    out: Path,
    split: Split | None = None,
    allow: Sequence[str] = (),
    language: str = "en",
) -> Report:
    """Judge a folder of predictions, or the predictions of a package (made into `out/readings`), into `out`.

    `split`: only the exams of that split; None takes all. `language`: of report.html, en or fr. CohortError when no
    exam of the cohort was read.
    """
    began = time.perf_counter()
    patients = patients_folder(readings, cohort, out)
    if patients is not None:
        return _judge_patients(patients, cohort, out, (split, allow, language), (str(readings), began))
    findings, excluded = (), ()
    if not isinstance(cohort, Cohort):
        checked = check(cohort, allow)
        cohort, findings, excluded = checked.cohort, checked.findings, checked.excluded  # type: ignore[assignment]
    assert isinstance(cohort, Cohort)
    some = cohort.of_split(split) if split else cohort
    if not len(some):
        raise CohortError(f"{cohort.name}: no exam of the split {split!r}", "look at the column split")
    model = _model(readings)
    folder = Path(readings)
    if model is not None:
        folder = out / "readings"
        read_cohort_with(model, some, folder)
    task = model.pipeline.task if model else task_of(folder, some)
    results = read_results(folder, some, task)
    about = About(
        command=shlex.join(["vesale", "evaluate", str(readings), cohort.name, "--out", out.name]),
        model=model.identity if model else named(folder, some),
        split=split,
        excluded=excluded,
        findings=findings,
        card=model.card if model else None,
        accepts=accepts_of(model.trust) if model else None,
        recipe=model.recipe.digest if model else None,
        candidates={n: o.candidates for n, o in model.trust.outputs.items() if o.candidates} if model else {},
        guarantees={n: o.guarantee for n, o in model.trust.outputs.items() if o.guarantee} if model else {},
        language=language,
        promise=(model.trust.refer.alpha, model.trust.refer.delta) if model and model.trust.refer else None,
        rule=rule_in_words(model.trust) if model else None,
        trust=model.trust if model else None,
    )
    known = mean_of_others(task, some)
    if known.measures:
        about = replace(about, baselines={NAME_HERE: known.measures}, without=known.pictures)
    return write_report(results, some, folder, replace(about, seconds=time.perf_counter() - began), out)


def patients_folder(readings: Path | str, cohort: Path | Cohort, out: Path) -> Path | None:
    """The folder that a programme wrote (into `out/readings` when a programme was given); None of anything else."""
    if is_patients(Path(readings)):
        return Path(readings)
    if is_patients(Path(readings) / "out_of_fold") and (Path(readings) / "model" / PROGRAMME).is_file():
        return Path(readings) / ("test" if is_patients(Path(readings) / "test") else "out_of_fold")
    path = find_programme(readings)
    if path is None:
        return None
    if isinstance(cohort, Cohort):
        raise CohortError("a programme is judged by what it wrote", "run `vesale read` with it and give that folder")
    read([cohort], path, out / "readings", how=How(log=None))
    return out / "readings"


def _judge_patients(
    folder: Path,
    cohort: Path | Cohort,
    out: Path,
    asked: tuple[Split | None, Sequence[str], str],
    about: tuple[str, float],
) -> Report:
    """A programme's folder against the truth of its patients."""
    split, allow, language = asked
    excluded: tuple[tuple[str, str], ...] = ()
    if not isinstance(cohort, Cohort):
        checked = check(cohort, allow)
        cohort, excluded = checked.cohort, checked.excluded
    some = cohort.of_split(split) if split else cohort
    words = ["vesale", "evaluate", about[0], cohort.name, "--out", out.name]
    judged = Judged(shlex.join(words), split, language=language, excluded=excluded)
    judged = replace(judged, seconds=time.perf_counter() - about[1])
    return patient_report(read_patient_results(folder, some), judged, out)


def read_cohort_with(model: OpenedModel, cohort: Cohort, out: Path, book: Logbook | None = None) -> None:
    """Write out/<exam>/prediction.json for every exam; an exam that fails is written as failed."""
    for exam in cohort:
        try:
            views = [open_view(cohort, view, model.pipeline.task) for view in exam.views]
            prediction, raw = model.predict_sources((exam.id, exam.subject), views)
            publish(out / exam.id, prediction, raw, [v[0] for v in views], book)
        except Exception as error:  # one exam fails alone; its cause is in its prediction.json
            publish(out / exam.id, model.failed(exam.id, exam.subject, str(error)), None, [], book)


def task_of(folder: Path, cohort: Cohort) -> Task:
    """The task that a folder of readings answers, as its first answered exam shows."""
    for exam in cohort:
        path = folder / exam.id / "prediction.json"
        if path.is_file():
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["outputs"]:
                outputs = {n: _output(o) for n, o in document["outputs"].items()}
                shapes = [seen["shape"][1:] for seen in document["evidence"].get("inputs") or ()]
                return Task(folder.name, outputs, from_signal=bool(shapes) and all(s == [1, 1] for s in shapes))
    raise CohortError(f"{folder}: no answered exam of {cohort.name}", "exam ids must agree on both sides")


def _output(said: dict[str, Any]) -> Output:
    match said["kind"]:
        case "category":
            return Category(tuple(said["probabilities"]), said["exclusive"])
        case "quantity":
            return Quantity(said["unit"], steps=tuple(said["steps"]) if said["steps"] else None)
        case "partition":
            return Partition(tuple(said["names"].values()), said["exclusive"])
        case "picture":
            names = tuple(said.get("channels") or ("grey",))
            return Picture(names, said["unit"], low=said.get("low"), high=said.get("high"))
    raise CohortError(
        f"outputs of kind {said['kind']!r} cannot be evaluated", "kinds: category, quantity, partition, picture"
    )


def _model(readings: Path | str) -> OpenedModel | None:
    path = Path(readings)
    if path.is_dir() and not (path / MANIFEST).is_file():
        return None
    return open_model(find_model(readings))


def named(folder: Path, cohort: Cohort) -> dict[str, str]:
    for exam in cohort:
        path = folder / exam.id / "prediction.json"
        if path.is_file():
            model = json.loads(path.read_text(encoding="utf-8"))["evidence"]["model"]
            return {k: str(v) for k, v in model.items()}
    return {}
