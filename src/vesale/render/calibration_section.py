"""The section of a report that says whether its probabilities can be believed, and what is promised of its answers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core.prediction import Guarantee
from ..core.report import CalibratedGroup, Calibration, Candidate, Measure, Report
from .charts import reliability_svg
from .words import counted, decimal, integer, interval_text, listed, percent, say, short_percent

View = dict[str, Any]
Row = tuple[tuple[str, ...], Mapping[str, Measure] | None, str | None]
Show = tuple[Callable[[Measure, str], View], Callable[[Sequence[Row], str], tuple[list[str], list[View]]]]
"""How the page shows one number, and a table of them."""


def calibration_views(report: Report, language: str, show: Show) -> list[View]:
    """One output after the other: its picture, its sentences, its numbers, names and groups."""
    names = dict.fromkeys([*report.calibration, *report.coverage, *report.guarantees, *report.candidates])
    return [_view(name, report, (language, f"r{i}"), show) for i, name in enumerate(names)]


def promise_sentence(guarantee: Guarantee, language: str = "en") -> str:
    """What is promised, of which kind the promise is, on how many subjects it rests; or how many would do."""
    g = guarantee
    if not g.given:
        if g.needed is None:
            return say("promise.never", language)
        return say("promise.too_few", language, n=integer(g.n, language), needed=integer(g.needed, language))
    level = short_percent(g.level, language)
    what = say(f"promise.{g.of}.{g.how}", language, level=level, pooled=listed(g.pooled))
    more = {"n": counted(g.n, "subject", language)}
    more["approximate"] = say("promise.approximate", language) if g.approximate else ""
    if g.delta is None:
        return say("promise.average", language, what=what, **more)
    return say("promise.sure", language, what=what, confidence=short_percent(1 - g.delta, language), **more)


def correction_sentence(candidates: Sequence[Candidate], language: str = "en") -> str:
    """How the probabilities are corrected, and how that was chosen; empty where nothing was tried."""
    chosen = next((c for c in candidates if c.chosen), None)
    if chosen is None:
        return ""
    how = say(f"calibration.how.{chosen.name}", language)
    tried = [c for c in candidates if c.name != "none"]
    bare = next((c.log_loss for c in candidates if c.name == "none"), None)
    if len(tried) < 2 or chosen.log_loss is None or bare is None:
        return say("calibration.corrected_few", language, how=how)
    loss, stated = (decimal(v, 2, language) for v in (chosen.log_loss, bare))
    names = listed([say(f"calibration.how.{c.name}", language) for c in tried])
    return say("calibration.corrected", language, how=how, tried=names, loss=loss, bare=stated)


def calibration_sentence(calibration: Calibration, language: str = "en") -> str:
    """What was stated on average beside what came true; empty where that is not known."""
    c = calibration
    if c.stated is None or c.observed is None or c.observed.value is None:
        return ""
    brackets = interval_text(c.observed, language)
    digits = 1 if c.of == "pixel" else 0
    observed = f"{percent(c.observed.value, digits, language)} {brackets}".strip()
    verdict = say(f"calibration.verdict.{_verdict(c.stated, c.observed)}", language)
    stated = percent(c.stated, digits, language)
    return say(f"calibration.{c.of}", language, stated=stated, observed=observed, verdict=verdict)


def _verdict(stated: float, observed: Measure) -> str:
    if observed.low is None or observed.high is None:
        return "unknown"
    if stated > observed.high:
        return "more"
    return "less" if stated < observed.low else "fits"


def _view(name: str, report: Report, of: tuple[str, str], show: Show) -> View:
    language, key = of
    calibration, coverage = report.calibration.get(name), report.coverage.get(name)
    measures = [calibration.ece, calibration.brier] if calibration else []
    measures += [coverage] if coverage else []
    title = say("report.reliability", language, name=name)
    promise = report.guarantees.get(name)
    sentences = [
        calibration_sentence(calibration, language) if calibration else "",
        correction_sentence(report.candidates.get(name, ()), language),
        promise_sentence(promise, language) if promise else "",
    ]
    bins = calibration.bins if calibration else ()
    return {
        "output": name,
        "sentences": [s for s in sentences if s],
        "measures": [show[0](m, language) for m in measures],
        "svg": reliability_svg(bins, title, key, language, calibration.of if calibration else "answer") if bins else "",
        "bins": _bins(calibration, report.cohort.get("exams"), language) if calibration else [],
        "names": show[1](_names(calibration, language), language) if calibration and calibration.per_class else None,
        "groups": show[1](_groups(calibration.subgroups, language), language)
        if calibration and calibration.subgroups
        else None,
    }


def _names(calibration: Calibration, language: str) -> list[Row]:
    rows: list[Row] = []
    for name, one in calibration.per_class.items():
        stated = _stated(one.stated, language)
        rows.append(((name, stated), _numbers(one.observed, one.ece, one.brier), None))
    return rows


def _groups(groups: Sequence[CalibratedGroup], language: str) -> list[Row]:
    rows: list[Row] = []
    for g in groups:
        head = (g.by, g.value, integer(g.subjects, language), _stated(g.stated, language))
        numbers = None if g.ece is None else _numbers(g.observed, g.ece, g.brier)
        few = say("calibration.too_few", language, subjects=counted(g.subjects, "subject", language))
        rows.append((head, numbers, None if numbers else few))
    return rows


def _numbers(*measures: Measure | None) -> dict[str, Measure]:
    return {m.name: m for m in measures if m is not None}


def _stated(value: float | None, language: str) -> str:
    return say("unknown", language) if value is None else percent(value, 1, language)


def _bins(calibration: Calibration, exams: int | None, language: str) -> list[View]:
    rows = []
    for b in calibration.bins:
        if b.n == 0:
            continue
        known = b.low is not None and b.high is not None
        observed = Measure("observed", b.observed, b.low, b.high, b.n)
        interval = interval_text(observed, language) if known else f"[{say('interval.unknown', language)}]"
        said, p = percent(b.observed, 0, language), percent(b.p, 0, language)
        rows.append({"p": p, "observed": said, "interval": interval, "n": integer(b.n, language)})
    return rows
