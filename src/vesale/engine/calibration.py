"""From raw answers on exams that the network did not learn from to everything that makes an answer trustworthy.

Needs no torch. What each fit promises stands in `trust/`.
"""

from dataclasses import replace

from ..trust.state import Trust
from .calibration_outputs import Again, Basis, fit_output
from .gating import fit_gates
from .rule import rule_of
from .wrong import error_in_words


def fit_trust(again: Again, basis: Basis) -> Trust:
    """Probabilities, sets, intervals and mask thresholds, then the gate, then the refer rule that rests on them all."""
    outputs = {name: fit_output(name, again, basis) for name in basis.pipeline.task.outputs}
    gated = fit_gates(again, basis.pipeline.task, basis.wanted.false_alarms, basis.learned)
    error = error_in_words(basis.pipeline, basis.wanted.cost, basis.wanted.positive)
    before = (gated.by_answer, gated.reference, gated.known, bool(gated.by_answer))
    bare = Trust(outputs, None, gated.gate, basis.approximate, error, gated.subjects, *before)
    asked = (basis.cohort, basis.pipeline, basis.wanted)
    return replace(bare, refer=rule_of(again, asked, bare, basis.learned))
