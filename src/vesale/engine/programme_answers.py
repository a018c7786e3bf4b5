"""Answers that a study of a package kept (out_of_fold/<exam>), taken instead of the package's: of networks that had not
learned from the exam. Nothing is computed here."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import CohortError, SourceError
from ..core.grid import Grid
from ..core.image import Image, Provenance
from ..core.prediction import (
    Answer,
    AnsweredCategory,
    AnsweredPartition,
    AnsweredQuantity,
    GateVerdict,
    Prediction,
    Reason,
    Region,
)
from ..core.task import Partition
from .opened import OpenedModel
from .results import view_mask

PARTS = ("out_of_fold", "readings", "")
"""Where below the given folder the exams may lie, in the order in which they are looked for."""


def answers_folder(given: Path) -> Path:
    """The folder of exams in the RUN of a study, or in a folder of readings; CohortError when there is none."""
    for part in PARTS:
        folder = given / part if part else given
        if any(folder.glob("*/prediction.json")):
            return folder
    raise CohortError(f"{given}: no answers there", "give the RUN of a study with folds, or a folder of readings")


def kept_prediction(folder: Path, exam: str, model: OpenedModel) -> Prediction:
    """What folder/<exam>/prediction.json says; SourceError when the exam is not there."""
    path = folder / exam / "prediction.json"
    if not path.is_file():
        raise SourceError(f"{folder.name}: no answer for the exam {exam}", "the exams of both tables must agree")
    said = json.loads(path.read_text(encoding="utf-8"))
    outputs = {name: _answer(path.parent, name, o, model) for name, o in said["outputs"].items()}
    reasons = tuple(Reason(r["code"], r["message"], r["value"], r["threshold"]) for r in said["reasons"])
    gate = GateVerdict(said["gate"]["verdict"])
    evidence = model.evidence(None, float(said["evidence"]["seconds"]))
    notes = tuple(said.get("notes") or ())
    return Prediction(exam, said["subject"], said["status"], reasons, outputs, gate, evidence, notes=notes)


def copy_answer(folder: Path, exam: str, to: Path) -> None:
    """prediction.json and the masks beside the patient's other answers; maps of confidence stay where they are."""
    leave = shutil.ignore_patterns("*.confidence.*", "overlay.png", "explanation*")
    shutil.copytree(folder / exam, to, ignore=leave, dirs_exist_ok=True)
    document = json.loads((to / "prediction.json").read_text(encoding="utf-8"))
    for output in document["outputs"].values():
        if output["kind"] == "partition":
            output["confidence_files"] = []
    (to / "prediction.json").write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _answer(folder: Path, name: str, said: Mapping[str, Any], model: OpenedModel) -> Answer:
    match said["kind"]:
        case "category":
            plausible = tuple(said["set"]) if said["set"] else None
            answer = tuple(said["answer"]) if isinstance(said["answer"], list) else said["answer"]
            p = {k: float(v) for k, v in said["probabilities"].items()}
            return AnsweredCategory(said["exclusive"], answer, p, said["calibrated"], plausible, said["level"])
        case "quantity":
            given: dict[str, Any] = {k: said[k] for k in ("value", "unit", "low", "high", "level", "step")}
            given |= {k: tuple(said[k]) if said[k] else None for k in ("steps", "probabilities", "set")}
            return AnsweredQuantity(**given)
        case "partition":
            output = model.pipeline.task.outputs[name]
            assert isinstance(output, Partition)
            data = view_mask(folder, said["files"], 0, output)
            grid = Grid(tuple(data.shape[1:]), None)
            channels = ("index",) if output.exclusive else output.names
            labels = Image(data, grid, "labels", channels, Provenance("kept"))
            regions = tuple(Region(**region) for region in said["regions"])
            return AnsweredPartition(output.exclusive, output.names, (labels,), (), regions, files=tuple(said["files"]))
    raise SourceError(f"{folder.name}: an output of kind {said['kind']}", "programmes take three kinds")
