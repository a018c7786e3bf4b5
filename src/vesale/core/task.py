"""What goes in, what comes out. Five families, two inputs, four outputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .errors import RecipeError


@dataclass(frozen=True, slots=True)
class Quantity:
    """One real number: a bone age, a count, an ejection fraction; or a grade, when it has named steps."""

    unit: str = ""
    """Unit of the number: years, mm, points; empty for a grade."""
    low: float | None = None
    high: float | None = None
    steps: tuple[str, ...] | None = None
    """Names of an ordinal scale's steps, lowest first; the number is then the index of the step."""
    action: int | None = None
    """The first step that calls for action (referable); a wrong side of it is what counts as wrong."""
    tolerance: float | None = None
    """Largest error that still counts as right; None: no promise is made about the number."""
    kind: Literal["quantity"] = "quantity"


@dataclass(frozen=True, slots=True)
class Category:
    """One name of several (exclusive), or any number of them."""

    names: tuple[str, ...]
    exclusive: bool = True
    kind: Literal["category"] = "category"


@dataclass(frozen=True, slots=True)
class Partition:
    """A name for every sample of the input's grid; the first is background."""

    names: tuple[str, ...]
    """When exclusive, names[0] is background and a mask holds the index; else each name has its own mask."""
    exclusive: bool = True
    instances: bool = False
    """True when each connected object counts on its own (glands, nuclei)."""
    dice_bound: float | None = None
    """An exam whose Dice falls below this counts as wrong; None: no promise is made."""
    kind: Literal["partition"] = "partition"

    @property
    def scored(self) -> tuple[str, ...]:
        """The names that are measured: all but the background."""
        return self.names[1:] if self.exclusive else self.names


@dataclass(frozen=True, slots=True)
class Picture:
    """Another image: denoised, stained, translated, or reconstructed."""

    channels: tuple[str, ...]
    unit: str | None = None
    kind: Literal["picture"] = "picture"
    size: tuple[int, ...] | None = None
    """(height, width), where the input is a signal and so has none; None: the input's own grid."""
    low: float | None = None
    """The least value that a sample can have, in the unit of the true pictures; answers stay within."""
    high: float | None = None
    """The greatest one; `low` to `high` is the range that PSNR, SSIM and the squared error are stated for."""
    bound: float | None = None
    """Largest error of a sample that still counts as right; a picture is wrong when more than 1 - trust.level of its
    samples are further off. None: no promise is made about the picture."""


Output = Quantity | Category | Partition | Picture


@dataclass(frozen=True, slots=True)
class Task:
    name: str
    outputs: Mapping[str, Output]
    """Name of the label (a column of labels.csv, or `mask`) -> what kind of answer it is."""
    inputs: tuple[str, ...] = ("image",)
    """Names of the exam's images that the network sees, in channel order."""
    modalities: tuple[str, ...] = ()
    """DICOM codes of the modalities the model is for; empty: any."""
    from_signal: bool = False
    """True when the input is not yet an image: k-space, a sinogram, brain activity."""

    def __post_init__(self) -> None:
        if not self.outputs:
            raise RecipeError("task.outputs: a task needs at least one output")

    @property
    def family(self) -> str:
        kinds = sorted({o.kind for o in self.outputs.values()})
        return f"{'signal' if self.from_signal else 'image'} -> {' + '.join(kinds)}"
