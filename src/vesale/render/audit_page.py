"""An Audit as one self-contained HTML page that a doctor understands; the layout is in the template."""

from collections.abc import Sequence
from typing import Any

from ..core.audit import ENOUGH, Audit, Compared, Gap
from ..core.report import Measure, Subgroup
from .audit_text import (
    amount,
    asked_text,
    could_lines,
    difference_text,
    how_text,
    note_text,
    number_name,
    p_text,
    ratio_text,
    side,
    verdict_lines,
)
from .forest import ForestRow, forest_svg
from .page import page
from .words import DASH, integer, metric_help, metric_name, percent, say, shown, unknown

View = dict[str, Any]
Place = tuple[str | None, str, str | None]
"""(output, metric, class) of a number."""


def audit_page(audit: Audit, language: str = "en") -> str:
    """The answer first, then trait by trait the main numbers as pictures and every comparison as a table."""
    crossed = [t for t in audit.tests if " x " in t.by]
    content = {
        "title": say("audit.title", language, name=audit.model.get("name") or say("label.model", language)),
        "model_line": " ".join(str(audit.model[k]) for k in ("name", "version", "digest") if audit.model.get(k)),
        "asked": asked_text(audit, language),
        "verdict": verdict_lines(audit, language),
        "alarm": not audit.ok,
        "could": could_lines(audit, language),
        "traits": [_trait(audit, by, language) for by in audit.by],
        "crossed_tests": [_test(t, language) for t in crossed if _notable(t, audit)],
        "crossed_rows": [_test(t, language) for t in crossed if t.p is not None],
        "crossed_none": _crossed_none(audit, language),
        "gaps": [_gap(g, language) for g in audit.gaps],
        "groups_made": _made(audit, language),
        "how": how_text(audit, language),
        "command": audit.command,
    }
    return page("audit.html.j2", language, **content)


def _trait(audit: Audit, by: str, language: str) -> View:
    tests = [t for t in audit.tests if t.by == by]
    groups = [g for g in audit.groups if g.by == by]
    main = dict.fromkeys(_key(t) for t in tests if t.family == "main")
    plots = [_plot(audit, groups, key, [t for t in tests if _key(t) == key], language) for key in main]
    return {
        "by": by,
        "sizes": [(g.value, integer(g.subjects, language), integer(g.exams or 0, language), g.note) for g in groups],
        "plots": [p for p in plots if p],
        "tests": [_test(t, language) for t in tests],
    }


def _plot(
    audit: Audit, groups: Sequence[Subgroup], key: Place, tests: Sequence[Compared], language: str
) -> View | None:
    everyone = _measure(audit.everyone, key)
    if everyone is None:
        return None
    marked = {t.a for t in tests if _notable(t, audit)}
    rows = [ForestRow(g.value, m, g.value in marked) for g in groups if (m := _measure(g, key)) is not None]
    compared = [t for t in tests if t.difference.value is not None]
    return {
        "name": number_name(tests[0], language),
        "help": metric_help(key[1], language),
        "everyone": shown(everyone, language),
        "svg": forest_svg(rows, everyone, language),
        "tests": [_test(t, language) for t in compared],
    }


def _key(test: Compared) -> Place:
    return test.output, test.metric, test.of


def _measure(group: Subgroup, key: Place) -> Measure | None:
    output, metric, of = key
    if output is None:
        return (group.rates or {}).get(metric)
    if of is None:
        return (group.measures or {}).get(output, {}).get(metric)
    return (group.per_class or {}).get(output, {}).get(of, {}).get(metric)


def _notable(test: Compared, audit: Audit) -> bool:
    """A gap that matters, beyond chance."""
    if test.p_corrected is None or test.difference.value is None or test.relevant is None:
        return False
    return test.p_corrected < audit.question.alpha and abs(test.difference.value) >= test.relevant


def _test(test: Compared, language: str) -> View:
    value = test.difference.value
    return {
        "number": number_name(test, language),
        "a": side(test, "a", language),
        "b": side(test, "b", language),
        "va": shown(test.value_a, language),
        "vb": shown(test.value_b, language),
        "difference": unknown(test.difference.method, language)
        if value is None
        else difference_text(test.difference, language),
        "ratio": ratio_text(test.ratio, language),
        "p": p_text(test.p, language),
        "p_corrected": p_text(test.p_corrected, language),
        "detectable": amount(test.metric, test.detectable, test.difference.unit, language) if test.detectable else DASH,
        "method": test.difference.method,
    }


def _gap(gap: Gap, language: str) -> View:
    m = gap.difference
    return {
        "by": gap.by,
        "number": f"{gap.output}: {gap.of}",
        "name": metric_name(gap.metric, language),
        "value": shown(m, language),
        "by_chance": DASH if gap.by_chance is None else percent(gap.by_chance, 0, language),
        "groups": ", ".join(gap.groups),
    }


def _crossed_none(audit: Audit, language: str) -> str:
    groups = [g for g in audit.groups if " x " in g.by]
    if not groups:
        return ""
    few = sum(g.measures is None for g in groups)
    return say("audit.crossed.none", language, few=few, n=len(groups), enough=ENOUGH)


def _made(audit: Audit, language: str) -> list[str]:
    told = [f for f in (*audit.notes, *(f for f in audit.findings if f.kind == "too_few")) if f.told]
    return [note_text(f.kind, f.told, language) for f in told]
