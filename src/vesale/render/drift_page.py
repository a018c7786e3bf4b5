"""A watch over readings as drift.json, as a page and as lines for a terminal."""

from dataclasses import asdict
from typing import Any

import numpy as np

from ..core.watch import Alarm, Drift
from .charts import curve_svg
from .documents import plain
from .extras import Curve, Series
from .page import page
from .words import counted, decimal, integer, say


def drift_document(found: Drift, command: str) -> dict[str, Any]:
    """vesale/drift/1."""
    document = {"schema": "vesale/drift/1", "command": command, "rung": bool(found.alarms)}
    return {**document, **{k: plain(v) for k, v in asdict(found).items()}}


def drift_lines(found: Drift, language: str = "en") -> list[str]:
    """The verdict, what to do, and what the watch promises."""
    told = [_rung(alarm, language) for alarm in found.alarms[:1]]
    if told:
        told.append(say("drift.do", language))
    else:
        n, reference = (counted(k, "exam", language) for k in (found.readings, found.reference))
        told.append(say("drift.quiet", language, readings=n, reference=reference))
    return [*told, say("drift.promise", language, every=integer(found.every, language))]


def drift_page(found: Drift, command: str, language: str = "en") -> str:
    """The verdict, the evidence reading by reading, and what differs."""
    return page(
        "drift.html.j2",
        language,
        lines=drift_lines(found, language),
        svg=curve_svg(_curve(found, language), "evidence", language),
        changes=[
            (c.what, decimal(c.before, 3, language), decimal(c.after, 3, language), decimal(c.p_corrected, 4, language))
            for c in sorted(found.changes, key=lambda c: c.p)
        ],
        command=command,
    )


def _rung(alarm: Alarm, language: str) -> str:
    way = say("drift.higher" if alarm.higher else "drift.lower", language)
    at, since = (integer(n, language) for n in (alarm.at, alarm.since))
    return say("drift.rung", language, at=at, what=alarm.what, way=way, since=since)


def _curve(found: Drift, language: str) -> Curve:
    n = len(found.evidence)
    kept = np.unique(np.linspace(0, n - 1, min(n, 2000)).astype(int))
    x = tuple(float(i + 1) for i in kept)
    y = tuple(float(np.log10(max(found.evidence[i], 1e-2))) for i in kept)
    limit = float(np.log10(found.every))
    lines = (
        Series(say("drift.evidence", language), x, y),
        Series(say("drift.limit", language), (1.0, float(n)), (limit, limit)),
    )
    labels = (say("drift.reading", language), say("drift.logarithm", language))
    return Curve(say("drift.evidence", language), *labels, lines)
