"""How a message, a number or a measure is said to a user in English or French; the sentences are tables beside this."""

from collections.abc import Callable, Mapping

from ..core.report import Measure
from .metric_words import FORMS, METRICS, Form
from .sentences import MESSAGES, NOUNS

LANGUAGES = ("en", "fr")
DASH = "\u2013"
NARROW = "\u202f"
NO_BREAK = "\u00a0"


def say(key: str, language: str = "en", **values: object) -> str:
    """The message of that id; a KeyError for an id or a language that does not exist, so that no page has a hole."""
    return MESSAGES[key][_column(language)].format(**values)


def counted(n: int | None, noun: str, language: str = "en") -> str:
    """'1 exam', '20 exams'; French takes the singular below two; an unknown count is said to be so."""
    singular, plural = NOUNS[noun][_column(language)].split("|")
    if n is None:
        return f"{plural} ({say('unknown', language)})"
    one = n == 1 or (language == "fr" and n == 0)
    return f"{integer(n, language)}{NO_BREAK}{singular if one else plural}"


def metric_name(metric: str, language: str = "en") -> str:
    """Its name in words; a metric not in the table keeps its own, spaced."""
    return METRICS[metric][_column(language)] if metric in METRICS else metric.replace("_", " ")


def metric_help(metric: str, language: str = "en") -> str:
    """One line for a doctor; empty for a metric not in the table."""
    return METRICS[f"{metric}.help"][_column(language)] if f"{metric}.help" in METRICS else ""


def form(metric: str) -> Form:
    """Whether it is a share of 100, an index up to 1 or a number with a unit."""
    return FORMS.get(metric, "index" if f"{metric}.help" in METRICS else "number")


def integer(n: int, language: str = "en") -> str:
    """Grouped by thousands."""
    return f"{n:,}".replace(",", NARROW if language == "fr" else ",")


def decimal(value: float, digits: int = 3, language: str = "en") -> str:
    """At most `digits` significant ones, no exponent between 0.0001 and a million."""
    text = f"{value:.{digits}g}" if 1e-4 <= abs(value) < 10**digits or value == 0 else f"{value:.3g}"
    if abs(value) >= 10**digits and abs(value) < 1e6:
        text = f"{value:.0f}"
    return _localised(text, language)


def percent(value: float, digits: int = 0, language: str = "en") -> str:
    """A share of 1 as per cent."""
    return f"{_localised(f'{100 * value:.{digits}f}', language)}{NO_BREAK}%"


def short_percent(value: float, language: str = "en") -> str:
    """A share of 1 as per cent with as many digits as it needs: 5 %, 0.5 %."""
    return f"{_localised(f'{100 * value:.3g}', language)}{NO_BREAK}%"


def value_text(measure: Measure, language: str = "en") -> str:
    """The value alone, in per cent, as an index or with its unit; '' when it is unknown."""
    if measure.value is None:
        return ""
    text = _formatter(measure, language)(measure.value)
    unit = f"{NO_BREAK}%" if form(measure.name) == "share" else _unit(measure)
    return f"{text}{unit}"


def interval_text(measure: Measure, language: str = "en") -> str:
    """'[79-83]', with the level when it is not 95 %; says that it is not known when it is not."""
    return f"[{_interval(measure, language)}]"


def shown(measure: Measure, language: str = "en") -> str:
    """'81 % [79-83; n = 20 subjects]', or that it is not known and why: a number never travels alone."""
    if measure.value is None:
        return unknown(measure.method, language)
    n = counted(measure.n, measure.n_of, language)
    return f"{value_text(measure, language)} [{_interval(measure, language)}; n{NO_BREAK}={NO_BREAK}{n}]"


def unknown(why: str, language: str = "en") -> str:
    """'not known: only one class is present'."""
    return say("unknown.why", language, why=why) if why else say("unknown", language)


def clock(seconds: float, language: str = "en") -> str:
    """Seconds as a doctor reads them: 42 s, 12 min, 1 h 30 min."""
    if seconds < 120:
        return f"{decimal(seconds, 3, language)}{NO_BREAK}s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{hours}{NO_BREAK}h {rest}{NO_BREAK}min" if hours else f"{minutes}{NO_BREAK}min"


def listed(values: Mapping[str, object] | tuple[str, ...] | list[str]) -> str:
    """Names with commas."""
    return ", ".join(str(v) for v in values)


def _interval(measure: Measure, language: str) -> str:
    if measure.low is None or measure.high is None:
        return say("interval.unknown", language)
    said = _formatter(measure, language)
    level = "" if measure.level == 0.95 else f" ({short_percent(measure.level, language)})"
    return f"{said(measure.low)}{DASH}{said(measure.high)}{level}"


def _column(language: str) -> int:
    if language not in LANGUAGES:
        raise KeyError(f"no words in {language!r}; known: {', '.join(LANGUAGES)}")
    return LANGUAGES.index(language)


def _unit(measure: Measure) -> str:
    if measure.unit:
        return f"{NO_BREAK}{measure.unit}"
    return {"hd95_mm": f"{NO_BREAK}mm", "psnr_db": f"{NO_BREAK}dB", "psnr_affine_db": f"{NO_BREAK}dB"}.get(
        measure.name, ""
    )


def _formatter(measure: Measure, language: str) -> Callable[[float], str]:
    """Value and ends of one measure get the same digits: no more than the width of the interval deserves."""
    kind = form(measure.name)
    if kind == "number":
        return lambda v: decimal(v, 3, language)
    width = 1.0 if measure.low is None or measure.high is None else measure.high - measure.low
    if kind == "share":
        return lambda v: _localised(f"{100 * v:.{0 if width > 0.05 else 1}f}", language)
    return lambda v: _localised(f"{v:.{2 if width > 0.05 else 3}f}", language)


def _localised(text: str, language: str) -> str:
    return text.replace("-", "\u2212").replace(".", "," if language == "fr" else ".")
