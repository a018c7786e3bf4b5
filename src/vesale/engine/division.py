"""Who is learned from, who calibrates, who tests: the parts of a study, and the answers on those that were held out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..core.errors import CohortError
from ..core.exam import Cohort, Exam
from ..core.image import Source
from ..core.pipeline import pipeline_of
from ..core.recipe import Recipe
from .raw import Raw, load_raw, look_at, save_raw
from .runtimes import Runner, open_onnx
from .samples import Sample, open_view
from .survey import strata

SPARE = 0.2
"""Share of the subjects held out to calibrate, and again to test, when the table gives no splits and there are many."""


@dataclass(frozen=True, slots=True)
class Split:
    """Who is learned from, who calibrates, who tests."""

    learned: Cohort
    calibration: Cohort | None
    """None: cross-fitting on the learned."""
    test: Cohort | None
    folds: Mapping[str, int]


def divide(cohort: Cohort, recipe: Recipe) -> Split:
    """Made exams (`vesale synthesise`) are learned from alone: none calibrates or tests."""
    split = _divide(cohort, recipe)
    kept = [part and part.where([e for e in part if not e.made], "") for part in (split.calibration, split.test)]
    return replace(split, calibration=kept[0], test=kept[1]) if any(e.made for e in cohort) else split


def _divide(cohort: Cohort, recipe: Recipe) -> Split:
    given = {e.split for e in cohort}
    test = cohort.of_split("test")
    learned = cohort.of_split("train") if "train" in given else cohort.where([e for e in cohort if e.split is None], "")
    if recipe.validate.mode == "given":
        return _given(cohort, recipe)
    if not len(learned):
        raise CohortError(f"{cohort.name}: no exam to learn from", "see the column split, and `vesale check`")
    groups = strata(learned, recipe.task)
    if recipe.validate.mode in ("cross_fit", "one_fold"):
        held = cohort.of_split("validation", "calibration")
        learned = learned.where([*learned, *held], "") if len(held) else learned
        folds = learned.folds(recipe.validate.folds, recipe.seed, groups)
        if recipe.validate.mode == "one_fold":
            folds = {subject: k for subject, k in folds.items() if k == 0}
        return Split(learned, None, test if len(test) else None, folds)
    if recipe.validate.mode == "none":
        return Split(learned, None, test if len(test) else None, {})
    calibration = cohort.of_split("calibration", "validation")
    if not len(calibration):
        shares = [1 - SPARE, SPARE] if len(test) else [1 - 2 * SPARE, SPARE, SPARE]
        parts = learned.split(shares, recipe.seed, groups)
        learned, calibration = parts[0], parts[1]
        test = test if len(test) else parts[2]
    return Split(learned, calibration, test if len(test) else None, {})


def _given(cohort: Cohort, recipe: Recipe) -> Split:
    """Nobody is learned from: what the table does not keep for the test calibrates, else a half does."""
    test = cohort.of_split("test")
    rest = cohort.where([e for e in cohort if e.split != "test"], "")
    if not len(test):
        rest, test = cohort.split([0.5, 0.5], recipe.seed, strata(cohort, recipe.task))
    if not len(rest) or not len(test):
        raise CohortError(f"{cohort.name}: no exam to calibrate on, or none to test", "see the column split")
    return Split(cohort.where([], ""), rest, test, {})


def sides(part: str, samples: Sequence[Sample], split: Split, recipe: Recipe) -> tuple[list[Sample], list[Sample]]:
    """(learned, held out) samples of a part."""
    subjects = learned_by(part, split, recipe)
    return [s for s in samples if s.subject in subjects], [s for s in samples if s.subject not in subjects]


def learned_by(part: str, split: Split, recipe: Recipe) -> frozenset[str]:
    """Whom a part learns from: all but a fold; for shadows, two by two, a half of the subjects and the other half."""
    what, _, k = part.partition("-")
    everyone = split.learned.subjects
    if what == "fold":
        return frozenset(s for s in everyone if split.folds.get(s) != int(k))
    if what == "shadow":
        seed = recipe.seed + 1 + int(k) // 2
        halves = split.learned.split([0.5, 0.5], seed, strata(split.learned, recipe.task))
        return frozenset(halves[int(k) % 2].subjects)
    return frozenset(everyone)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Every held-out exam with the raw answers of a network that had not seen it; kept on disk, one in memory."""

    recipe: Recipe
    split: Split
    out: Path
    digests: Mapping[str, str]

    @property
    def cohort(self) -> Cohort:
        if self.split.calibration is not None:
            return self.split.calibration
        known = [e for e in self.split.learned if e.subject in self.split.folds and not e.made]
        return self.split.learned.where(known, "")

    def __call__(self) -> Iterator[tuple[Exam, Raw]]:
        runners: dict[str, Runner] = {}
        pipeline = pipeline_of(self.recipe)
        for exam in self.cohort:
            part = "all" if self.split.calibration is not None else f"fold-{self.split.folds[exam.subject]}"
            path = self.out / "fit" / part / f"raw-{self.digests[part][:12]}" / f"{exam.id}.npz"
            views = sources_of(self.cohort, exam, self.recipe)
            if not path.exists():
                runners[part] = runners.get(part) or open_onnx(self._onnx(part))
                save_raw(look_at((exam.id, exam.subject), views, runners[part], pipeline), path)
            yield exam, load_raw(path, (exam.id, exam.subject), views, pipeline)

    def _onnx(self, part: str) -> Path:
        return self.out / "fit" / part / f"model-{self.digests[part][:12]}.onnx"


def sources_of(cohort: Cohort, exam: Exam, recipe: Recipe) -> list[list[Source]]:
    return [open_view(cohort, view, recipe.task) for view in exam.views]
