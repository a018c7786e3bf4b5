"""What a network sees of one view, altered at will and scored: the common ground of every way to explain.

An answer may come from several planes (slices), tiles and mirror images; the explained number is the mean over them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..core.errors import ShapeError, SourceError
from ..core.grid import Box
from ..core.image import Image, Step
from ..core.pipeline import Pipeline
from ..ops.look import Placement, evenly, prepare, prepare_labels, restore
from ..ops.tiles import tiles
from .aiming import Target, read_off
from .infer import mirrors_of
from .runtimes import Runner
from .samples import slices_to_see

FADE = 1 / 4
"""Standard deviation of the blur that takes detail away, as a share of the plane's shorter side: with half of that a
finding of a fifth of the side is still there, and maps missed what was planted."""
BATCH = 8
WIDEST = 1024
"""Side of the largest window around a region whose outline is explained."""
Floats = NDArray[np.float32]
Mirror = tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    planes: Floats
    """(P, C, H, W), as the look makes them; of an outline only the window around its region."""
    faded: Floats
    """The same without detail: what stands for 'nothing to see'."""
    where: NDArray[np.bool_] | None
    """(P, H, W): of an outline, the samples over which the log-odds are averaged; None for an answer of the whole."""
    weights: NDArray[np.float64]
    """(P,): the part of each plane in the explained number; they add up to one."""
    boxes: tuple[Box, ...]
    """Tiles that go through the network one by one; one box is the whole plane."""
    window: Box
    """Where these planes lie in those of the placement."""
    placement: Placement
    levels: tuple[int, ...] | None
    """Of a volume: the stored slices that the planes are; None for a picture."""
    multiple: int
    """Height and width are filled up with zeros to a multiple of this before they go through the network."""


def sight_of(images: Sequence[Image], pipeline: Pipeline, target: Target, region: NDArray[np.bool_] | None) -> Sight:
    """Of one view; `region`, of an outline: (*shape) on the image's grid. SourceError when it holds no sample."""
    levels = slices_to_see(images[0], pipeline.task, pipeline.look)
    if target.dense:
        levels = _slices_of(images[0], region, pipeline.look.slices)
    planes = prepare(images, pipeline.look, levels)
    size = planes.data.shape[2:]
    where = None
    window = Box((0, 0), (size[0], size[1]))
    if target.dense and region is not None:
        where = prepare_labels(region[None].astype(np.uint8), planes.placement, levels)[:, 0] > 0
        if not where.any():
            raise SourceError("the region lies where the model does not look", "give another --region or --mask")
        window = _window(where, pipeline)
        where = where[(slice(None), *window.slices)]
    data = np.ascontiguousarray(planes.data[(slice(None), slice(None), *window.slices)])
    count = np.ones(len(data)) if where is None else where.sum(axis=(1, 2)).astype(float)
    whole = Box((0, 0), window.shape)
    cut = None if target.dense else pipeline.tile
    boxes = (whole,) if cut is None else tuple(tiles(window.shape, cut, pipeline.overlap))
    shown = tuple(range(len(data))) if levels is None else tuple(levels)
    kept = shown if len(images[0].grid.shape) == 3 else None
    multiple = pipeline.multiple if window.shape == size or pipeline.tile is None else math.gcd(*pipeline.tile)
    weights = count / count.sum()
    return Sight(data, faded(data), where, weights, boxes, window, planes.placement, kept, multiple)


def faded(planes: Floats) -> Floats:
    """(P, C, H, W) blurred so strongly that only the distribution of light is left."""
    sigma = FADE * min(planes.shape[2:])
    return np.asarray(ndimage.gaussian_filter(planes, (0, 0, sigma, sigma), mode="nearest"), np.float32)


def plane_scores(
    run: Runner, altered: Floats, index: NDArray[np.intp], sight: Sight, asked: tuple[Pipeline, Target]
) -> NDArray[np.float64]:
    """(M, C, H, W) altered planes, plane `index` of the sight each -> the explained number of each: (M,)."""
    pipeline, target = asked
    total, ways = np.zeros(len(altered)), mirrors_of(pipeline)
    for axes in ways:
        for box in sight.boxes:
            some = np.flip(altered[(slice(None), slice(None), *box.slices)], axes)
            for i in range(0, len(some), BATCH):
                found = read_off(_padded(run, some[i : i + BATCH], sight.multiple)[target.name], target)
                part = slice(i, i + len(found))
                if sight.where is None:
                    total[part] += found
                else:
                    total[part] += _within(found[:, : box.shape[0], : box.shape[1]], axes, sight.where[index[part]])
    return total / (len(ways) * len(sight.boxes))


def scorer(run: Runner, sight: Sight, asked: tuple[Pipeline, Target]) -> Callable[[Floats], NDArray[np.float64]]:
    """(N, P, C, H, W) altered versions of the view -> the explained number of each: (N,)."""
    count = len(sight.planes)

    def scores(versions: Floats) -> NDArray[np.float64]:
        index = np.tile(np.arange(count), len(versions))
        flat = versions.reshape(-1, *versions.shape[2:])
        each = plane_scores(run, flat, index, sight, asked).reshape(len(versions), count)
        return np.asarray(each @ sight.weights)

    return scores


def on_the_image(maps: NDArray[np.floating], sight: Sight, image: Image, pipeline: Pipeline, method: str) -> Image:
    """(P, H, W) attributions of a sight on the image's own grid, zero wherever the network does not look."""
    whole = np.zeros((len(maps), 1, *sight.placement.size), np.float32)
    rows, columns = sight.window.slices
    whole[:, 0, rows, columns] = maps
    back = restore(whole, sight.placement, [0.0])  # (1, y, x) or (1, P, y, x)
    height, width = image.grid.shape[-2:]
    for top, left, bottom, right in pipeline.look.erase:
        back[..., round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = 0
    if sight.levels is not None:
        volume = np.zeros((1, *image.grid.shape), np.float32)
        volume[:, list(sight.levels)] = back
        back = volume
    return replace(nowhere(image, method), data=back)


def nowhere(image: Image, method: str) -> Image:
    """A map of an image on which nothing was looked at."""
    step = Step("explain", (("method", method),))
    nothing = np.zeros((1, *image.grid.shape), np.float32)
    return Image(nothing, image.grid, "intensity", ("attribution",), image.provenance.then(step))


def box_region(shape: tuple[int, ...], box: Sequence[int]) -> NDArray[np.bool_]:
    """(top, left, bottom, right) in samples as a region of an image's grid; ShapeError when it leaves it."""
    top, left, bottom, right = box
    if not (0 <= top < bottom <= shape[-2] and 0 <= left < right <= shape[-1]):
        raise ShapeError(
            f"the region {top},{left},{bottom},{right} does not lie in the picture of {shape[-2]} x {shape[-1]}",
            "give top,left,bottom,right in samples, the first being 0",
        )
    region = np.zeros(shape, bool)
    region[..., top:bottom, left:right] = True
    return region


def _slices_of(image: Image, region: NDArray[np.bool_] | None, most: int) -> list[int] | None:
    """Of a volume: the slices that hold the region, evenly thinned to `most`."""
    if len(image.grid.shape) != 3 or region is None:
        return None
    held = np.flatnonzero(region.any(axis=(1, 2)))
    if not held.size:
        raise SourceError("the region holds no sample", "give another --region or --mask")
    return [int(held[i]) for i in evenly(len(held), most)]


def _window(where: NDArray[np.bool_], pipeline: Pipeline) -> Box:
    """The whole plane when it goes through the network at once, else a tile's reach around the region."""
    shape = where.shape[1:]
    tile = pipeline.tile
    if tile is None or all(n <= t for n, t in zip(shape, tile, strict=True)):
        return Box((0, 0), (shape[0], shape[1]))
    spans = []
    for axis in (0, 1):
        held = np.flatnonzero(where.any(axis=(0, 2 - axis)))
        first, last = int(held[0]), int(held[-1]) + 1
        side = max(tile[axis], last - first + tile[axis] // 2)
        if side > WIDEST:
            raise SourceError(f"the region spans {last - first} samples, too many to explain at once (the most is "
                              f"{WIDEST - tile[axis] // 2})", "give a smaller --region")  # fmt: skip
        start = min(max(0, (first + last - side) // 2), max(0, shape[axis] - side))
        spans.append((start, min(shape[axis], start + side)))
    return Box((spans[0][0], spans[1][0]), (spans[0][1], spans[1][1]))


def _padded(run: Runner, some: Floats, multiple: int) -> dict[str, Floats]:
    more = [(-n) % multiple for n in some.shape[2:]]
    if any(more):
        some = np.pad(some, [(0, 0), (0, 0), (0, more[0]), (0, more[1])])
    return dict(run(np.ascontiguousarray(some)))


def _within(found: NDArray[np.float64], axes: Mirror, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean of (M, H, W) over the samples of `where` (M, H, W), of what came from mirrored planes mirrored back."""
    back = np.flip(found, tuple(a - 1 for a in axes))
    counts = np.maximum(where.sum(axis=(1, 2)), 1)
    return np.asarray((back * where).sum(axis=(1, 2)) / counts)
