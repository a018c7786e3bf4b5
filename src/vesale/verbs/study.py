"""`vesale study`: check, plan, train, calibrate, test: a cohort to a model package with its evidence.

Stopped and started again it goes on: the recipe, every fit, every raw answer lie in RUN and are taken up.
"""

import json
import math
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..core.encode import to_toml
from ..core.errors import CohortError
from ..core.exam import Cohort, Exam
from ..core.image import Source
from ..core.pipeline import pipeline_of
from ..core.recipe import Recipe, load
from ..core.report import Measure, Report
from ..engine.baseline import NAME, SIGNAL_NAME, baseline
from ..engine.calibration import Basis, fit_trust
from ..engine.evaluation import About, write_report
from ..engine.events import Event, Fitted, Staged
from ..engine.opened import OpenedModel, open_model, write_card, write_model
from ..engine.publish import publish
from ..engine.raw import Raw, load_raw, look_at, save_raw
from ..engine.record import card_of, gate_in_words, losses, rule_in_words
from ..engine.results import read_results
from ..engine.runtimes import Runner, open_onnx
from ..engine.samples import Sample, load_samples, open_view
from ..engine.survey import strata
from ..io.cohort import Columns
from ..render.documents import dumps, number
from ..trust.prices import check_prices
from .check import Checked, check, check_document
from .evaluate import read_cohort_with
from .plan import plan

SPARE = 0.2
"""Share of the subjects held out to calibrate, and again to test, when the table gives no splits and there are many."""
WATCHED = 128
"""Calibration exams that are looked at while learning; nothing is chosen by them."""
ABORT = 3.0
"""A fit that takes this many times its share of the budget is ended there, and the card says so."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user asks of a study beside the cohort."""

    budget: float | None = None
    """Seconds for everything; None with a recipe that says the steps."""
    recipe: Path | None = None
    overrides: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)
    name: str | None = None
    baseline: bool = True


@dataclass(frozen=True, slots=True)
class Studied:
    run: Path
    checked: Checked
    recipe: Recipe | None
    report: Report | None
    """None when the check found an error that was not allowed: nothing was learned then."""


@dataclass(frozen=True, slots=True)
class _Split:
    """Who is learned from, who calibrates, who tests."""

    learned: Cohort
    calibration: Cohort | None
    """None: cross-fitting on the learned."""
    test: Cohort | None
    folds: Mapping[str, int]


def study(cohort: Path, out: Path, wish: Wish = Wish(), watch: Callable[[Event], None] = lambda _: None) -> Studied:
    """Make `out` (INTERFACES: RUN). CohortError, RecipeError and MissingExtra say what to do; nothing else stops it."""
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    watch(Staged("check", f"{cohort}: table and files"))
    checked = check(cohort, wish.allow, wish.columns)
    (out / "check.json").write_text(dumps(check_document(checked)) + "\n", encoding="utf-8")
    if not checked.ok:
        return Studied(out, checked, None, None)
    with (out / "events.jsonl").open("a", encoding="utf-8") as stream:

        def tell(event: Event) -> None:
            stream.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")
            stream.flush()
            watch(event)

        recipe = _recipe(checked.cohort, out, wish, tell)
        check_prices(recipe.task, recipe.trust)
        split = _split(checked.cohort, recipe)
        samples = load_samples(split.learned, recipe)
        limit = math.inf if wish.budget is None else ABORT * wish.budget / _fits(recipe)
        fitted = [_fit(part, recipe, samples, split, (out, limit), tell) for part in _parts(recipe)]
        report = _finish(checked, recipe, split, (samples, fitted), (out, wish, began), tell)
    return Studied(out, checked, recipe, report)


def _recipe(cohort: Cohort, out: Path, wish: Wish, tell: Callable[[Event], None]) -> Recipe:
    """The run's own recipe when there is one, else the user's, else a plan; written down in RUN."""
    path = out / "recipe.toml"
    if wish.recipe is not None:
        recipe = load(wish.recipe, wish.overrides)
        path.write_text(to_toml(recipe, f"{recipe.task.name}, from {wish.recipe.name}"), encoding="utf-8")
        return recipe
    if not path.exists():
        tell(Staged("plan", "looking at images and labels, timing a few steps"))
        planned = plan(cohort, wish.budget or 900.0)
        path.write_text(planned.toml, encoding="utf-8")
        (out / "plan.md").write_text(planned.markdown, encoding="utf-8")
    recipe = load(path, wish.overrides)
    if wish.overrides:  # the run keeps the recipe that was followed, so that starting it again follows the same
        head = f"{recipe.task.name}: planned, then changed: {' '.join(wish.overrides)}"
        path.write_text(to_toml(recipe, head), encoding="utf-8")
    return recipe


def _split(cohort: Cohort, recipe: Recipe) -> _Split:
    given = {e.split for e in cohort}
    test = cohort.of_split("test")
    learned = cohort.of_split("train") if "train" in given else cohort.where([e for e in cohort if e.split is None], "")
    if not len(learned):
        raise CohortError(f"{cohort.name}: no exam to learn from", "see the column split, and `vesale check`")
    groups = strata(learned, recipe.task)
    if recipe.validate.mode == "cross_fit":
        held = cohort.of_split("validation", "calibration")
        learned = learned.where([*learned, *held], "") if len(held) else learned
        folds = learned.folds(recipe.validate.folds, recipe.seed, groups)
        return _Split(learned, None, test if len(test) else None, folds)
    if recipe.validate.mode == "none":
        return _Split(learned, None, test if len(test) else None, {})
    calibration = cohort.of_split("calibration", "validation")
    if not len(calibration):
        shares = [1 - SPARE, SPARE] if len(test) else [1 - 2 * SPARE, SPARE, SPARE]
        parts = learned.split(shares, recipe.seed, groups)
        learned, calibration = parts[0], parts[1]
        test = test if len(test) else parts[2]
    return _Split(learned, calibration, test if len(test) else None, {})


def _parts(recipe: Recipe) -> list[str]:
    folds = recipe.validate.folds if recipe.validate.mode == "cross_fit" else 0
    return [*(f"fold-{k}" for k in range(folds)), "all"]


def _fits(recipe: Recipe) -> int:
    return len(_parts(recipe))


def _fit(
    part: str,
    recipe: Recipe,
    samples: Sequence[Sample],
    split: _Split,
    where: tuple[Path, float],
    tell: Callable[[Event], None],
) -> Fitted:
    """Fit one part and export it; what is already there is taken up."""
    from ..engine.batches import patch_size
    from ..engine.export import export_onnx
    from ..engine.fit import Job, fit, load_weights

    out, limit = where
    folder = out / "fit" / part
    learned, held = _sides(part, samples, split)
    if split.calibration is not None:
        held = load_samples(split.calibration.where(list(split.calibration)[:WATCHED], ""), recipe)
    last: Fitted | None = None
    for event in fit(recipe, learned, held, Job(part, folder, limit)):
        tell(event)
        last = event if isinstance(event, Fitted) else last
    assert last is not None
    onnx = folder / f"model-{last.digest[:12]}.onnx"
    if not onnx.exists():
        size = patch_size(learned, recipe) if recipe.look.size or recipe.train.patch else (128, 128)
        export_onnx(load_weights(recipe, folder / "weights.safetensors"), recipe, onnx, size)
    return last


def _sides(part: str, samples: Sequence[Sample], split: _Split) -> tuple[list[Sample], list[Sample]]:
    """(learned, held out) samples of a part."""
    k = -1 if part == "all" else int(part.removeprefix("fold-"))
    held = [s for s in samples if split.folds.get(s.subject) == k and k >= 0]
    return [s for s in samples if not (split.folds.get(s.subject) == k and k >= 0)], held


def _finish(
    checked: Checked,
    recipe: Recipe,
    split: _Split,
    learned: tuple[Sequence[Sample], Sequence[Fitted]],
    run: tuple[Path, Wish, float],
    tell: Callable[[Event], None],
) -> Report:
    """Calibrate, package, test, report."""
    samples, fitted = learned
    out, wish, began = run
    tell(Staged("calibrate", "answers on exams that the network had not learned from"))
    again = _Answers(recipe, split, out, {f.part: f.digest for f in fitted})
    basis = Basis(again.cohort, pipeline_of(recipe), recipe.trust, approximate=split.calibration is None)
    trust = fit_trust(again, basis)
    card = card_of(recipe, split.learned, fitted, wish.name)
    digest = fitted[-1].digest
    network = (out / "fit" / "all" / f"model-{digest[:12]}.onnx", out / "fit" / "all" / "weights.safetensors")
    tell(Staged("package", "model package, with its self-test"))
    write_model(out / "model", network, recipe, card, trust)
    model = open_model(out / "model")
    tell(Staged("out_of_fold", "the calibrated answers of the held-out exams"))
    for exam, raw in again():
        sources = [v[0] for v in _views(again.cohort, exam, recipe)]
        publish(out / "out_of_fold" / exam.id, model.judge(raw, 0.0), raw, sources)
    about = _about(checked, recipe, split, model, (wish, out))
    about = replace(about, losses=losses(out / "events.jsonl"))
    report = _reported(recipe, split, (model, again.cohort), (samples, about), (out, wish, began), tell)
    measures = {o: {n: number(m) for n, m in ms.items()} for o, ms in report.measures.items()}
    write_card(out / "model", replace(card, measures=measures))
    tell(Staged("done", str(out / "report.html")))
    return report


def _reported(
    recipe: Recipe,
    split: _Split,
    read: tuple[OpenedModel, Cohort],
    told: tuple[Sequence[Sample], About],
    run: tuple[Path, Wish, float],
    tell: Callable[[Event], None],
) -> Report:
    """The report of the held-out exams; and where there is a test split, the report on it takes the first place."""
    model, held = read
    samples, about = told
    out, wish, began = run
    wanted = wish.baseline and not all(o.kind == "partition" for o in recipe.task.outputs.values())
    name = "out_of_fold" if split.calibration is None else "calibration"
    tell(Staged("report", "measures with intervals, pictures, curves"))
    results = read_results(out / "out_of_fold", held, recipe.task)
    seconds = time.perf_counter() - began
    here = replace(about, split=name, seconds=seconds)
    if split.test is None:
        if wanted and split.folds:
            here = replace(here, baselines=_baselines(recipe, [_sides(p, samples, split) for p in _parts(recipe)[:-1]]))
        return write_report(results, held, out / "out_of_fold", here, out)
    write_report(results, held, out / "out_of_fold", here, out / "out_of_fold")
    tell(Staged("test", f"{len(split.test)} exams that nothing was chosen by"))
    read_cohort_with(model, split.test, out / "test")
    results = read_results(out / "test", split.test, recipe.task)
    if wanted:
        about = replace(about, baselines=_baselines(recipe, [(samples, load_samples(split.test, recipe))]))
    about = replace(about, split="test", seconds=time.perf_counter() - began)
    return write_report(results, split.test, out / "test", about, out)


def _baselines(
    recipe: Recipe, pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]]
) -> Mapping[str, Mapping[str, Mapping[str, Measure]]]:
    found = baseline(recipe.task, pairs, recipe.seed)
    name = SIGNAL_NAME if recipe.task.from_signal else NAME
    return {name: found} if found else {}


@dataclass(frozen=True, slots=True)
class _Answers:
    """Every held-out exam with the raw answers of a network that had not seen it; kept on disk, one in memory."""

    recipe: Recipe
    split: _Split
    out: Path
    digests: Mapping[str, str]

    @property
    def cohort(self) -> Cohort:
        if self.split.calibration is not None:
            return self.split.calibration
        known = [e for e in self.split.learned if e.subject in self.split.folds]
        return self.split.learned.where(known, "")

    def __call__(self) -> Iterator[tuple[Exam, Raw]]:
        runners: dict[str, Runner] = {}
        pipeline = pipeline_of(self.recipe)
        for exam in self.cohort:
            part = "all" if self.split.calibration is not None else f"fold-{self.split.folds[exam.subject]}"
            path = self.out / "fit" / part / f"raw-{self.digests[part][:12]}" / f"{exam.id}.npz"
            views = _views(self.cohort, exam, self.recipe)
            if not path.exists():
                runners[part] = runners.get(part) or open_onnx(self._onnx(part))
                save_raw(look_at((exam.id, exam.subject), views, runners[part], pipeline), path)
            yield exam, load_raw(path, (exam.id, exam.subject), views, pipeline)

    def _onnx(self, part: str) -> Path:
        return self.out / "fit" / part / f"model-{self.digests[part][:12]}.onnx"


def _views(cohort: Cohort, exam: Exam, recipe: Recipe) -> list[list[Source]]:
    return [open_view(cohort, view, recipe.task) for view in exam.views]


def _about(checked: Checked, recipe: Recipe, split: _Split, model: OpenedModel, run: tuple[Wish, Path]) -> About:
    wish, out = run
    words = ["vesale", "study", checked.cohort.name.split("/")[0], "--out", out.name]
    words += ["--recipe", wish.recipe.name] if wish.recipe else []
    words += ["--budget", f"{wish.budget:.0f}s"] if wish.budget else []
    words += [w for kind in wish.allow for w in ("--allow", kind)]
    rule = model.trust.refer
    return About(
        command=shlex.join([*words, *wish.overrides]),
        model=model.identity,
        split=None,
        excluded=checked.excluded,
        findings=checked.findings,
        promise=(rule.alpha, rule.delta) if rule else None,
        rule=rule_in_words(model.trust),
        trust=model.trust,
        gate=gate_in_words(model.trust),
        card=model.card,
        recipe=recipe.digest,
        by_subject="subject_leak" not in wish.allow,
    )
