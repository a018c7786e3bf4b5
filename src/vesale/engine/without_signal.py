"""What may be shown without looking at the signal, the mean of the pictures learned from, and whether a held-out
picture was among these: what a decoder must beat, and what would make it look better than it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Cohort
from ..core.recipe import Recipe
from ..core.report import Finding, Measure
from ..core.task import Picture, Task
from ..io.cohort_table import found
from ..metrics.picture import agreement, picture_cells
from ..ops.digest import pixel_digest
from .calibration_rows import Row
from .decoding_fit import prior_pictures, scaled
from .picture_rows import picture_measures, reach_of
from .samples import Sample, view_picture

NAME, NAME_HERE = "no signal: the mean picture", "no signal: the mean of the other pictures"
TWIN = 0.98
"""Pictures that correlate by this are twins: the same, but for a shade or a sample."""
Floats = NDArray[np.float32]
Sides = Sequence[tuple[Sequence[Sample], Sequence[Sample]]]
"""(learned, judged) samples of each network that judged some."""


@dataclass(frozen=True, slots=True, eq=False)
class Without:
    """What is known of held-out pictures before the signal is looked at."""

    measures: Mapping[str, Mapping[str, Measure]] = field(default_factory=dict)
    """Output -> how good the mean picture is."""
    pictures: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    """Output -> exam -> the mean picture that it would be answered with."""
    findings: tuple[Finding, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()


def without_signal(recipe: Recipe, pairs: Sides, root: Path) -> Without:
    """For every picture of a recipe from signals; nothing for other recipes."""
    parts = [
        _of_output(recipe, (name, output), pairs, root)
        for name, output in recipe.task.outputs.items()
        if isinstance(output, Picture) and recipe.task.from_signal
    ]
    return Without(
        {n: m for p in parts for n, m in p.measures.items()},
        {n: m for p in parts for n, m in p.pictures.items()},
        tuple(f for p in parts for f in p.findings),
        tuple(w for p in parts for w in p.warnings),
    )


def mean_of_others(task: Task, cohort: Cohort) -> Without:
    """Of a cohort that nothing was learned from: each true picture beside the mean of those of the other subjects."""
    found = [
        _others_mean(name, output, cohort)
        for name, output in task.outputs.items()
        if isinstance(output, Picture) and task.from_signal
    ]
    return Without(
        {n: m for w in found for n, m in w.measures.items()}, {n: p for w in found for n, p in w.pictures.items()}
    )


def _others_mean(name: str, output: Picture, cohort: Cohort) -> Without:
    seen = [(e, view_picture(cohort, e.views[0], name, output)) for e in cohort]
    known = [(e, p.astype(np.float64)) for e, p in seen if p is not None]
    if len({e.subject for e, _ in known}) < 2 or len({p.shape for _, p in known}) > 1:
        return Without()
    own: dict[str, list[NDArray[np.float64]]] = {}
    for exam, picture in known:
        own.setdefault(exam.subject, []).append(picture)
    total = np.sum([p for _, p in known], axis=0)
    means = {s: (total - np.sum(some, axis=0)) / (len(known) - len(some)) for s, some in own.items()}
    rows: list[Row] = []
    answers: dict[str, Floats] = {}
    for exam, picture in known:
        low, high = reach_of({"low": output.low, "high": output.high}, picture.astype(np.float32))
        cells = picture_cells(means[exam.subject], picture, high - low)
        rows.append({f"{name}.{k}": v for k, v in cells.items()} | {f"{name}.truth": "known"})
        answers[exam.id] = means[exam.subject].astype(np.float32)
    return Without({name: picture_measures(name, rows, None, [e.subject for e, _ in known])}, {name: answers})


def _of_output(recipe: Recipe, named: tuple[str, Picture], pairs: Sides, root: Path) -> Without:
    name, output = named
    assert output.low is not None and output.high is not None
    rows: list[Row] = []
    subjects: list[str] = []
    answers: dict[str, Floats] = {}
    for learned, judged in pairs:
        known = [s.pictures[name] for s in learned if name in s.pictures]
        asked = [s for s in judged if name in s.pictures]
        if not known or not asked:
            continue
        mean: Floats = np.asarray(np.mean(known, axis=0, dtype=np.float64), np.float32)
        for sample in asked:
            cells = picture_cells(mean, sample.pictures[name], output.high - output.low)
            rows.append({f"{name}.{k}": v for k, v in cells.items()} | {f"{name}.truth": "known"})
            subjects.append(sample.subject)
            answers[sample.exam] = mean
    if not rows:
        return Without()
    seen = seen_before(name, pairs, _others(recipe, output, root), output)
    warnings = tuple(("picture_seen", f.message) for f in seen if f.severity == "warning")
    return Without({name: picture_measures(name, rows, None, subjects)}, {name: answers}, seen, warnings)


def seen_before(name: str, pairs: Sides, others: NDArray[np.float64] | None, output: Picture) -> tuple[Finding, ...]:
    """One finding: which held-out pictures, or their twins, were learned from or are in the prior; a warning if any.

    `others`: (n, samples) scaled pictures of the prior's file.
    """
    same, twins, nearest = [], [], 0.0
    count = 0
    for learned, judged in pairs:
        known = [s.pictures[name] for s in learned if name in s.pictures]
        asked = [s for s in judged if name in s.pictures]
        if not asked or not (known or others is not None):
            continue
        digests = {pixel_digest(p) for p in known}
        flat = [scaled(p.ravel().astype(float), output) for p in known]
        table = np.concatenate([np.reshape(flat, (len(flat), -1)), others]) if others is not None else np.stack(flat)
        likeness = agreement(
            np.stack([scaled(s.pictures[name].ravel().astype(float), output) for s in asked]), table
        ).max(axis=1)
        for sample, like in zip(asked, likeness, strict=True):
            count += 1
            if pixel_digest(sample.pictures[name]) in digests or like > 1 - 1e-9:
                same.append(sample.exam)
            elif like >= TWIN:
                twins.append(sample.exam)
            else:
                nearest = max(nearest, float(like))
    if not count:
        return ()
    where = "trained on" if others is None else "trained on or in the prior"
    if not same and not twins:
        text = (f"{name}: none of {count} held-out pictures, nor a twin, was {where}; the nearest correlates by "
                f"{nearest:.2f}", "nothing to do")  # fmt: skip
        return (found("subject_leak", "note", text, f"picture|{name}"),)
    text = (
        f"{name}: of {count} held-out pictures {len(same)} were {where}, {len(twins)} have a twin there (correlation "
        f"of {TWIN} or more): such a picture need only be recognised, not decoded",
        "give the trials of one picture one subject, so that they stay on one side of every split",
    )
    return (found("subject_leak", "warning", text, f"picture|{name}", [*same, *twins]),)


def _others(recipe: Recipe, output: Picture, root: Path) -> NDArray[np.float64] | None:
    return prior_pictures(recipe, root, output)
