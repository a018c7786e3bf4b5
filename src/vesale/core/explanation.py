"""Where a model looked, as data: what was asked, how faithful the map is, which training exams are alike.

How maps are made lives in the engine, what makes them pass in `trust/faithful.py`, how they are drawn in render.
"""

from dataclasses import dataclass
from typing import Literal

from .image import Image
from .report import Measure

Method = Literal["integrated_gradients", "grad_cam", "occlusion"]
METHODS: tuple[Method, ...] = ("grad_cam", "occlusion", "integrated_gradients")
ALIKE = 0.5
"""Rank correlation with the maps of shuffled weights from which a map is said to show little of what was learned."""
Shown = Literal["structure", "box", "mask"]


@dataclass(frozen=True, slots=True)
class Aim:
    """The one number whose reasons are asked for."""

    output: str
    name: str | None
    """The class or the structure; None for a number and for a grade as a whole."""
    unit: str
    """Of the number: log-odds, or the quantity's own."""
    value: float
    """Of the exam as it is: the mean over its views, slices, tiles and mirror images."""
    faded: float
    """Of the exam with all detail taken away."""
    region: Shown | None = None
    """Of an outline: what the log-odds are averaged over; None for an answer of the whole image."""
    samples: int | None = None
    """How many samples that region has in the image."""


@dataclass(frozen=True, slots=True)
class Faithfulness:
    """What was measured of one map, and which of the checks it failed."""

    deletion: Measure
    """How much sooner the answer falls when what the map names is taken away first, than in random order."""
    insertion: Measure
    """How much sooner it comes back when what the map names is given back first."""
    randomised_weights: Measure
    """Rank correlation of the map with maps of the same network with shuffled weights: must be low."""
    failed: tuple[str, ...]
    """deletion, insertion, randomised_weights; empty when all were passed."""

    @property
    def passed(self) -> bool:
        return not self.failed

    @property
    def weaker(self) -> Measure:
        """The one of deletion and insertion that says less for the map; an unknown one first."""
        pair = (self.deletion, self.insertion)
        return min(pair, key=lambda m: float("-inf") if m.value is None else m.value)


@dataclass(frozen=True, slots=True)
class Structure:
    """What a mask holds of one name, and how much of a map lies in it."""

    name: str
    count: int
    """Connected regions, corners counting as touching."""
    samples: int
    """Of the largest."""
    area_mm2: float | None
    """Of the largest; None without a scale, and for volumes."""
    volume_mm3: float | None
    place: tuple[str, str] | None
    """Thirds of the picture in which the middle of the largest lies: upper, middle, lower; left, centre, right."""
    slices: tuple[int, int] | None
    """Of a volume: first and last stored slice, from 1, of the largest."""
    share: float | None
    """Of what speaks for the answer in the map: how much lies in all of the regions. None when nothing does."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training exam that the network sees as like this one."""

    exam: str
    """Its id, or what stands for it."""
    distance: float
    nearer: float
    """Share of the training exams whose own nearest neighbour is farther than this one: 1 is very near."""
    thumbnail: bytes | None = None
    """PNG, only where the package was asked to carry them."""


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    method: Method
    aim: Aim
    maps: tuple[Image, ...]
    """One per view: (1, *shape) float32 on the image's own grid, in the aim's unit up to the method's scale; positive
    speaks for the answer. Zero where the network does not look."""
    slices: tuple[tuple[int, ...] | None, ...]
    """Per view: of a volume the stored slices, from 0, that were looked at."""
    faithfulness: Faithfulness
    structures: tuple[Structure, ...] = ()
    """Of the outlines of the same exam, where a model drew some."""
