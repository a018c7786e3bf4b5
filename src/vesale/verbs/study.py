"""`vesale study`: check, plan, train, calibrate, test: a cohort to a model package with its evidence.

Stopped and started again it goes on: the recipe, every fit, every raw answer lie in RUN and are taken up.
"""

import json
import math
import random
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from ..core.encode import to_toml
from ..core.errors import NotRegistered
from ..core.exam import Cohort
from ..core.model import Card
from ..core.pipeline import pipeline_of
from ..core.recipe import Recipe, load
from ..core.report import Measure, Report
from ..engine.baseline import NAME, SIGNAL_NAME, baseline
from ..engine.calibration import fit_trust
from ..engine.calibration_outputs import Basis
from ..engine.decoding import DECODERS
from ..engine.division import HeldOut, Split, divide, learned_by, sides, sources_of
from ..engine.evaluation import About, write_report
from ..engine.events import Event, Fitted, Staged
from ..engine.gating import left_out
from ..engine.logbook import Logbook, open_logbook, study_entry
from ..engine.neighbours import KEPT, shelf_from, write_shelf
from ..engine.opened import OpenedModel, open_model, write_card, write_model
from ..engine.privacy import Trained, audit_membership, privacy_facts
from ..engine.programme_opened import open_programme
from ..engine.programme_study import ProgrammeWish, study_programme
from ..engine.publish import publish
from ..engine.record import accepts_of, card_of, gate_in_words, losses, promises_in_words, rule_in_words
from ..engine.results import read_results
from ..engine.samples import Sample, load_samples
from ..engine.seen import met_by
from ..io.cohort import Columns, read_cohort
from ..render.documents import dumps, number
from ..trust.membership import Membership
from ..trust.prices import check_prices
from .check import Checked, Wanted, check, check_document
from .dossier import dossier, read_answers
from .evaluate import read_cohort_with
from .list import find_model, find_programme
from .plan import plan
from .read import Opener

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
    foreign: Path | None = None
    """Somebody else's network (ONNX; its TOML beside it): nothing is learned, everything else is done."""
    language: str = "en"
    """Of report.html."""
    programme: Path | str | None = None
    """Calibrate this programme on the cohort's patients instead of learning a model."""
    answers: Mapping[str, Path] = field(default_factory=dict)
    """Of a programme: step -> RUN whose out-of-fold answers take the place of the package's."""


@dataclass(frozen=True, slots=True)
class Studied:
    run: Path
    checked: Checked
    recipe: Recipe | None
    report: Report | None
    """None when the check found an error that was not allowed: nothing was learned then."""


def study(cohort: Path, out: Path, wish: Wish = Wish(), watch: Callable[[Event], None] = lambda _: None) -> Studied:
    """Make `out` (INTERFACES: RUN). CohortError, RecipeError and MissingExtra say what to do; nothing else stops it."""
    if wish.programme is not None:
        return _study_programme(cohort, wish.programme, out, wish, watch)
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    read_answers(out)  # what its user wrote there must be readable before hours are spent
    watch(Staged("check", f"{cohort}: table and files"))
    checked = check(cohort, wish.allow, wish.columns, Wanted(out / "check"))
    (out / "check.json").write_text(dumps(check_document(checked, "check/")) + "\n", encoding="utf-8")
    if not checked.ok:
        return Studied(out, checked, None, None)
    with (out / "events.jsonl").open("a", encoding="utf-8") as stream:

        def tell(event: Event) -> None:
            stream.write(json.dumps({"event": type(event).__name__, **asdict(event)}) + "\n")
            stream.flush()
            watch(event)

        recipe = _recipe(checked.cohort, out, wish, tell)
        check_prices(recipe.task, recipe.trust)
        split = divide(checked.cohort, recipe)
        samples = load_samples(split.learned, recipe)
        limit = math.inf if wish.budget is None else ABORT * wish.budget / len(recipe.parts)
        if wish.foreign is not None:
            fitted = [_adopt(wish.foreign, out, tell)]
        else:
            fitted = [_fit(part, recipe, samples, split, (out, limit), tell) for part in recipe.parts]
        report = _finish(checked, recipe, split, (samples, fitted), (out, wish, began), tell)
    return Studied(out, checked, recipe, report)


def _study_programme(
    cohort: Path, programme: Path | str, out: Path, wish: Wish, watch: Callable[[Event], None]
) -> Studied:
    """Calibrate a programme (docs/how-to/screening.md): no package learns anything."""
    path = find_programme(programme)
    if path is None:
        raise NotRegistered(f"no programme at {programme}, and none of that name", "see `vesale list models --json`")
    opened = open_programme(path, find_model, wish.overrides)
    watch(Staged("check", f"{cohort}: table and files"))
    checked = check(cohort, wish.allow, wish.columns)
    out.mkdir(parents=True, exist_ok=True)
    (out / "check.json").write_text(dumps(check_document(checked)) + "\n", encoding="utf-8")
    if not checked.ok:
        return Studied(out, checked, None, None)
    watch(Staged("read", f"{opened.programme.name}: every step on every patient"))
    words = [f"--answers {step}={run}" for step, run in wish.answers.items()]
    command = " ".join(
        ["vesale study", cohort.name, f"--programme {opened.programme.name}", *words, f"--out {out.name}"]
    )
    asked = ProgrammeWish(out, wish.answers, wish.language, command, checked.excluded)
    was = read_cohort(cohort, wish.columns)
    report = study_programme(
        replace(was, cohort=checked.cohort),
        opened,
        Opener(None),
        asked,
        lambda one: watch(Staged("patient", f"{one.number} of {one.of}")),
    )
    return Studied(out, checked, None, report)


def _recipe(cohort: Cohort, out: Path, wish: Wish, tell: Callable[[Event], None]) -> Recipe:
    """The run's own recipe when there is one, else the user's, else a plan; written down in RUN."""
    path = out / "recipe.toml"
    if wish.foreign is not None:
        return _adopted(wish.foreign, wish.overrides, path)
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


def _adopted(network: Path, overrides: Sequence[str], path: Path) -> Recipe:
    """The recipe of a network that came ready: how it is read and calibrated."""
    from ..engine.foreign import load_foreign, recipe_of

    recipe = recipe_of(load_foreign(network.with_suffix(".toml")))
    path.write_text(to_toml(recipe, f"{recipe.task.name}: how {network.name} is read"), encoding="utf-8")
    changed = load(path, overrides)
    path.write_text(to_toml(changed, f"{recipe.task.name}: how {network.name} is read"), encoding="utf-8")
    return changed


def _adopt(network: Path, out: Path, tell: Callable[[Event], None]) -> Fitted:
    """Somebody else's network in the place of one that was learned here."""
    from ..engine.foreign import adopt, load_foreign

    tell(Staged("adopt", f"{network.name}: nothing is learned"))
    fitted = Fitted("all", 0, 0.0, adopt(network, load_foreign(network.with_suffix(".toml")), out / "fit" / "all"))
    tell(fitted)
    return fitted


def _fit(
    part: str,
    recipe: Recipe,
    samples: Sequence[Sample],
    split: Split,
    where: tuple[Path, float],
    tell: Callable[[Event], None],
) -> Fitted:
    """Fit one part and export it; what is already there is taken up."""
    out, limit = where
    folder = out / "fit" / part
    learned, held = sides(part, samples, split, recipe)
    if recipe.net.name in DECODERS:
        return _decode(part, recipe, learned, (folder, split.learned.root), tell)
    from ..engine.batches import patch_size
    from ..engine.export import export_onnx
    from ..engine.fit import Job, fit, load_weights

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


def _decode(
    part: str, recipe: Recipe, learned: Sequence[Sample], where: tuple[Path, Path], tell: Callable[[Event], None]
) -> Fitted:
    """Fit one part of a study whose signals are decoded into pictures."""
    from ..engine.decoding_fit import fit_decoder

    last: Fitted | None = None
    for event in fit_decoder(recipe, learned, *where, part):
        tell(event)
        last = event if isinstance(event, Fitted) else last
    assert last is not None
    return last


def _finish(
    checked: Checked,
    recipe: Recipe,
    split: Split,
    learned: tuple[Sequence[Sample], Sequence[Fitted]],
    run: tuple[Path, Wish, float],
    tell: Callable[[Event], None],
) -> Report:
    """Calibrate, package, test, report."""
    samples, fitted = learned
    out, wish, began = run
    tell(Staged("calibrate", "answers on exams that the network had not learned from"))
    book = open_logbook(out / "log.jsonl", durable=False)
    again = HeldOut(recipe, split, out, {f.part: f.digest for f in fitted})
    met = met_by(recipe, split, (samples, fitted), out)
    basis = Basis(again.cohort, pipeline_of(recipe), recipe.trust, split.calibration is None, met)
    trust = fit_trust(again, basis)
    tell(Staged("privacy", "whether an attack tells whom the networks learned from"))
    found = _membership(recipe, split, out, {f.part: f.digest for f in fitted}, samples)
    card = card_of(recipe, split.learned, fitted, wish.name)
    card = replace(card, privacy=privacy_facts(found), promises=promises_in_words(trust))
    digest = fitted[-1].digest
    network = (out / "fit" / "all" / f"model-{digest[:12]}.onnx", out / "fit" / "all" / "weights.safetensors")
    tell(Staged("package", "model package, with its self-test"))
    write_model(out / "model", network, recipe, card, trust)
    model, card = _shelved(out / "model", split.learned, recipe, card)
    tell(Staged("out_of_fold", "the calibrated answers of the held-out exams"))
    for exam, raw in again():
        sources = [v[0] for v in sources_of(again.cohort, exam, recipe)]
        judging = replace(model, trust=left_out(model.trust, met, exam.subject))
        publish(out / "out_of_fold" / exam.id, judging.judge(raw, 0.0), raw, sources, book)
    about = _about(checked, recipe, split, model, (wish, out))
    about = replace(about, losses=losses(out / "events.jsonl"))
    report = _reported(recipe, split, (model, again.cohort, book), (samples, about), (out, wish, began), tell)
    measures = {o: {n: number(m) for n, m in ms.items()} for o, ms in report.measures.items()}
    write_card(out / "model", replace(card, measures=measures))
    _evidence(out, model, book, tell)
    tell(Staged("done", str(out / "report.html")))
    return report


def _membership(
    recipe: Recipe, split: Split, out: Path, digests: Mapping[str, str], samples: Sequence[Sample]
) -> Membership | None:
    """The attack on the fold networks; on the one network, with shadows for comparison, where there are no folds."""
    networks = {
        part: Trained(out / "fit" / part / f"model-{digest[:12]}.onnx", learned_by(part, split, recipe))
        for part, digest in digests.items()
    }
    if split.calibration is None:
        targets = [part for part in networks if part.startswith("fold-")]
        return audit_membership(networks, targets, samples, pipeline_of(recipe), recipe.seed)
    held = load_samples(split.calibration.where(list(split.calibration)[: len(samples)], ""), recipe)
    few = list(samples)
    random.Random(recipe.seed).shuffle(few)  # as many of the one kind as of the other
    return audit_membership(networks, ["all"], [*few[: len(held)], *held], pipeline_of(recipe), recipe.seed)


def _shelved(folder: Path, learned: Cohort, recipe: Recipe, card: Card) -> tuple[OpenedModel, Card]:
    """The package, opened, with what the recipe lets it keep of its training exams; its card then says so."""
    model = open_model(folder)
    shelf = shelf_from(model, learned, recipe)
    if shelf is None:
        return model, card
    write_shelf(folder, shelf)
    card = replace(card, limits=(*card.limits, KEPT[recipe.trust.neighbours]))
    write_card(folder, card)
    return open_model(folder), card


def _evidence(out: Path, model: OpenedModel, book: Logbook, tell: Callable[[Event], None]) -> None:
    """Enter the study into its log, and write the dossier from what lies in RUN."""
    book.add(study_entry(out, model.identity))
    book.settle()
    if book.failure:
        tell(Staged("log", f"NOT written ({book.missed} entries missed): {book.failure}"))
    tell(Staged("dossier", "evidence from the files of this run, and what is still open"))
    for line in dossier(out).lines:
        tell(Staged("dossier", line))


def _reported(
    recipe: Recipe,
    split: Split,
    read: tuple[OpenedModel, Cohort, Logbook],
    told: tuple[Sequence[Sample], About],
    run: tuple[Path, Wish, float],
    tell: Callable[[Event], None],
) -> Report:
    """The report of the held-out exams; and where there is a test split, the report on it takes the first place."""
    model, held, book = read
    samples, about = told
    out, wish, began = run
    wanted = (
        wish.baseline and wish.foreign is None and not all(o.kind == "partition" for o in recipe.task.outputs.values())
    )
    name = "out_of_fold" if split.calibration is None else "calibration"
    tell(Staged("report", "measures with intervals, pictures, curves"))
    results = read_results(out / "out_of_fold", held, recipe.task)
    seconds = time.perf_counter() - began
    here = replace(about, split=name, seconds=seconds)
    inner = [sides(p, samples, split, recipe) for p in recipe.parts[:-1]] if split.folds else []
    here = _compared(here, recipe, inner, wanted and bool(inner) and split.test is None, held.root)
    if split.test is None:
        return write_report(results, held, out / "out_of_fold", here, out)
    write_report(results, held, out / "out_of_fold", here, out / "out_of_fold")
    tell(Staged("test", f"{len(split.test)} exams that nothing was chosen by"))
    read_cohort_with(model, split.test, out / "test", book)
    results = read_results(out / "test", split.test, recipe.task)
    about = _compared(about, recipe, [(samples, load_samples(split.test, recipe))], wanted, held.root)
    about = replace(about, split="test", seconds=time.perf_counter() - began)
    return write_report(results, split.test, out / "test", about, out)


def _compared(
    about: About,
    recipe: Recipe,
    pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]],
    wanted: bool,
    root: Path,
) -> About:
    """With what must be beaten: a forest's answers; of pictures from signals, what can be shown without the signal."""
    from ..engine.without_signal import NAME as WITHOUT
    from ..engine.without_signal import without_signal

    known = without_signal(recipe, pairs, root)
    baselines = dict(_baselines(recipe, pairs)) if wanted else {}
    if known.measures:
        baselines[WITHOUT] = known.measures
    findings = None if about.findings is None else (*known.findings, *about.findings)
    warnings = (*about.warnings, *known.warnings)
    return replace(about, baselines=baselines, without=known.pictures, findings=findings, warnings=warnings)


def _baselines(
    recipe: Recipe, pairs: Sequence[tuple[Sequence[Sample], Sequence[Sample]]]
) -> Mapping[str, Mapping[str, Mapping[str, Measure]]]:
    found = baseline(recipe.task, pairs, recipe.seed)
    name = SIGNAL_NAME if recipe.task.from_signal else NAME
    return {name: found} if found else {}


def _about(checked: Checked, recipe: Recipe, split: Split, model: OpenedModel, run: tuple[Wish, Path]) -> About:
    wish, out = run
    words = ["vesale", "study", checked.cohort.name.split("/")[0], "--out", out.name]
    words += ["--recipe", wish.recipe.name] if wish.recipe else []
    words += ["--model", wish.foreign.name] if wish.foreign else []
    words += ["--budget", f"{wish.budget:.0f}s"] if wish.budget else []
    words += ["--language", wish.language] if wish.language != "en" else []
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
        accepts=accepts_of(model.trust),
        card=model.card,
        recipe=recipe.digest,
        by_subject="subject_leak" not in wish.allow,
        candidates={name: o.candidates for name, o in model.trust.outputs.items() if o.candidates},
        guarantees={name: o.guarantee for name, o in model.trust.outputs.items() if o.guarantee},
        language=wish.language,
    )
