"""Everything that was fitted so that a model may be trusted, and how a package holds it: trust.json and trust.npz.

The fitting is in calibrate.py, conform.py, refer.py and gate.py; the files themselves are written by io.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..core.decode import decode
from ..core.errors import PackageError, RecipeError
from ..core.prediction import Guarantee, MaskRisk
from ..core.report import Candidate
from .activity import Reference
from .calibrators import Calibrator
from .difficulty import Interval
from .gate import Gate
from .known import Known
from .refer import ReferRule
from .space import Space

SCHEMA = "vesale/trust/1"
_ARRAYS = ("centre", "scale", "mean", "precisions", "levels")
_SPACE_ARRAYS = ("centre", "scale", "mean", "directions", "variances")


@dataclass(frozen=True, slots=True)
class OutputTrust:
    """What was fitted for one output."""

    temperature: float | None = None
    """None: not calibrated."""
    level: float | None = None
    """Coverage of sets and intervals."""
    set_thresholds: tuple[float, ...] | None = None
    """Per name; all equal when coverage is over all names together."""
    half_width: float | None = None
    """Of the interval around a number."""
    threshold: tuple[float, ...] = ()
    """Of a partition, per scored class: the probability from which a sample belongs; empty: .5."""
    fnr: tuple[MaskRisk, ...] = ()
    """Per scored class."""
    n: int = 0
    """Calibration subjects."""
    note: str | None = None
    """Why something is missing: too few calibration subjects, and how many would do."""
    calibrator: Calibrator | None = None
    """The curve that was chosen; None: the temperature above, or not calibrated."""
    candidates: tuple[Candidate, ...] = ()
    """What was tried to calibrate, with each one's cross-validated score."""
    set_from: Literal["calibrated", "raw"] = "calibrated"
    """Which probabilities the thresholds of sets are of. Those of the network itself do not depend on the calibration
    exams, so that the promise is exact."""
    interval: Interval | None = None
    """How the interval around a number was found, and the quantiles of its errors."""
    spread: float | None = None
    """Of a picture: half the width of the samples' intervals, in its spread."""
    guarantee: Guarantee | None = None

    @property
    def is_calibrated(self) -> bool:
        return self.calibrator is not None or self.temperature is not None


@dataclass(frozen=True, slots=True)
class Trust:
    """All outputs, the rule that reports or refers, and the gate before them."""

    outputs: Mapping[str, OutputTrust]
    refer: ReferRule | None
    gate: Gate | None
    approximate: bool
    """True when calibrated on out-of-fold predictions of other networks than the one that answers."""
    error: str
    """What counts as wrong, in words."""
    n_calibration: int
    by_answer: Mapping[str, Gate] = field(default_factory=dict)
    """`output=answer` -> a gate fitted on the exams of which that is true: what is answered so must look so."""
    reference: Reference | None = None
    """Of signals: what those of the calibration are like, feature by feature."""
    known: Known | None = None
    """What the files of the exams said of devices, parts of the body and sizes."""
    answer_decides: bool = False
    """True: where an answer has a gate of its own it decides alone, at the whole false-alarm rate; False: both gates
    do, each at half of it."""


@dataclass(frozen=True, slots=True)
class _SpaceRecord:
    """The part of a space that is no array."""

    name: str
    start: int
    rest: float
    level: tuple[float, float]
    n: int


@dataclass(frozen=True, slots=True)
class _GateRecord:
    """The part of a gate that is no array."""

    names: tuple[str, ...]
    threshold: float
    false_alarm_rate: float
    n: int
    approximate: bool
    spaces: tuple[_SpaceRecord, ...] = ()
    emphasis: float = 1.0


@dataclass(frozen=True, slots=True)
class _Record:
    schema: str
    outputs: Mapping[str, OutputTrust]
    refer: ReferRule | None
    gate: _GateRecord | None
    approximate: bool
    error: str
    n_calibration: int
    by_answer: Mapping[str, _GateRecord] = field(default_factory=dict)
    known: Known | None = None
    answer_decides: bool = False


def to_files(trust: Trust) -> tuple[dict[str, Any], dict[str, NDArray[np.floating[Any]]]]:
    """(the document of trust.json, the arrays of trust.npz); `from_files` gives the same values back, bit for bit."""
    record = _Record(
        SCHEMA,
        trust.outputs,
        trust.refer,
        _recorded(trust.gate) if trust.gate else None,
        trust.approximate,
        trust.error,
        trust.n_calibration,
        {key: replace(_recorded(gate), spaces=()) for key, gate in trust.by_answer.items()},
        trust.known,
        trust.answer_decides,
    )
    arrays = _arrays("gate", trust.gate) if trust.gate else {}
    for i, space in enumerate(trust.gate.spaces if trust.gate else ()):
        arrays |= {f"space{i}_{name}": np.asarray(getattr(space, name), np.float32) for name in _SPACE_ARRAYS}
    for i, gate in enumerate(trust.by_answer.values()):
        arrays |= _arrays(f"answer{i}", gate)
    if trust.reference is not None:
        arrays |= {"reference_total": trust.reference.total, "reference_squares": trust.reference.squares}
        arrays["reference_n"] = np.array(float(trust.reference.n))
    return _plain(asdict(record)), arrays


def from_files(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Trust:
    """The inverse of to_files; PackageError when the document is of another schema or incomplete."""
    if document.get("schema") != SCHEMA:
        raise PackageError(
            f"trust.json: expected schema {SCHEMA}, found {document.get('schema')!r}",
            "use the version of vesale that wrote the package, or calibrate it again",
        )
    try:
        record = decode(_Record, document, "trust")
        spaces = tuple(_space(s, i, arrays) for i, s in enumerate(record.gate.spaces)) if record.gate else ()
        gate = _gate(record.gate, "gate", arrays, spaces) if record.gate else None
        by_answer = {k: _gate(g, f"answer{i}", arrays, spaces) for i, (k, g) in enumerate(record.by_answer.items())}
    except RecipeError as error:
        raise PackageError(f"trust.json: {error.message}", "the package is damaged: build it again") from None
    reference = None
    if "reference_n" in arrays:
        total, squares = (np.asarray(arrays[f"reference_{name}"], dtype=float) for name in ("total", "squares"))
        reference = Reference(total, squares, int(arrays["reference_n"]))
    said = (record.approximate, record.error, record.n_calibration)
    return Trust(record.outputs, record.refer, gate, *said, by_answer, reference, record.known, record.answer_decides)


def _recorded(gate: Gate) -> _GateRecord:
    spaces = tuple(_SpaceRecord(s.name, s.start, s.rest, s.level, s.n) for s in gate.spaces)
    said = (gate.names, gate.threshold, gate.false_alarm_rate, gate.n, gate.approximate)
    return _GateRecord(*said, spaces, gate.emphasis)


def _arrays(prefix: str, gate: Gate) -> dict[str, NDArray[np.floating[Any]]]:
    found: dict[str, NDArray[np.floating[Any]]] = {
        f"{prefix}_{name}": np.asarray(getattr(gate, name), dtype=float) for name in _ARRAYS
    }
    return found | ({f"{prefix}_scores": gate.scores} if gate.scores.size else {})


def _space(record: _SpaceRecord, number: int, arrays: Mapping[str, NDArray[Any]]) -> Space:
    parts = {name: np.asarray(_array(arrays, f"space{number}_{name}"), dtype=float) for name in _SPACE_ARRAYS}
    return Space(**parts, rest=record.rest, level=record.level, n=record.n, name=record.name, start=record.start)


def _array(arrays: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    if name not in arrays:
        raise PackageError(f"trust.npz: no array {name}", "the package is incomplete: build it again")
    return arrays[name]


def _gate(record: _GateRecord, prefix: str, arrays: Mapping[str, NDArray[Any]], spaces: tuple[Space, ...] = ()) -> Gate:
    parts = {name: np.asarray(_array(arrays, f"{prefix}_{name}"), dtype=float) for name in _ARRAYS}
    sees = len(parts["levels"]) > len(parts["precisions"])
    return Gate(
        spaces=spaces if sees else (),
        scores=np.asarray(arrays.get(f"{prefix}_scores", np.zeros(0)), dtype=float),
        names=record.names,
        threshold=record.threshold,
        false_alarm_rate=record.false_alarm_rate,
        n=record.n,
        approximate=record.approximate,
        emphasis=record.emphasis,
        **parts,
    )


def _plain(value: Any) -> Any:
    """As JSON gives it back: lists for tuples."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (tuple, list)) else value
