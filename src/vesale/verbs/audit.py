"""`vesale audit`: whether a model serves every group of a cohort equally well, and what the cohort could have shown."""

import json
import shlex
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..core.audit import Audit, Grouping, Question
from ..core.errors import CohortError, RecipeError
from ..core.exam import Cohort, Split
from ..core.recipe import load
from ..core.task import Task
from ..engine.audit import audit_results, write_audit
from ..engine.opened import open_model
from ..engine.programme_results import read_patient_results
from ..engine.results import read_results
from ..io.cohort import Columns
from ..io.package import MANIFEST
from .check import check
from .evaluate import named, patients_folder, read_cohort_with, task_of
from .list import find_model


@dataclass(frozen=True, slots=True)
class AuditWish:
    """What a user asks of an audit beside the readings and the cohort."""

    question: Question = field(default_factory=Question)
    split: Split | None = None
    allow: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)
    language: str = "en"


def audit(readings: Path | str, cohort: Path | Cohort, out: Path, wish: AuditWish = AuditWish()) -> Audit:
    """Write out/audit.json and out/audit.html.

    `readings`: a folder of predictions, a package (which reads the cohort first, into out/readings), or the RUN of a
    study (its test readings, or else its out-of-fold ones). CohortError when no exam of the cohort was read,
    RecipeError for a trait that there is not.
    """
    began = time.perf_counter()
    path = Path(readings)
    run = path if (path / "recipe.toml").is_file() and not (path / MANIFEST).is_file() else None
    if not isinstance(cohort, Cohort):
        cohort = _checked(cohort, run, wish)
    some = cohort.of_split(wish.split) if wish.split else cohort
    if not len(some):
        raise CohortError(f"{cohort.name}: no exam of the split {wish.split!r}", "look at the column split")
    patients = patients_folder(readings, some, out)
    if patients is not None:
        found = read_patient_results(patients, some)
        results, some, model = found.results, found.cohort, dict(found.model)
    else:
        folder, task, model = _opened(readings, run, some, out)
        results = read_results(folder, some, task)
    exams = {str(r["exam"]) for r in results.rows}
    done = audit_results(results, some.where([e for e in some if e.id in exams], ""), wish.question)
    command = shlex.join(["vesale", "audit", path.name, cohort.name, *_words(wish.question), "--out", out.name])
    done = replace(done, command=command, model=model, seconds=time.perf_counter() - began)
    write_audit(done, out, wish.language)
    return done


def parse_by(words: Sequence[str]) -> tuple[Grouping, ...]:
    """`sex,age:40,60,site` -> sex, age cut at 40 and 60, site. RecipeError where a number belongs to no trait."""
    found: list[Grouping] = []
    for part in (p.strip() for word in words for p in word.split(",") if p.strip()):
        number = _number(part)
        if number is not None and found and found[-1].cuts:
            found[-1] = replace(found[-1], cuts=tuple(sorted({*found[-1].cuts, number})))
            continue
        name, _, cut = part.partition(":")
        bound = _number(cut)
        if cut and bound is None:
            raise RecipeError(f"--by {part}: {cut!r} is no number", "cut a trait so: age:40,60")
        found.append(Grouping(name, () if bound is None else (bound,)))
    return tuple(found)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _checked(cohort: Path, run: Path | None, wish: AuditWish) -> Cohort:
    """The cohort as `vesale check` leaves it; of a run with what the study allowed, and with its labels."""
    allow, columns = list(wish.allow), wish.columns
    if run is not None:
        if (run / "check.json").is_file():
            allow += json.loads((run / "check.json").read_text(encoding="utf-8"))["allowed"]
        labels = [n for n, o in load(run / "recipe.toml").task.outputs.items() if o.kind != "partition"]
        columns = columns if columns.labels else replace(columns, labels=tuple(labels))
    return check(cohort, allow, columns).cohort


def _opened(readings: Path | str, run: Path | None, cohort: Cohort, out: Path) -> tuple[Path, Task, dict[str, str]]:
    """(folder of predictions, what they answer, which model answered)"""
    if run is not None:
        parts = [run / part for part in ("test", "out_of_fold") if (run / part).is_dir()]
        if not parts:
            raise CohortError(f"{run}: the study has no readings yet", "let `vesale study` come to its end")
        return parts[0], load(run / "recipe.toml").task, named(parts[0], cohort)
    path = Path(readings)
    if path.is_dir() and not (path / MANIFEST).is_file():
        return path, task_of(path, cohort), named(path, cohort)
    model = open_model(find_model(readings))
    read_cohort_with(model, cohort, out / "readings")
    return out / "readings", model.pipeline.task, dict(model.identity)


def _words(question: Question) -> list[str]:
    by = ",".join(f"{g.name}:{','.join(f'{c:g}' for c in g.cuts)}" if g.cuts else g.name for g in question.by)
    plain = Question()
    words = ["--by", by] if by else []
    words += ["--alpha-test", f"{question.alpha:g}"] if question.alpha != plain.alpha else []
    words += ["--gap", f"{question.gap:g}"] if question.gap != plain.gap else []
    return words + (["--pool", str(question.pool)] if question.pool != plain.pool else [])
