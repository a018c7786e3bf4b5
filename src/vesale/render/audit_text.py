"""An audit in sentences: a finding, a note, a difference; the page and the terminal are put together elsewhere."""

from collections.abc import Mapping

from ..core.audit import ENOUGH, Audit, Compared, Question
from ..core.report import Measure
from .metric_words import LOWER_IS_BETTER
from .words import DASH, NO_BREAK, counted, decimal, form, metric_name, percent, say, short_percent, shown

BOTH_WAYS = frozenset({"calibration_gap", "mean_error", "share_referred", "share_declined", "share_reported"})
"""Numbers of which neither more nor less is better as such."""


def finding_text(test: Compared, question: Question, language: str = "en", kind: str = "gap", tests: int = 0) -> str:
    """What differs between whom, by how much, how surely; or (`blind`) what could not have been shown."""
    names = {"by": test.by, "number": number_name(test, language), "a": side(test, "a", language)}
    names["b"] = side(test, "b", language)
    if kind == "blind":
        n = [counted(v.n, v.n_of, language) for v in (test.value_a, test.value_b)]
        limit = amount(test.metric, test.detectable, test.difference.unit, language)
        return say("audit.finding.blind", language, **names, na=n[0], nb=n[1], limit=limit)
    value = test.difference.value or 0.0
    method = test.difference.method
    text = say(
        "audit.finding.gap",
        language,
        **names,
        direction=say("audit.higher" if value > 0 else "audit.lower", language),
        va=shown(test.value_a, language),
        vb=shown(test.value_b, language),
        d=difference_text(test.difference, language),
        p=p_text(test.p_corrected, language, equals=True),
        m=tests or test.tests,
        test=method[:1].upper() + method[1:],
    )
    if test.relevant is not None and abs(value) < test.relevant:
        limit = amount(test.metric, test.relevant, test.difference.unit, language)
        return f"{text} {say('audit.small_gap', language, gap=limit)}."
    return text


def number_name(test: Compared, language: str = "en") -> str:
    """'Sensitivity', 'Sensitivity (grade: severe)'"""
    inside = ": ".join(p for p in (test.output, test.of) if p)
    name = metric_name(test.metric, language)
    return f"{name} ({inside})" if inside else name


def side(test: Compared, which: str, language: str = "en") -> str:
    """'sex F', or everyone else; a code keeps its trait before it and is never named."""
    value = test.a if which == "a" else test.b
    if value == "rest":
        return say("audit.rest", language)
    return value if " x " in test.by else f"{test.by} {value}"


def difference_text(difference: Measure, language: str = "en") -> str:
    """'-19 points [-28, -9]': shares in points of a hundred, the rest as it is."""
    if difference.value is None:
        return say("unknown", language)
    unit = _unit(difference.name, difference.unit, language)
    value = _signed(difference.name, difference.value, language)
    if difference.low is None or difference.high is None:
        return f"{value}{unit} [{say('interval.unknown', language)}]"
    ends = [_signed(difference.name, v, language) for v in (difference.low, difference.high)]
    return f"{value}{unit} [{f' {DASH} '.join(ends)}]"


def amount(metric: str, value: float | None, unit: str, language: str = "en") -> str:
    """A difference without sign, as '12 points'."""
    if value is None:
        return say("unknown", language)
    return f"{_signed(metric, value, language).lstrip('+')}{_unit(metric, unit, language)}"


def ratio_text(ratio: Measure | None, language: str = "en") -> str:
    if ratio is None or ratio.value is None:
        return DASH
    value = decimal(ratio.value, 2, language)
    if ratio.low is None or ratio.high is None:
        return f"{value} [{say('interval.unknown', language)}]"
    return f"{value} [{decimal(ratio.low, 2, language)}{DASH}{decimal(ratio.high, 2, language)}]"


def p_text(p: float | None, language: str = "en", equals: bool = False) -> str:
    if p is None:
        return DASH
    if p < 0.001:
        return f"p < {decimal(0.001, 1, language)}" if equals else f"< {decimal(0.001, 1, language)}"
    text = decimal(p, 2, language)
    return f"p = {text}" if equals else text


def worse(test: Compared) -> str | None:
    """'a' or 'b', whichever is served worse; None where neither more nor less is better as such."""
    if test.metric in BOTH_WAYS or not test.difference.value:
        return None
    lower_is_worse = test.metric not in LOWER_IS_BETTER
    return "a" if (test.difference.value < 0) == lower_is_worse else "b"


def group_note(n: int, language: str = "en") -> str:
    return say("audit.group_note", language, n=n, enough=ENOUGH)


def note_text(kind: str, told: Mapping[str, str], language: str = "en") -> str:
    return say(f"audit.note.{kind}", language, **told)


def asked_text(audit: Audit, language: str = "en") -> str:
    """Who was compared, by what, in how many comparisons."""
    if not audit.by:
        return say("audit.asked.none", language, n=ENOUGH)
    counts = {f: sum(t.family == f and t.p is not None for t in audit.tests) for f in ("main", "further")}
    exams, subjects = audit.everyone.exams, audit.everyone.subjects
    return say(
        "audit.asked.text",
        language,
        exams=counted(exams, "exam", language),
        subjects=counted(subjects, "subject", language),
        by=", ".join(audit.by),
        **counts,
    )


def verdict_lines(audit: Audit, language: str = "en") -> list[str]:
    """The gaps that matter, or that none was found."""
    gaps = [f for f in audit.findings if f.severity in ("error", "warning")]
    if not gaps:
        return [say("audit.answer.none", language)] if audit.by else []
    count = say("audit.gap_one", language) if len(gaps) == 1 else say("audit.gap_many", language, n=len(gaps))
    texts = [finding_text(f.test, audit.question, language) if f.test else f.message for f in gaps]
    return [say("audit.answer.gaps", language, n=count), *texts]


def could_lines(audit: Audit, language: str = "en") -> list[str]:
    """What the sample could not have shown, trait by trait."""
    blind = [f for f in audit.findings if f.kind == "could_not_show" and f.test is not None]
    lines = [finding_text(f.test, audit.question, language, "blind") for f in blind if f.test]
    return lines or ([say("audit.could.all", language)] if audit.by else [])


def audit_section(audit: Audit | None, language: str = "en") -> list[str]:
    """What the report says of the audit beside it."""
    if audit is None:
        return []
    lines = [asked_text(audit, language), *verdict_lines(audit, language), *could_lines(audit, language)]
    return [*lines, say("audit.report", language)]


def how_text(audit: Audit, language: str = "en") -> str:
    q = audit.question
    return say(
        "audit.how.text",
        language,
        alpha=short_percent(q.alpha, language),
        gap=decimal(q.gap, 2, language),
        share=percent(4 * q.gap, 0, language),
        enough=ENOUGH,
    )


def audit_lines(audit: Audit, language: str = "en") -> list[str]:
    """The audit for a terminal."""
    lines = [asked_text(audit, language)]
    for f in audit.findings:
        text = f.message
        if f.test is not None:
            text = finding_text(f.test, audit.question, language, "blind" if f.kind == "could_not_show" else "gap")
        elif f.told:
            text = note_text(f.kind, f.told, language)
        lines.append(f"{say(f'severity.{f.severity}', language)}{say('colon', language)}{text}")
    if not any(f.severity in ("error", "warning") for f in audit.findings):
        lines += verdict_lines(audit, language)
    return lines


def _signed(metric: str, value: float, language: str) -> str:
    if form(metric) == "share":
        return _localised(f"{100 * value:+.{0 if abs(value) >= 0.1 else 1}f}", language)
    if form(metric) == "index":
        return _localised(f"{value:+.{2 if abs(value) >= 0.1 else 3}f}", language)
    return ("+" if value > 0 else "") + decimal(value, 3, language)


def _localised(text: str, language: str) -> str:
    return text.replace("-", "\u2212").replace(".", "," if language == "fr" else ".")


def _unit(metric: str, unit: str, language: str) -> str:
    if form(metric) == "share":
        return f"{NO_BREAK}{say('audit.points', language)}"
    return f"{NO_BREAK}{unit}" if unit else ""
