"""Which pictures of thousands may show the same, turned, mirrored or cropped: candidates, to be laid over each other.

A picture is squashed onto 32 x 32 areas and told by its lowest
cosine frequencies under a soft window. A turn or a crop
is linear in the areas, so that one matrix gives the fingerprints of all of them; the eight symmetries of a square only
change signs and places of the frequencies. Fingerprints are whitened by the cohort's own: what all of its pictures have
in common (the disc of a fundus, the ribs of a chest) tells nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
AREAS, ORDER = 32, 8
"""Areas a side; frequencies (i, j) with i + j < ORDER are kept, but the mean."""
TURNS = (-37.5, -30.0, -22.5, -15.0, -7.5, 7.5, 15.0, 22.5, 30.0, 37.5, 45.0)
"""Degrees; with the quarter turns, the whole circle."""
CLOSER = (0.95, 0.72)
"""Shares of each side that are left where a picture is turned by more than 10 degrees and its corners are cut away."""
STARTS = 4
"""Maps that are proposed for one pair."""
CROPS = (0.9, 0.8)
"""Share of each side that a crop keeps."""
FLAT = 0.5
"""Grey levels: a picture that varies less over its areas, lowest frequencies alone, is nearly constant."""
LIKE = 0.65
"""Correlation of two fingerprints from which they are candidates."""
MOST = 10
"""Candidates that one picture may have; of more, the likest."""
SAMPLE = 1000
"""Pictures from which it is learned what all of them have in common."""
BLOCK, TILE, THREADS = 512, 512, 2
"""Pictures that are compared with others at a time, and with how many; how many blocks at a time."""
_Near = tuple[int, int, int, float]
"""Query, target, variant of the query, correlation of the fingerprints."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Picture `a`, changed by `affine`, may be picture `b`."""

    a: int
    b: int
    affine: tuple[float, ...]
    """2 x 3, row by row: from (x, y) of b to (x, y) of a; each picture spans -1 to 1."""
    like: float


@dataclass(frozen=True, slots=True, eq=False)
class Whitening:
    mean: Floats
    matrix: Floats
    trust: float
    """How far the cohort's own mean and spread are believed: 0 for none, towards 1 for many pictures."""


def candidates(
    pictures: Sequence[Grey], others: Sequence[Grey] | None = None, watch: Callable[[int], None] = lambda _: None
) -> list[Candidate]:
    """Pairs that may show the same, each with a few maps: of `pictures`, a < b, or of `pictures` (a) and `others` (b).

    Nearly flat pictures have no candidates. `watch` hears how many pictures have been compared.
    """
    sides = [pictures] if others is None else [pictures, others]
    if not all(sides):
        return []
    areas, shapes = [_areas(side) for side in sides], [[p.shape for p in side] for side in sides]
    plain = [_fingerprints(a, s, 1)[:, 0] for a, s in zip(areas, shapes, strict=True)]  # each (n, d)
    white = _whitening(np.concatenate(plain))
    seen: list[Candidate] = []
    for ours, theirs in ((0, -1), (-1, 0))[: len(sides)]:
        targets, centres = _white(plain[theirs], white), _centres(areas[ours], shapes[ours], white)

        def block(start: int, ours: int = ours, targets: Singles = targets, centres: Singles = centres) -> list[_Near]:
            some = slice(start, start + BLOCK)
            queries = _queries(areas[ours][some], shapes[ours][some], white)  # (variant, query, d)
            return list(_likest(queries, targets, centres, start if others is None else None))

        with ThreadPoolExecutor(THREADS) as pool:  # products of matrices leave the interpreter's lock alone
            starts = range(0, len(areas[ours]), BLOCK)
            for start, found in zip(starts, pool.map(block, starts), strict=True):
                for i, j, variant, like in found:
                    aspect = _aspect(shapes[ours][start + i])
                    back = start + i > j if others is None else ours != 0
                    pair = (j, start + i) if back else (start + i, j)
                    seen.append(Candidate(*pair, _affine(variant, aspect, back), like))
                watch(min(start + BLOCK, len(areas[ours])) + (len(areas[0]) if ours else 0))
    return seen


def _areas(pictures: Sequence[Grey]) -> Singles:
    """(n, AREAS * AREAS) means over areas, whatever the shapes."""
    rows = [_parts(p.shape[0]) @ p.astype(np.float32) @ _parts(p.shape[1]).T for p in pictures]
    return np.array(rows, np.float32).reshape(len(rows), AREAS * AREAS)


@lru_cache(maxsize=512)
def _parts(count: int) -> Singles:
    """(AREAS, count): the share of each sample in each area, the rows summing to one."""
    edges = np.linspace(0, count, AREAS + 1)
    low, high = edges[:-1, None], edges[1:, None]
    inside = np.minimum(high, np.arange(1, count + 1)) - np.maximum(low, np.arange(count))
    return np.asarray(np.clip(inside, 0, None) * AREAS / count, np.float32)


def _fingerprints(areas: Singles, shapes: Sequence[tuple[int, ...]], warps: int) -> Singles:
    """(n, warp, d), each of length one, or zero for a picture that is nearly flat; the first warp is none."""
    found = np.zeros((len(areas), warps, len(_frequencies()[0])), np.float32)
    aspects = [_aspect(shape) for shape in shapes]
    for aspect in set(aspects):
        rows = [i for i, other in enumerate(aspects) if other == aspect]
        matrix = _matrix(aspect)[: warps * found.shape[2]]
        found[rows] = (areas[rows] @ matrix.T).reshape(len(rows), warps, -1)
    size = np.linalg.norm(found, axis=2, keepdims=True)
    flat = size < FLAT * AREAS
    return np.asarray(np.where(flat, 0, found / np.maximum(size, 1e-6)), np.float32)


def _aspect(shape: Sequence[int]) -> float:
    """Width by height, in steps of a tenth of an octave, so that a cohort has few."""
    return float(2 ** (round(np.log2(shape[1] / shape[0]) * 10) / 10))


@lru_cache(maxsize=1)
def _frequencies() -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(i along y, j along x) of those that are kept."""
    i, j = np.indices((ORDER, ORDER))
    kept = (i + j < ORDER) & (i + j > 0)
    return i[kept], j[kept]


@lru_cache(maxsize=32)
def _matrix(aspect: float) -> Singles:
    """(warp * d, AREAS * AREAS): areas to the fingerprints of a picture of this aspect under each of `_warps`."""
    i, j = _frequencies()
    place = (np.arange(AREAS) + 0.5) / AREAS
    wave = np.cos(np.pi * np.arange(ORDER)[:, None] * place)  # (frequency, area)
    window = np.sin(np.pi * place) ** 0.75
    soft = np.outer(window, window)
    basis = (wave[i][:, :, None] * wave[j][:, None, :] * soft).reshape(len(i), -1)
    basis -= basis.sum(1, keepdims=True) * soft.reshape(1, -1) / soft.sum()  # what is constant leaves no trace
    return np.concatenate([basis @ _sampling(warp) for warp in _warps(aspect)]).astype(np.float32)


def _sampling(warp: Floats) -> Floats:
    """(AREAS * AREAS, AREAS * AREAS): a picture's areas to those of the picture seen through `warp`, bilinear."""
    centre = (np.arange(AREAS) + 0.5) / AREAS * 2 - 1
    y, x = (grid.reshape(-1) for grid in np.meshgrid(centre, centre, indexing="ij"))
    seen = warp[:, :2] @ np.stack([x, y]) + warp[:, 2:]
    column, row = np.clip((seen + 1) / 2 * AREAS - 0.5, 0, AREAS - 1)
    matrix = np.zeros((AREAS, AREAS, AREAS * AREAS))
    at = np.arange(AREAS * AREAS)
    for dy in (0, 1):
        for dx in (0, 1):
            r, c = np.floor(row).astype(int) + dy, np.floor(column).astype(int) + dx
            weight = (1 - np.abs(row - r)) * (1 - np.abs(column - c))
            np.add.at(matrix, (np.minimum(r, AREAS - 1), np.minimum(c, AREAS - 1), at), weight)
    return matrix.reshape(AREAS * AREAS, -1).T


def _warps(aspect: float) -> list[Floats]:
    """2 x 3, from the changed picture's coordinates to the picture's: none, turns, crops at several places."""
    warps = [np.eye(2, 3)]
    for degrees in TURNS:
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        for keep in CLOSER if abs(degrees) > 10 else (1.0,):
            warps.append(keep * np.array([[c, -s / aspect, 0], [s * aspect, c, 0]]))
    for keep in CROPS:
        steps = np.linspace(keep - 1, 1 - keep, 5).tolist() if keep < 0.85 else [0.0]
        places = [(x, y) for x in steps for y in steps]
        warps += [np.array([[keep, 0, x], [0, keep, y]]) for x, y in places]
    return warps


SYMMETRIES = tuple((swap, x, y) for swap in (False, True) for x in (1, -1) for y in (1, -1))
"""(x and y change places, sign of x, sign of y): the eight of a square."""


def _turned(prints: Singles, symmetry: tuple[bool, int, int]) -> Singles:
    """Fingerprints (..., d) of the pictures turned or mirrored."""
    i, j = _frequencies()
    swap, x, y = symmetry
    if not swap:
        return prints * (np.float32(y) ** i * np.float32(x) ** j)
    place = {pair: n for n, pair in enumerate(zip(i.tolist(), j.tolist(), strict=True))}
    order = [place[b, a] for a, b in zip(i.tolist(), j.tolist(), strict=True)]
    return prints[..., order] * (np.float32(x) ** i * np.float32(y) ** j)


@lru_cache(maxsize=8192)
def _affine(variant: int, aspect: float, back: bool) -> tuple[float, ...]:
    """From the coordinates of the changed picture to the picture's own; `back`: the other way."""
    warps = _warps(aspect)
    (swap, x, y), warp = SYMMETRIES[variant // len(warps)], warps[variant % len(warps)]
    square = np.array([[0, x], [y, 0]] if swap else [[x, 0], [0, y]], float)
    found = tuple(np.column_stack([warp[:, :2] @ square, warp[:, 2]]).reshape(-1).tolist())
    return inverse(found) if back else found


def inverse(affine: Sequence[float]) -> tuple[float, ...]:
    """The way back of 2 x 3 numbers."""
    a, b, c, d, e, f = affine
    size = a * e - b * d
    m = np.array([[e, -b], [-d, a]]) / size
    return tuple(np.column_stack([m, -m @ [c, f]]).reshape(-1).tolist())


def _whitening(prints: Singles) -> Whitening:
    """Of the cohort's plain fingerprints; the fewer there are, the nearer to none."""
    n, d = prints.shape
    mean = prints.mean(0, dtype=float)
    spread = np.cov(prints.T.astype(float), bias=True) if n > 1 else np.zeros((d, d))
    trust = n / (n + 2 * d)
    level = max(float(np.trace(spread)) / d, 1e-6)
    values, vectors = np.linalg.eigh(trust * spread + (1 - trust) * level * np.eye(d))
    floor = np.maximum(values, 0.05 * level)
    return Whitening(mean * trust, vectors / np.sqrt(floor), trust)


def _white(prints: Singles, white: Whitening) -> Singles:
    """Zero, of a flat picture, stays zero."""
    found = (prints - white.mean.astype(np.float32)) @ white.matrix.astype(np.float32)
    found[~prints.any(-1)] = 0
    return np.asarray(found, np.float32)


def _queries(areas: Singles, shapes: Sequence[tuple[int, ...]], white: Whitening) -> Singles:
    """(variant, query, d): each picture under each symmetry of each warp."""
    prints = np.moveaxis(_fingerprints(areas, shapes, len(_warps(1.0))), 1, 0)  # (warp, query, d)
    return np.concatenate([_white(_turned(prints, symmetry), white) for symmetry in SYMMETRIES])


def _centres(areas: Singles, shapes: Sequence[tuple[int, ...]], white: Whitening) -> Singles:
    """(variant, 1, d): what a crop or turn of any picture of this cohort looks like; that tells none from another."""
    some = np.linspace(0, len(areas) - 1, min(len(areas), SAMPLE)).astype(int)
    queries = _queries(areas[some], [shapes[i] for i in some], white)
    return np.asarray(queries.mean(1, keepdims=True) * white.trust, np.float32)


def _likest(queries: Singles, targets: Singles, centres: Singles, own: int | None) -> Iterator[_Near]:
    """Those from `LIKE` on; `own`: targets from there on are the queries themselves."""
    best = np.full((queries.shape[1], len(targets)), -1, np.float32)
    moved = _unit(queries, centres)
    for start in range(0, len(targets), TILE):  # small enough to stay in the processor's cache
        part, tile = targets[start : start + TILE], best[:, start : start + TILE]
        products = np.empty((len(best), len(part)), np.float32)
        for variant, centre in zip(moved, centres, strict=True):
            np.matmul(variant, _unit(part, centre).T, out=products)
            np.maximum(tile, products, out=tile)
    if own is not None:
        np.fill_diagonal(best[:, own:], -1)
    for i, row in enumerate(best):
        near = np.flatnonzero(row > LIKE)
        near = near[np.argsort(-row[near])][:MOST]
        if not len(near):
            continue
        every = np.einsum("vd,vkd->kv", moved[:, i], _unit(targets[near], centres))
        starts = np.argsort(-every, axis=1)[:, :STARTS]
        for j, four, likes in zip(near.tolist(), starts.tolist(), every.tolist(), strict=True):
            yield from ((i, j, variant, likes[variant]) for variant in four)


def _unit(prints: Singles, centre: Singles) -> Singles:
    """Away from a centre, and of length one; zero stays zero."""
    moved = prints - centre
    length = np.sqrt(np.einsum("...d,...d->...", moved, moved))
    length = np.where(prints.any(-1), np.maximum(length, 1e-6), np.inf)
    return np.asarray(moved / length[..., None], np.float32)
