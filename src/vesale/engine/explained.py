"""The reasons of one exam: its target, its maps by each method, and what the checks of faithfulness say of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..core.errors import MissingExtra, PackageError, SourceError
from ..core.explanation import METHODS, Aim, Explanation, Faithfulness, Method, Structure
from ..core.image import Image, Source
from ..core.pipeline import Pipeline
from ..core.prediction import AnsweredPartition, Prediction
from ..core.task import Category, Partition
from ..ops.structures import largest_of, structure_of
from ..trust.faithful import cells, curves, judged, likeness, order_of, random_orders, spread, visible
from .aiming import Target, target_of
from .occlude import occlusion
from .opened import OpenedModel
from .raw import Raw
from .runtimes import Runner, open_onnx
from .shuffle import shuffled_onnx
from .sight import Sight, box_region, nowhere, on_the_image, scorer, sight_of
from .views import read_view

if TYPE_CHECKING:
    from ..nets.heads import Network

SHUFFLES = 3
"""Networks with shuffled weights whose maps a map is compared with."""
Maps = list[NDArray[np.float64]]
"""One (P, H, W) a view."""


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """What is asked about an exam."""

    output: str | None = None
    """None: the task's first."""
    target: str | None = None
    """A class, step or structure; None: what was answered."""
    methods: tuple[Method, ...] = ("occlusion",)
    region: tuple[int, int, int, int] | None = None
    """Of an outline: top, left, bottom, right in samples; None: the largest structure that was outlined."""
    mask: NDArray[np.bool_] | None = None
    """Of an outline: its nonzero samples, on the image's grid."""


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """A model with its shuffled twins, made once for many exams."""

    model: OpenedModel
    twins: tuple[Runner, ...]
    """model.onnx with shuffled weights."""
    network: "Network | None" = None
    """The torch network; None where no method needs it."""
    torch_twins: "tuple[Network, ...]" = ()
    why: str = ""
    """Why weights could not be shuffled."""
    notes: tuple[str, ...] = field(default=())


def bench_of(model: OpenedModel, methods: Sequence[Method], lenient: bool = False) -> tuple[Bench, tuple[Method, ...]]:
    """The model made ready, and the methods that can be had of it.

    MissingExtra or PackageError when a method cannot; `lenient`: it is left out, and a note says so.
    """
    twins, why = _twins(model)
    if set(methods) <= {"occlusion"}:
        return Bench(model, twins, why=why), tuple(methods)
    try:
        network = _network(model)
    except (MissingExtra, PackageError) as error:
        if not lenient:
            raise
        note = f"only occlusion could be had: {error.message}" + (f" ({error.remedy})" if error.remedy else "")
        return Bench(model, twins, why=why, notes=(note,)), ("occlusion",)
    from .attribute import shuffled

    torch_twins = tuple(shuffled(network, seed) for seed in range(SHUFFLES))
    return Bench(model, twins, network, torch_twins, why), tuple(methods)


def explained(
    bench: Bench, read: tuple[Prediction, Raw], views: Sequence[Sequence[Source]], wish: Wish
) -> tuple[Explanation, ...]:
    """One explanation a method, of an exam that was answered.

    SourceError when there is nothing to explain: no answer, or no structure was outlined.
    """
    checks, regions = prepared(bench, read, views, wish)
    if bench.network is not None:
        from .attribute import agree

        agree(bench.network, bench.model, checks.sights[0])
    return tuple(_by(method, checks, read[1], regions, wish) for method in wish.methods)


def prepared(
    bench: Bench, read: tuple[Prediction, Raw], views: Sequence[Sequence[Source]], wish: Wish
) -> "tuple[Checks, list[NDArray[np.bool_] | None]]":
    """(what every method is measured against, of an outline the region of each view)."""
    prediction, raw = read
    if not prediction.outputs:
        raise SourceError("there is no answer to explain", "; ".join(r.message for r in prediction.reasons) or None)
    pipeline = bench.model.pipeline
    target = _chosen(pipeline, prediction, raw, wish)
    regions = [_region(target, prediction, i, image, wish) for i, image in enumerate(raw.images)]
    if target.dense and not any(r is not None for r in regions):
        raise SourceError(f"no {target.label} was outlined, so there is no structure to explain", "give a --region")
    seen = tuple(i for i, r in enumerate(regions) if r is not None or not target.dense)
    sights = []
    for i in seen:
        opened = read_view(views[i], pipeline.task, pipeline.look)[0]
        sights.append(sight_of(opened, pipeline, target, regions[i]))
    return Checks(bench, sights, (pipeline, target), seen), regions


def structures_in(
    answer: AnsweredPartition, view: int, attribution: Image | None, only: str | None = None
) -> tuple[Structure, ...]:
    """What a partition model, this one or another, outlined in a view, and the share of a map of it in each name."""
    labels = answer.labels[view]
    values = None if attribution is None or attribution.grid.shape != labels.grid.shape else attribution.data[0]
    names = answer.names[1:] if answer.exclusive else answer.names
    return tuple(
        structure_of(name, mask_of(answer, view, name), labels.grid, values) for name in names if only in (None, name)
    )


def mask_of(answer: AnsweredPartition, view: int, name: str) -> NDArray[np.bool_]:
    """(*shape): where a view bears a name."""
    labels, index = answer.labels[view].data, answer.names.index(name)
    return np.asarray(labels[0] == index if answer.exclusive else labels[index] == 1)


def _twins(model: OpenedModel) -> tuple[tuple[Runner, ...], str]:
    """model.onnx with shuffled weights, or none and why."""
    data = (model.package.folder / "model.onnx").read_bytes()
    runners = []
    for seed in range(SHUFFLES):
        changed, count = shuffled_onnx(data, seed)
        if not count:
            return (), "model.onnx keeps its weights where they cannot be shuffled"
        runners.append(open_onnx(changed))
    return tuple(runners), ""


def _network(model: OpenedModel) -> "Network":
    from importlib.util import find_spec

    missing = [name for name in ("torch", "captum", "safetensors") if find_spec(name) is None]
    if missing:
        message = f"integrated gradients and Grad-CAM need what is not installed: {', '.join(missing)}"
        raise MissingExtra(message, "pip install 'vesale[explain]', or use occlusion")
    from .attribute import rebuilt

    return rebuilt(model)


def _chosen(pipeline: Pipeline, prediction: Prediction, raw: Raw, wish: Wish) -> Target:
    """The target that the user named, or what was answered."""
    name, output, index = target_of(pipeline, wish.output, wish.target)
    if index is None and isinstance(output, Category):
        index = int(np.argmax(raw.pooled[name]))
    if index is None and isinstance(output, Partition):
        answer = prediction.outputs[name]
        assert isinstance(answer, AnsweredPartition)
        drawn = [n for n in output.scored if any(mask_of(answer, i, n).any() for i in range(len(answer.labels)))]
        index = output.names.index((drawn or output.scored)[0])
    return Target(name, output, index)


def _region(target: Target, prediction: Prediction, view: int, image: Image, wish: Wish) -> NDArray[np.bool_] | None:
    """Of an outline: the samples of a view whose log-odds are explained; None where a view has none.

    A region or mask that was given lies in the first view.
    """
    if not target.dense:
        if wish.region is not None or wish.mask is not None:
            raise SourceError(f"{target.name} is one answer for the whole image, so it has no region", "leave it out")
        return None
    if view and (wish.mask is not None or wish.region is not None):
        return None
    if wish.mask is not None:
        if wish.mask.shape != image.grid.shape:
            raise SourceError(f"the mask is {wish.mask.shape}, the image {image.grid.shape}", "give one of its size")
        return wish.mask
    if wish.region is not None:
        return box_region(image.grid.shape, wish.region)
    answer = prediction.outputs[target.name]
    assert isinstance(answer, AnsweredPartition)
    assert target.label is not None
    found = largest_of(mask_of(answer, view, target.label))
    return found if found.any() else None


@dataclass(frozen=True, slots=True, eq=False)
class Checks:
    """An exam as the network sees it, against which every method is measured."""

    bench: Bench
    sights: Sequence[Sight]
    asked: tuple[Pipeline, Target]
    seen: tuple[int, ...]
    """Which views the sights are of: of an outline those that hold its structure."""
    random: list[NDArray[np.float64]] = field(default_factory=list)
    """Curves (2, S) of each random order, drawn when they are first needed."""

    def maps(self, method: Method, twin: int | None = None, coarse: bool = False) -> Maps:
        """Of every view, by the network (twin None) or by one with shuffled weights."""
        make = _makers(self.bench, twin)[method]
        if method == "occlusion":
            make = partial(make, coarse=coarse)
        return [make(sight, self.asked) for sight in self.sights]

    def curves(self, orders: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
        """(2, S): the mean over views, each with its order of cells."""
        found = []
        for sight, order in zip(self.sights, orders, strict=True):
            seen = int(visible(sight.planes, sight.faded).sum())
            pair = (sight.planes, sight.faded)
            found.append(curves(scorer(self.bench.model.run, sight, self.asked), pair, order, seen))
        return np.asarray(np.mean(found, axis=0))

    def baseline(self) -> NDArray[np.float64]:
        """(R, 2, S)"""
        if not self.random:
            rng = np.random.default_rng(0)
            drawn = [random_orders(visible(s.planes, s.faded), rng) for s in self.sights]
            self.random.extend(self.curves(orders) for orders in zip(*drawn, strict=True))
        return np.stack(self.random)

    def own(self, maps: Maps) -> NDArray[np.float64]:
        """(2, S): the curves of maps, whatever made them."""
        rng = np.random.default_rng(1)
        pairs = zip(self.sights, maps, strict=True)
        return self.curves([order_of(cells(one), visible(s.planes, s.faded), rng) for s, one in pairs])

    def faithfulness(self, method: Method, maps: Maps) -> tuple[Faithfulness, NDArray[np.float64]]:
        """(what was measured of the maps, their own curves)."""
        own = self.own(maps)
        plain = self.maps(method, coarse=True) if method == "occlusion" else maps  # its fine maps are costly
        similar = [self.likeness(method, plain, twin) for twin in range(self.twins(method))]
        return judged(own, self.baseline(), similar or None, self.bench.why), own

    def twins(self, method: Method) -> int:
        return len(self.bench.twins if method == "occlusion" else self.bench.torch_twins)

    def likeness(self, method: Method, maps: Maps, twin: int) -> float:
        """Of the maps with those of a network with shuffled weights, occlusion's with windows side by side."""
        other = self.maps(method, twin, coarse=True)
        seen = [spread(visible(s.planes, s.faded), (s.planes.shape[2], s.planes.shape[3])) for s in self.sights]
        flat = [np.concatenate([m.ravel() for m in several]) for several in (maps, other)]
        return likeness(flat[0], flat[1], np.concatenate([s.ravel() for s in seen]))


def _makers(bench: Bench, twin: int | None) -> Mapping[Method, Callable[..., NDArray[np.float64]]]:
    run = bench.model.run if twin is None else bench.twins[twin] if bench.twins else bench.model.run
    makers: dict[Method, Callable[..., NDArray[np.float64]]] = {"occlusion": partial(occlusion, run)}
    if bench.network is not None:
        from .attribute import grad_cam, integrated_gradients

        network = bench.network if twin is None else bench.torch_twins[twin]
        makers |= {
            "grad_cam": partial(grad_cam, network),
            "integrated_gradients": partial(integrated_gradients, network),
        }
    return makers


def _by(
    method: Method, checks: Checks, raw: Raw, regions: Sequence[NDArray[np.bool_] | None], wish: Wish
) -> Explanation:
    pipeline, target = checks.asked
    maps = checks.maps(method)
    faithfulness, own = checks.faithfulness(method, maps)
    images = [nowhere(image, method) for image in raw.images]
    slices: list[tuple[int, ...] | None] = [None if image.data.ndim == 3 else () for image in raw.images]
    for view, one, sight in zip(checks.seen, maps, checks.sights, strict=True):
        images[view] = on_the_image(one, sight, raw.images[view], pipeline, method)
        slices[view] = sight.levels
    held = [r for r in regions if r is not None]
    shown = None if not held else "mask" if wish.mask is not None else "box" if wish.region else "structure"
    aim = Aim(
        output=target.name,
        name=target.label,
        unit=target.unit,
        value=float(own[0, 0]),
        faded=float(own[0, -1]),
        region=shown,  # type: ignore[arg-type]
        samples=int(sum(r.sum() for r in held)) if held else None,
    )
    return Explanation(method, aim, tuple(images), tuple(slices), faithfulness)


def in_order(explanations: Sequence[Explanation]) -> tuple[Explanation, ...]:
    """Those that passed their checks first, each part in the order of the methods; nothing is chosen by its score."""
    return tuple(sorted(explanations, key=lambda e: (not e.faithfulness.passed, METHODS.index(e.method))))
