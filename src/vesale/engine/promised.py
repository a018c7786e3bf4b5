"""What a refer rule promises and what came of it, as a page draws it: curves of the rule's own exams and of others."""

from ..render.extras import Promised
from ..trust.refer import ReferRule
from ..trust.state import Trust
from .results import Results
from .row_errors import row_cost


def promised(trust: Trust, results: Results) -> Promised | None:
    """The rule of a model beside what its answers on some exams would have come to; None where there is no rule."""
    rule = trust.refer
    if rule is None:
        return None
    calibrated = tuple((p.reported / rule.n, p.cost / p.reported, p.ceiling) for p in rule.curve)
    return Promised(
        alpha=rule.alpha,
        delta=rule.delta,
        threshold=rule.threshold,
        n=rule.n,
        reported=rule.reported,
        wrong=rule.wrong,
        cost=rule.cost,
        needed=rule.needed,
        would_do=rule.would_do,
        prices=dict(rule.prices),
        positive=rule.positive,
        error=trust.error,
        approximate=trust.approximate,
        calibrated=calibrated,
        measured=_measured(rule, results),
    )


def _measured(rule: ReferRule, results: Results) -> tuple[tuple[float, float], ...]:
    """(share reported, mean cost) of the exams of a report by descending confidence, over those that say how sure they
    were and whose truth is known; a point only where the next confidence is another."""
    known = []
    for row in results.rows:
        sure, cost = row.get("confidence"), row_cost(row, results.task, rule.prices, rule.positive)
        if sure is not None and cost is not None:
            known.append((float(sure), cost))
    known.sort(key=lambda k: -k[0])
    points, spent = [], 0.0
    for i, (sure, cost) in enumerate(known):
        spent += cost
        if i + 1 == len(known) or known[i + 1][0] < sure:
            points.append(((i + 1) / len(known), spent / (i + 1)))
    thinned = points[:: max(1, len(points) // 150)]
    return tuple(thinned if not points or thinned[-1] == points[-1] else [*thinned, points[-1]])
