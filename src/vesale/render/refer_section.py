"""The part of a report about the refer rule: what it promises, on what it rests, and the curve of risk by coverage."""

import math
from collections.abc import Mapping
from typing import Any

from .charts import curve_svg
from .extras import Curve, Promised, Series
from .words import counted, decimal, listed, say, short_percent

TOP = 4
"""Times the promise up to which errors are drawn."""
View = dict[str, Any]


def refer_section(promised: Promised | None, language: str = "en") -> View | None:
    """Sentences and a chart; None when there is no rule to speak of."""
    if promised is None:
        return None
    return {
        "sentences": refer_lines(promised, language),
        "svg": curve_svg(risk_curve(promised, language), "refer", language) if promised.calibrated else "",
        "title": say("refer.chart", language),
        "help": say("refer.chart.help" if promised.threshold is not None else "refer.chart.help_none", language),
    }


def refer_lines(promised: Promised, language: str = "en") -> list[str]:
    """What is promised and why, or why nothing is and what would change it; what it does not cover."""
    p = promised
    lines = [_found(p, language)]
    if p.threshold is None:
        key = "refer.would_do" if p.would_do else "refer.hopeless"
        if p.would_do != p.needed or p.n >= p.needed:
            lines.append(say(key, language, would_do=counted(p.would_do or 0, "subject", language)))
    if p.error:
        lines.append(say("refer.wrong_means", language, error=p.error))
    if p.threshold is not None:
        lines += [say("refer.approximate", language)] if p.approximate else []
        lines.append(say("refer.only", language))
    return lines


def prices_in_words(prices: Mapping[str, float], language: str = "en") -> str:
    """'missed counts 10, any other error 1'."""
    named = [
        say("refer.price", language, kind=_kind(kind, language), price=decimal(price, 3, language))
        for kind, price in prices.items()
    ]
    return listed([*named, say("refer.price_other", language)])


def risk_curve(promised: Promised, language: str = "en") -> Curve:
    """Error (or cost) by the share answered alone, in per cent: of the calibration, its bound, of this report."""
    p = promised
    top = 100 * min(TOP * p.alpha, max([p.alpha, *(c[2] for c in p.calibrated)]))
    series = [
        Series(say("refer.chart.calibrated", language), *_line([(s, r) for s, r, _ in p.calibrated], top)),
        Series(
            say("refer.chart.ceiling", language, confidence=short_percent(1 - p.delta, language)),
            *_line([(s, c) for s, _, c in p.calibrated], top),
        ),
    ]
    if p.measured:
        series.append(Series(say("refer.chart.measured", language), *_line(p.measured, top)))
    series.append(Series(say("refer.chart.promise", language), (0.0, 100.0), (100 * p.alpha, 100 * p.alpha)))
    if p.threshold is not None and p.n:
        at = 100 * p.reported / p.n
        series.append(Series(say("refer.chart.chosen", language), (at, at), (0.0, top)))
    y = say("refer.chart.y_priced" if p.prices else "refer.chart.y", language)
    return Curve(say("refer.chart", language), say("refer.chart.x", language), y, tuple(series))


def _found(p: Promised, language: str) -> str:
    n = counted(p.n, "subject", language)
    if p.threshold is None:
        key = "refer.too_few" if p.n < p.needed else "refer.none"
        return say(key, language, n=n, needed=counted(p.needed, "subject", language))
    return say(
        "refer.holds_priced" if p.prices else "refer.holds",
        language,
        n=n,
        reported=p.reported,
        wrong=p.wrong,
        threshold=decimal(p.threshold, 3, language),
        confidence=short_percent(1 - p.delta, language),
        alpha=short_percent(p.alpha, language),
        hundred=decimal(100 * p.alpha, 3, language),
        cost=decimal(p.cost or 0.0, 3, language),
        prices=prices_in_words(p.prices, language),
    )


def _line(points: Any, top: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """x and y in per cent; what lies above the picture is left out, for a bound may be 20 times the promise."""
    pairs = [(100 * share, 100 * risk) for share, risk in points]
    return tuple(x for x, _ in pairs), tuple(y if y <= top else math.nan for _, y in pairs)


def _kind(kind: str, language: str) -> str:
    known = ("missed", "false", "low", "high")
    return say(f"refer.kind.{kind}", language) if kind in known else kind
