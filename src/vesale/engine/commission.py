"""A model at a new site: its answers on local exams, what was fitted again on them, and a package that says so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.acceptance import Moved
from ..core.errors import VesaleError
from ..core.exam import Cohort, Exam
from ..core.recipe import Trust as Wanted
from ..io.package import open_package
from ..metrics.intervals import clopper_pearson
from ..render.documents import dumps
from ..trust.accept import picture_changes
from ..trust.state import Trust, to_files
from .calibration import fit_trust
from .calibration_outputs import Basis
from .gating import WHOLE, Learned
from .opened import OpenedModel, write_card
from .publish import publish
from .raw import Raw, load_raw, look_at, save_raw
from .samples import open_view

FOLDS = 5
"""Parts in which the local exams take turns to be judged by what was fitted on the others."""


@dataclass(frozen=True, slots=True)
class LocalAnswers:
    """Every local exam with the model's raw answers; kept on disk, one in memory, as often as it is asked for."""

    model: OpenedModel
    cohort: Cohort
    folder: Path

    def __call__(self) -> Iterator[tuple[Exam, Raw]]:
        for exam in self.cohort:
            path = self.folder / f"{exam.id}.npz"
            views = [open_view(self.cohort, view, self.model.pipeline.task) for view in exam.views]
            yield exam, load_raw(path, (exam.id, exam.subject), views, self.model.pipeline)

    def of(self, exams: Sequence[Exam]) -> "LocalAnswers":
        return replace(self, cohort=self.cohort.where(exams, ""))


def answered(model: OpenedModel, cohort: Cohort, folder: Path) -> tuple[LocalAnswers, tuple[tuple[str, str], ...]]:
    """The model's raw answers on every exam that it can be run on, and (exam, why) of the others; done ones stay."""
    kept, failed = [], []
    (folder / model.card.digest).mkdir(parents=True, exist_ok=True)
    for exam in cohort:
        path = folder / model.card.digest / f"{exam.id}.npz"
        try:
            if not path.exists():
                views = [open_view(cohort, view, model.pipeline.task) for view in exam.views]
                save_raw(look_at((exam.id, exam.subject), views, model.run, model.pipeline), path)
            kept.append(exam)
        except VesaleError as error:  # one exam fails alone
            failed.append((exam.id, error.message))
    return LocalAnswers(model, cohort.where(kept, ""), folder / model.card.digest), tuple(failed)


def refitted(local: LocalAnswers, wanted: Wanted) -> Trust:
    """Calibration, sets, gate and refer rule of these exams, none of which the network learned from."""
    gate = local.model.trust.gate
    seen = Learned({WHOLE: gate.spaces} if gate else {})  # what the network saw in the exams that it learned from
    return fit_trust(local, Basis(local.cohort, local.model.pipeline, wanted, False, seen))


def judged_as_delivered(local: LocalAnswers, out: Path) -> None:
    """Write out/<exam>/prediction.json of every exam, by the package as it came."""
    _published(local, local.model, out)


def judged_in_turns(local: LocalAnswers, wanted: Wanted, out: Path, seed: int, strata: Mapping[str, str]) -> None:
    """The same by what was fitted again on the other exams of the site, in turns of `FOLDS`, by subject."""
    folds = local.cohort.folds(FOLDS, seed, strata)
    for k in range(FOLDS):
        held = [exam for exam in local.cohort if folds[exam.subject] == k]
        others = [exam for exam in local.cohort if folds[exam.subject] != k]
        if held and others:
            trust = refitted(local.of(others), wanted)
            _published(local.of(held), replace(local.model, trust=trust), out)


def _published(local: LocalAnswers, model: OpenedModel, out: Path) -> None:
    for exam, raw in local():
        sources = [open_view(local.cohort, view, model.pipeline.task)[0] for view in exam.views]
        publish(out / exam.id, model.judge(raw, 0.0), raw, sources)


def moved_pictures(local: LocalAnswers) -> tuple[Moved, ...]:
    """How the site's pictures differ from those of the training, as the gate of origin remembers these."""
    gate = local.model.trust.gate
    if gate is None:
        return ()
    rows = [dict(zip(raw.names, raw.statistics.tolist(), strict=True)) for _, raw in local()]
    here = {name: np.array([row[name] for row in rows if name in row]) for name in gate.names}
    centre, scale = (dict(zip(gate.names, values.tolist(), strict=True)) for values in (gate.centre, gate.scale))
    return picture_changes(centre, scale, here)


def declines_too_many(statuses: Sequence[str], rate: float) -> bool:
    """Whether the gate of origin declines more of the site's exams than it may, beyond chance."""
    declined = sum(status == "declined" for status in statuses)
    return bool(statuses) and clopper_pearson(declined, len(statuses), 0.95)[0] > rate


def write_local_model(model: OpenedModel, trust: Trust, folder: Path, facts: Mapping[str, Any]) -> str:
    """The package of the site: the network of origin, untouched, with what was fitted here and its origin's name.
    Its digest comes back.

    `facts`: name, measures, and what else the card says of the site.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name in ("model.onnx", "pipeline.toml", "recipe.toml", "selftest.npz", "weights.safetensors"):
        source = model.package.folder / name
        if source.is_file():
            (folder / name).write_bytes(source.read_bytes())
    document, arrays = to_files(trust)
    (folder / "trust.json").write_text(dumps(document) + "\n", encoding="utf-8")
    np.savez(folder / "trust.npz", **arrays)  # type: ignore[arg-type]
    write_card(folder, replace(model.card, origin=dict(model.identity), **facts))
    return open_package(folder).digest
