"""A model package, written and opened: opening checks every byte and runs the self-test, and needs no torch."""

import json
import time
import tomllib
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core.decode import decode
from ..core.encode import to_toml
from ..core.errors import PackageError, RecipeError
from ..core.exam import Cohort, Exam
from ..core.grid import Grid
from ..core.image import Image, Kind, Provenance, Source
from ..core.model import Card
from ..core.pipeline import Pipeline, pipeline_of
from ..core.prediction import Evidence, GateVerdict, Prediction, Reason
from ..core.recipe import Recipe
from ..io.package import Package, open_package, write_manifest
from ..ops.look import prepare
from ..render.card_page import card_markdown
from ..render.documents import card_document, dumps
from ..render.words import say
from ..trust.known import news
from ..trust.state import Trust, from_files, to_files
from .answer import judged
from .halves import fits_half
from .infer import infer
from .raw import Raw, foreign_kind, look_at, statistics_of, unlooked
from .record import rule_in_words
from .runtimes import Runner, open_onnx
from .samples import open_view

CLOSE = 2e-3
"""Largest difference of a self-test probability (or share of a value) between machines."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class OpenedModel:
    """A package ready to read with."""

    recipe: Recipe
    card: Card
    pipeline: Pipeline
    trust: Trust
    run: Runner
    package: Package

    def predict(self, exam: Exam, cohort: Cohort | None = None) -> Prediction:
        """The prediction of an exam whose paths are relative to the cohort's root (or to the working folder)."""
        within = cohort or Cohort("", Path(), (exam,))
        views = [open_view(within, view, self.pipeline.task) for view in exam.views]
        return self.predict_sources((exam.id, exam.subject), views)[0]

    def predict_sources(
        self, exam: tuple[str, str | None], views: Sequence[Sequence[Source]]
    ) -> tuple[Prediction, Raw]:
        """The prediction of (id, subject) from one list of sources (the task's inputs in order) a view."""
        began = time.perf_counter()
        foreign = foreign_kind(views, self.pipeline)
        if foreign is not None:
            raw = unlooked(exam, views)
            evidence = self.evidence(raw, time.perf_counter() - began)
            gate = GateVerdict("not_fitted")
            return Prediction(*exam, "declined", (foreign,), {}, gate, evidence, notes=raw.notes), raw
        raw = look_at(exam, views, self.run, self.pipeline)
        return self.judge(raw, time.perf_counter() - began), raw

    def judge(self, raw: Raw, seconds: float) -> Prediction:
        """Apply gate, calibration and refer rule to raw answers."""
        said = judged(raw, self.pipeline, self.trust)
        evidence = self.evidence(raw, seconds)
        other = () if self.trust.known is None else news(self.trust.known, raw.facts)
        done = Prediction(raw.exam, raw.subject, said.status, said.reasons, said.outputs, said.gate, evidence)
        return replace(done, promise=said.promise, notes=raw.notes, news=other)

    def failed(self, exam: str, subject: str | None, message: str) -> Prediction:
        """What is said of an exam that could not be read."""
        evidence = self.evidence(None, 0.0)
        reason = Reason("unreadable", message)
        return Prediction(exam, subject, "failed", (reason,), {}, GateVerdict("not_fitted"), evidence)

    def evidence(self, raw: Raw | None, seconds: float) -> Evidence:
        return Evidence(
            model=self.identity,
            recipe=self.recipe.digest,
            inputs=raw.seen if raw else (),
            runtime=f"onnxruntime {version('onnxruntime')}",
            precision="float32",
            vesale=version("vesale"),
            seed=self.recipe.seed,
            seconds=seconds,
        )

    @property
    def identity(self) -> Mapping[str, str]:
        return {"name": self.card.name, "version": self.card.version, "digest": self.card.digest}


def write_model(folder: Path, network: tuple[Path, Path], recipe: Recipe, card: Card, trust: Trust) -> None:
    """Write a package. `network`: (model.onnx, weights.safetensors), copied in, weights as half floats."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    pipeline = pipeline_of(recipe)
    (folder / "model.onnx").write_bytes(network[0].read_bytes())
    _write_halved(network[1], folder / "weights.safetensors")
    head = "What comes before and after model.onnx. Stage by stage, selftest.npz holds what each must give."
    (folder / "pipeline.toml").write_text(to_toml(pipeline, head), encoding="utf-8")
    (folder / "recipe.toml").write_text(to_toml(recipe, "How this model was learned."), encoding="utf-8")
    document, arrays = to_files(trust)
    (folder / "trust.json").write_text(dumps(document) + "\n", encoding="utf-8")
    np.savez(folder / "trust.npz", **arrays)  # type: ignore[arg-type]
    tested = stages(open_onnx(folder / "model.onnx"), pipeline)
    np.savez_compressed(folder / "selftest.npz", **tested)  # type: ignore[arg-type]
    write_card(folder, card)


def write_card(folder: Path, card: Card) -> None:
    """(Re)write card.json and card.md and close the package; the digest of the model does not depend on them."""
    from ..io.package import model_digest, sha256

    digest = model_digest({p.name: sha256(p) for p in folder.iterdir()})
    card = replace(card, digest=digest)
    (folder / "card.json").write_text(dumps(card_document(card)) + "\n", encoding="utf-8")
    (folder / "card.md").write_text(card_markdown(card, _rules(folder)), encoding="utf-8")
    write_manifest(folder)


def _rules(folder: Path) -> dict[str, str]:
    """What the card says of the refer rule, from the trust that lies beside it."""
    if not (folder / "trust.json").is_file():
        return {}
    document = json.loads((folder / "trust.json").read_text(encoding="utf-8"))
    return {say("report.refer_rule"): rule_in_words(from_files(document, _arrays(folder / "trust.npz")))}


def open_model(path: Path, threads: int | None = None) -> OpenedModel:
    """Open a package folder or zip; PackageError (exit 4) when a byte is changed or the self-test fails."""
    package = open_package(path)
    try:
        pipeline = decode(Pipeline, tomllib.loads((package.folder / "pipeline.toml").read_text(encoding="utf-8")))
        recipe = decode(Recipe, tomllib.loads((package.folder / "recipe.toml").read_text(encoding="utf-8")))
        card = decode(Card, {k: v for k, v in package.document("card.json").items() if k != "schema"})
        trust = from_files(package.document("trust.json"), _arrays(package.folder / "trust.npz"))
        wanted = _arrays(package.folder / "selftest.npz")
        image = wanted["image"]
    except (RecipeError, ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise PackageError(f"{path.name}: {error}", "the package is damaged: get it again") from None
    run = open_onnx(package.folder / "model.onnx", threads)
    _self_test(path.name, wanted, stages(run, pipeline, image))
    return OpenedModel(recipe, card, pipeline, trust, run, package)


def stages(run: Runner, pipeline: Pipeline, image: NDArray[Any] | None = None) -> dict[str, NDArray[Any]]:
    """What each stage gives for a made image or signal: `image`, `planes`, `network/<output>` and `answer/<output>`.

    Where planes of a fixed size are read by smaller tiles, the made image is seen at the size of one tile.
    """
    size, tile = pipeline.look.size, pipeline.tile
    if size is not None and tile is not None and prod(tile) < prod(size):
        pipeline = replace(pipeline, look=replace(pipeline.look, size=tile))
    signal = pipeline.task.from_signal
    samples = (made_signal(pipeline) if signal else made_image(pipeline)) if image is None else image
    spacing = None if signal else pipeline.look.spacing or (1.0, 1.0)
    names = tuple(f"made {i}" for i in range(len(samples)))
    kind: Kind = "signal" if signal else "intensity"
    held = Image(samples, Grid(samples.shape[1:], spacing), kind, names, Provenance("made"))
    opened = [held] * len(pipeline.task.inputs)
    planes = prepare(opened, pipeline.look)
    height, width = planes.data.shape[2:]
    more = [(-n) % pipeline.multiple for n in (height, width)]
    whole = np.pad(planes.data, [(0, 0), (0, 0), (0, more[0]), (0, more[1])])
    found: dict[str, NDArray[Any]] = {"image": samples, "planes": planes.data}
    found["statistics"] = statistics_of(opened, planes, pipeline)[1]
    found |= {f"network/{n}": a for n, a in run(whole).items()}
    return found | {f"answer/{n}": a for n, a in infer(run, planes, pipeline).items()}


def made_image(pipeline: Pipeline) -> NDArray[np.uint8]:
    """Soft blobs drawn from a fixed seed: no cohort's picture is ever in a package."""
    rng = np.random.default_rng(0)
    size = (72, 88)
    y, x = np.mgrid[: size[0], : size[1]]
    count = max(3, pipeline.look.channels)
    picture = np.zeros((count, *size))
    for _ in range(12):
        cy, cx, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(4, 20)
        picture += rng.uniform(-0.4, 0.6, (count, 1, 1)) * np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * r * r))
    samples = (np.clip(picture + 0.4, 0, 1) * 255).astype(np.uint8)
    return samples[: pipeline.look.channels]


def made_signal(pipeline: Pipeline) -> NDArray[np.float32]:
    """Numbers drawn from a fixed seed, one a feature: no cohort's signal is ever in a package."""
    return np.random.default_rng(0).normal(size=(pipeline.look.channels, 1, 1)).astype(np.float32)


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an npz, the file closed whatever it holds."""
    with path.open("rb") as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise ValueError(f"{path.name}: not an npz")
        return {name: file[name] for name in file.files}


def _self_test(name: str, wanted: Mapping[str, NDArray[Any]], found: Mapping[str, NDArray[Any]]) -> None:
    for stage, expected in wanted.items():
        got = found.get(stage)
        if got is None or got.shape != expected.shape:
            raise PackageError(
                f"{name}: the self-test fails at {stage}: another shape came out", "get the package again"
            )
        scale = max(1.0, float(np.abs(expected).max(initial=0)))
        worst = float(np.abs(got.astype(np.float64) - expected).max(initial=0)) / scale
        if not worst <= CLOSE:
            message = f"{name}: the self-test fails at {stage}: {worst:.2g} off, {CLOSE:g} is allowed"
            raise PackageError(message, "this machine computes something else: report it with `vesale --version`")


def _write_halved(source: Path, target: Path) -> None:
    from safetensors.numpy import load_file, save_file

    tensors = load_file(source)
    whole = ("mean", "std")  # of a signal's features, whose scale may be far from 1
    halved = {k: v if k in whole or not fits_half(v) else v.astype(np.float16) for k, v in tensors.items()}
    save_file(halved, target)
