"""Fitting the gate of a study: how the calibration exams look, what networks that had not learned from them see in
them, what their files say, and the reference of signals. The arithmetic is in `trust/gate.py` and `trust/space.py`.

Each fold's network has a space of features of its own, so features of different folds are never pooled: an exam's
distance is taken in the space of the network that left it out, to the exams which that network learned from, and is
kept as its standing among the distances of those (each left out in turn). Standings are comparable between networks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ..core.exam import Exam
from ..core.task import Task
from ..trust.activity import Reference, reference_of
from ..trust.gate import Gate, Sight, fit_gate
from ..trust.known import Facts, Known, known_of
from ..trust.space import Space, standing
from ..trust.state import Trust
from .answer import truth_key
from .raw import Raw, with_reference

ENOUGH = 30
"""Exams of one class or step from which a gate for that answer is fitted."""
WHOLE = "all"
"""The part of a study whose network answers."""
Again = Callable[[], Iterator[tuple[Exam, Raw]]]


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of the exams that networks learned from."""

    spaces: Mapping[str, tuple[Space, ...]] = field(default_factory=dict)
    """Part of the study -> the spaces of its network; WHOLE is the one that answers."""
    part_of: Mapping[str, str] = field(default_factory=dict)
    """Subject -> the part that left it out; the others were left out by WHOLE."""
    facts: tuple[Facts, ...] = ()


@dataclass(frozen=True, slots=True)
class Gated:
    gate: Gate | None
    by_answer: Mapping[str, Gate]
    reference: Reference | None
    known: Known | None
    subjects: int


def fit_gates(again: Again, task: Task, false_alarms: float, learned: Learned | None) -> Gated:
    """`false_alarms`: share of good exams that may be declined; 0 fits no gate.

    An answer that enough exams bear out gets a gate of its own, which then decides alone: pictures of one class are
    more alike than all are, and of each class no more than the stated share is declined (Vovk, Lindsay, Nouretdinov,
    Gammerman 2003, 'Mondrian confidence machine').
    """
    learned = learned or Learned()
    reference = None
    if task.from_signal:
        reference = reference_of(image.data for _, raw in again() for image in raw.images)
    rows, keys, facts = [], [], list(learned.facts)
    names: tuple[str, ...] = ()
    for exam, raw in again():
        raw = with_reference(raw, reference, included=True)
        names = raw.names
        part = learned.part_of.get(exam.subject, WHOLE)
        rows.append(_Row(raw.statistics, exam.subject, _standings(learned.spaces.get(part, ()), raw.features)))
        keys.append(truth_key(task, exam.truth))
        facts += raw.facts
    known = None if task.from_signal else known_of(facts)
    subjects = len({row.subject for row in rows})
    if not rows or false_alarms <= 0:
        return Gated(None, {}, reference, known, subjects)
    spaces = learned.spaces.get(WHOLE, ())
    each = {k: [r for r, key in zip(rows, keys, strict=True) if key == k] for k in sorted({k for k in keys if k})}
    each = {k: some for k, some in each.items() if len(some) >= ENOUGH}
    gates = {k: _gate(some, names, false_alarms, spaces) for k, some in each.items()}
    gate = _gate(rows, names, false_alarms, spaces)
    return Gated(gate, {k: g for k, g in gates.items() if g is not None}, reference, known, subjects)


def left_out(trust: Trust, learned: Learned, subject: str) -> Trust:
    """The trust that an out-of-fold answer is judged with: its features are those of the network that left it out, and
    mean nothing in the spaces of the one that answers."""
    spaces = learned.spaces.get(learned.part_of.get(subject, WHOLE), ())
    gates = {key: replace(gate, spaces=spaces if gate.spaces else ()) for key, gate in trust.by_answer.items()}
    gate = trust.gate and replace(trust.gate, spaces=spaces if trust.gate.spaces else ())
    return replace(trust, gate=gate, by_answer=gates)


@dataclass(frozen=True, slots=True)
class _Row:
    statistics: NDArray[np.float64]
    subject: str
    standings: NDArray[np.float64]


def _standings(spaces: Sequence[Space], features: NDArray[np.float32]) -> NDArray[np.float64]:
    if not spaces or features.size < max(space.stop for space in spaces):
        return np.zeros(0)
    return np.array([standing(space, features[None])[0] for space in spaces])


def _gate(rows: Sequence[_Row], names: Sequence[str], rate: float, spaces: tuple[Space, ...]) -> Gate | None:
    sight = None
    if spaces and all(len(row.standings) == len(spaces) for row in rows):
        sight = Sight(spaces, np.stack([row.standings for row in rows]))
    return fit_gate(np.stack([r.statistics for r in rows]), names, rate, [r.subject for r in rows], sight)
