"""A whole experiment as one frozen value: what to learn, from which pixels, with which network, how long.

Reading it from TOML and writing it back live in `core/decode.py`; the string under a field is its help and its docs.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from .decode import decode, read_toml
from .errors import RecipeError
from .task import Task

LATER: Mapping[str, Mapping[str, Any]] = {
    "look": {"names": (), "fit": "pad"},
    "net": {"frozen": 0},
    "train": {"rare": 0.33, "lanes": 1, "start": ""},
    "trust": {"shadows": 2, "mask_delta": 0.0, "neighbours": "none", "cost": {}, "positive": ()},
    "decode": {
        "prior": "",
        "blend": 0.0,
        "smooth": 1.0,
        "penalties": (1.0, 10.0, 100.0, 1000.0),
        "components": (20, 40),
        "voxels": (),
        "weights": (1.0,),
        "encode": "components",
        "inner": 5,
        "choose": "mse",
        "shrink": 0.5,
        "rescale": 1.0,
        "layer_weights": (1.0, 1.0, 1.0),
        "steps": 40,
        "rate": 0.2,
    },
}
"""Settings that came after recipes were published: at these values they are left out of the digest, which stays."""


@dataclass(frozen=True, slots=True)
class Look:
    """How pixels become what the network sees."""

    channels: int = 3
    """1: grey; 3: red, green, blue (grey images are repeated); or as many as every image has. Of a signal: how many
    features it has."""
    range: Literal["dtype", "percentile", "channel", "fixed", "local", "raw"] = "dtype"
    """What maps to [0, 1]: the integer type's whole range, each image's 0.5 to 99.5 percentile, that of each channel
    of each image by itself, or `low` to `high`; local: the first of these, then each sample against the mean and spread
    of its surroundings, so that uneven light and the camera's tint count less. raw: nothing does, the values stay as
    they are (signals)."""
    low: float | None = None
    """With range = fixed: the value that becomes 0 (HU for CT, SUV for PET)."""
    high: float | None = None
    """With range = fixed: the value that becomes 1."""
    erase: tuple[tuple[float, ...], ...] = ()
    """Boxes (top, left, bottom, right), as shares of height and width, painted black before anything else is done:
    burned-in dates and marks that would betray the answer."""
    crop: Literal["none", "content"] = "none"
    """content: cut away the dark frame around the picture."""
    spacing: tuple[float, ...] | None = None
    """Millimetres (row, column) at which the network sees the world; None keeps each image's own."""
    size: tuple[int, ...] | None = None
    """(height, width) to which every image is resized, keeping its aspect, the rest black; None keeps each own size."""
    fit: Literal["pad", "stretch", "cover"] = "pad"
    """How an image gets that size. stretch: without its aspect; cover: its middle is cut out in the size's aspect."""
    slices: int = 16
    """Of a volume: how many slices stand for it where one answer is asked of the whole."""
    names: tuple[str, ...] = ()
    """Of the channels, in the order in which the network sees them; none: grey, or red, green, blue."""

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise RecipeError(f"look.channels: expected 1 or more, got {self.channels}")
        if self.names and len(self.names) != self.channels:
            raise RecipeError(f"look.names: {len(self.names)} names for {self.channels} channels")


@dataclass(frozen=True, slots=True)
class Net:
    name: str = "unet"
    """unet, wnet (two U-Nets in a row), efficientnet_unet (a U-Net that goes down as efficientnet_lite does), resnet or
    efficientnet_lite; linear for signals; from a signal to the picture that was seen ridge_pixels, ridge_components,
    gaussian or features (see decode); foreign: it came as ONNX."""
    width: int = 16
    """Channels of the first stage; every stage doubles it. Of efficientnet_unet: of the way up alone. Of linear: units
    of a hidden layer."""
    depth: int = 4
    """Stages, each at half the resolution of the one before. Of linear: layers, the answering one included. Of foreign:
    sides of the image are filled up to a multiple of 2 ** (depth - 1)."""
    pretrained: bool = False
    """efficientnet_lite and efficientnet_unet only: start from ImageNet weights (extra `weights`)."""
    frozen: int = 0
    """efficientnet_lite only: so many first stages keep their weights, which saves the most costly part of learning."""
    dropout: float = 0.0
    """Share of the pooled features that is dropped while learning."""


@dataclass(frozen=True, slots=True)
class Augment:
    """Random changes that must not change the answer; each is drawn anew for every image."""

    flip: tuple[Literal["horizontal", "vertical"], ...] = ("horizontal",)
    rotate: float = 10.0
    """Largest turn, in degrees."""
    scale: float = 0.1
    """Largest relative change of size."""
    shift: float = 0.05
    """Largest move, as a share of the image."""
    brightness: float = 0.1
    contrast: float = 0.1
    gamma: float = 0.1
    colour: float = 0.05
    """Largest gain of one channel against the others."""
    noise: float = 0.01
    """Standard deviation of added noise, images being in [0, 1]; of a signal, in each feature's own."""
    mixup: float = 0.0
    """Parameter of the Beta distribution that mixes two images (Zhang et al. 2018); 0 does not. Whole images only."""


@dataclass(frozen=True, slots=True)
class Train:
    steps: int = 1000
    """Updates of the weights. Frozen by `plan` from the time that was given, so that the recipe gives one model."""
    batch: int = 8
    rate: float = 1e-3
    """Peak learning rate of the one-cycle schedule (Smith and Topin 2018)."""
    warmup: float = 0.1
    """Share of the steps during which the rate rises."""
    weight_decay: float = 1e-2
    patch: tuple[int, ...] | None = None
    """(height, width) of a training patch; None takes whole images."""
    loss: Literal["auto", "cross_entropy", "dice_cross_entropy", "focal", "scaled_cross_entropy"] = "auto"
    """auto: cross-entropy for a category, with Dice for a partition, cumulative link for a grade, Huber for numbers;
    scaled_cross_entropy, of outlines that overlap: each name's cross-entropy as a share of what its frequency alone
    would leave, so that rare names weigh as much as frequent ones."""
    rare: float = 0.33
    """Share of patches centred on a sample of a name drawn at random, so that small structures are seen."""
    balance: bool = False
    """Draw rare classes as often as frequent ones (whole images)."""
    smoothing: float = 0.0
    """Label smoothing."""
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 2
    lanes: int = 1
    """Parts of a batch that are learned from side by side, each by one thread, instead of `threads` threads in every
    operation: faster where other work takes the cores now and then. 1 is all images together."""
    average: float = 0.99
    """Decay of the exponential moving average of the weights; the average is what is kept. 0 keeps the last weights."""
    checkpoint: int = 200
    """Steps between checkpoints, from which a stopped run goes on, bit for bit."""
    start: str = ""
    """Path of weights to start from, as `vesale train --masked` learned them from pictures alone; empty: none."""

    def __post_init__(self) -> None:
        if not 1 <= self.lanes <= self.batch:
            raise RecipeError(f"train.lanes: expected 1 to {self.batch}, the batch, got {self.lanes}")
        if not 0 <= self.rare <= 1:
            raise RecipeError(f"train.rare: expected a share between 0 and 1, got {self.rare}")


@dataclass(frozen=True, slots=True)
class Validate:
    mode: Literal["cross_fit", "one_fold", "split", "none", "given"] = "cross_fit"
    """cross_fit: k folds, then a fit on all; one_fold: the first of the k folds alone, then a fit on all, where a fit
    takes long: fewer exams calibrate and are measured; split: the table's own validation and calibration splits; none:
    nothing is held out, so nothing is calibrated; given: the network came ready, so all exams calibrate or test."""
    folds: int = 5
    """How many folds when cross-fitting."""
    tiles_overlap: float = 0.25
    """Overlap of neighbouring tiles when an image is read by patches."""
    flips: bool = False
    """Average the answers of the image and its mirror images; costs four times the work for a partition."""


@dataclass(frozen=True, slots=True)
class Trust:
    alpha: float = 0.05
    """Of the exams reported alone at most this share may be wrong."""
    delta: float = 0.1
    """With confidence 1 - delta."""
    level: float = 0.9
    """Coverage of sets and intervals; share of a structure that a mask finds."""
    mask_delta: float = 0.0
    """0: a mask's promise holds on average over exams; else it holds with confidence 1 - this, and marks more."""
    false_alarms: float = 0.02
    """Share of good exams that the gate may decline; 0 fits no gate, so nothing is declined for its looks."""
    shadows: int = 2
    """With validate.mode = split: networks learned on a half of the subjects each, against which the model is compared
    to measure whether it betrays whom it was learned from; an even number, 0: not measured. (Folds need none.)"""
    neighbours: Literal["none", "hashed", "ids", "thumbnails"] = "none"
    """What the package keeps of its training exams, so that those like a new one can be named: nothing; the network's
    features with hashed ids; with the ids as they are; or with small pictures as well."""
    positive: tuple[str, ...] = ()
    """Names of a category that call for action, so that not giving one is to miss it; none: told from the names, where
    one of them says normal, benign, no ..."""
    cost: Mapping[str, float] = field(default_factory=dict)
    """What an error of a kind costs, in plain errors: missed, false, 'truth:answer', for a number low or high; every
    other costs 1. With prices `alpha` bounds the mean cost of the exams reported alone."""

    def __post_init__(self) -> None:
        for name in ("alpha", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise RecipeError(f"trust.{name}: expected a share between 0 and 1, got {getattr(self, name)}")
        for kind, price in self.cost.items():
            if not (math.isfinite(price) and price >= 0):
                raise RecipeError(f"trust.cost.{kind}: expected a price of 0 or more, got {price}")
        if self.shadows < 0 or self.shadows % 2:
            raise RecipeError(f"trust.shadows: expected an even number or 0, got {self.shadows}")


@dataclass(frozen=True, slots=True)
class Decode:
    """How a signal becomes the picture that was seen, where net.name is a decoder: ridge_pixels, ridge_components,
    gaussian or features. Where several values are given, one is chosen inside each training fold."""

    prior: str = ""
    """File beside the table (.npy, or .npz of one array; pictures x height x width) of other pictures of the kind,
    in the units of the true ones, from which the prior is learned; empty: the pictures of the training."""
    blend: float = 0.0
    """Share of a smooth prior without any shape (neighbouring samples are alike) that is mixed into the learned one."""
    smooth: float = 1.0
    """Its length, in samples of the picture."""
    penalties: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    """Ridge penalties to choose from; signals are standardised."""
    components: tuple[int, ...] = (20, 40)
    """Numbers of components of the prior to choose from; ridge_pixels has none."""
    voxels: tuple[int, ...] = ()
    """Numbers of features of the signal to choose from, those that go best with the pictures first; none: all."""
    weights: tuple[float, ...] = (1.0,)
    """gaussian: how much the prior counts, to choose from; 1 is Bayes' rule."""
    encode: Literal["components", "samples"] = "components"
    """gaussian: what the penalty of the signal's answers is laid on: the components, each in its own spread, or the
    picture's samples, so that components that hardly vary count little."""
    inner: int = 5
    """Folds inside the training fold, by subject, for every choice and for the spread."""
    choose: Literal["mse", "pcc"] = "mse"
    """What the choices are judged by."""
    shrink: float = 0.5
    """gaussian: share of the noise that is taken as independent between features of the signal."""
    rescale: float = 1.0
    """features: how far decoded features are given back the spread of true ones; 0 does not, 1 wholly."""
    layer_weights: tuple[float, ...] = (1.0, 1.0, 1.0)
    """features: of the samples themselves, of the first and of the second layer, each beside its own size."""
    steps: int = 40
    """features: of the descent on the generator's components."""
    rate: float = 0.2
    """features: of each step, in standard deviations of the components."""

    def __post_init__(self) -> None:
        if min((*self.penalties, *self.weights), default=0.0) <= 0 or not self.penalties or not self.weights:
            raise RecipeError("decode: penalties and weights are numbers above 0, at least one of each")
        if min((*self.components, *self.voxels), default=1) < 1 or not self.components or self.inner < 2:
            raise RecipeError("decode: components, voxels and steps are counts, and inner folds are 2 or more")
        if not (0 <= self.blend <= 1 and 0 < self.shrink <= 1 and 0 <= self.rescale <= 1 and self.smooth > 0):
            raise RecipeError("decode: blend, shrink and rescale are shares of 1, and smooth is above 0")
        if len(self.layer_weights) != 3 or min(self.layer_weights) < 0 or not any(self.layer_weights):
            raise RecipeError("decode.layer_weights: three numbers, none below 0 and one above")


@dataclass(frozen=True, slots=True)
class Statement:
    """What the model's card says beside its numbers."""

    intended_use: str | None = None
    """For whom and for what; None: a sentence made from the task."""
    licence: str = "unstated"
    """Of the weights."""
    use: Literal["any", "non_commercial", "research"] = "research"
    """What the terms of the data allow."""
    data: str = ""
    """What was learned from, by its public name."""
    citation: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    task: Task
    look: Look = field(default_factory=Look)
    net: Net = field(default_factory=Net)
    augment: Augment = field(default_factory=Augment)
    train: Train = field(default_factory=Train)
    validate: Validate = field(default_factory=Validate)
    trust: Trust = field(default_factory=Trust)
    card: Statement = field(default_factory=Statement)
    decode: Decode = field(default_factory=Decode)
    seed: int = 0
    """Of everything random: folds, first weights, patches, augmentation."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The fits of a study in order: folds, or shadows, and last the network that will answer."""
        match self.validate.mode:
            case "cross_fit":
                before = [f"fold-{k}" for k in range(self.validate.folds)]
            case "one_fold":
                before = ["fold-0"]
            case "split":
                before = [f"shadow-{k}" for k in range(self.trust.shadows)]
            case "none" | "given":
                before = []
        return (*before, "all")

    @property
    def digest(self) -> str:
        """Of every setting as `load` would read it back, so that 1 and 1.0 are the same number."""
        plain = asdict(decode(type(self), asdict(self)))
        for table, settings in LATER.items():
            plain[table] = {k: v for k, v in plain[table].items() if k not in settings or v != settings[k]}
        if not plain["decode"]:
            del plain["decode"]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:12]


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a TOML recipe, then apply `a.b=value` overrides, then check every type once."""
    return decode(Recipe, read_toml(path, overrides))
