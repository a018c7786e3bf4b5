"""The page of `vesale check`: findings by severity and kind, each with its picture, evidence and remedy."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.report import Finding
from .check_french import in_french
from .index_page import linked
from .page import page
from .words import counted, metric_name, percent, say, shown

EXAMS = 12
"""Exams that the page names of one finding; all of them stand in the JSON."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says beside the findings."""

    cohort: str
    exams: int
    subjects: int
    ok: bool
    allowed: Sequence[str] = ()
    excluded: Sequence[tuple[str, str]] = ()


def check_page(findings: Sequence[Finding], told: Told, language: str = "en") -> str:
    """HTML; the pictures are linked by the relative paths that the findings name."""
    many = {s: sum(f.severity == s for f in findings) for s in ("error", "warning", "note")}
    counts = say(
        "check.counts",
        language,
        exams=counted(told.exams, "exam", language),
        subjects=counted(told.subjects, "subject", language),
        **{f"{s}s": counted(n, s, language) for s, n in many.items()},
    )
    if told.allowed:
        counts += f" {say('check.allowed', language, kinds=', '.join(told.allowed))}."
    return page(
        "check.html.j2",
        language,
        title=say("check.title", language, cohort=told.cohort),
        counts=counts,
        verdict=say("check.ok" if told.ok else "check.stop", language),
        groups=[_group(*key, findings, language) for key in dict.fromkeys((f.severity, f.kind) for f in findings)],
        excluded=[(e, in_french(why)[0] if language == "fr" else why) for e, why in told.excluded],
    )


def _group(severity: str, kind: str, findings: Sequence[Finding], language: str) -> dict[str, object]:
    here = [f for f in findings if (f.severity, f.kind) == (severity, kind)]
    return {
        "anchor": f"{severity}-{kind}",
        "severity": severity,
        "severity_name": say(f"severity.{severity}", language).capitalize(),
        "name": say(f"check.kind.{kind}", language),
        "why": say(f"check.why.{kind}", language),
        "findings": [_finding(f, language) for f in here],
    }


def _finding(finding: Finding, language: str) -> dict[str, object]:
    names = ", ".join(finding.exams[:EXAMS])
    if len(finding.exams) > EXAMS:
        names += f" {say('check.more', language, n=len(finding.exams) - EXAMS)}"
    message, remedy = finding.message, finding.remedy
    if language == "fr":
        message, remedy = (in_french(text)[0] for text in (message, remedy))
    facts = [(say("check.do", language), remedy)]
    if finding.confidence is not None:
        facts.append((say("check.sure", language), percent(finding.confidence, 0, language)))
    if finding.measure is not None:
        number = f"{metric_name(finding.measure.name, language)} {shown(finding.measure, language)}"
        facts.append((say("check.evidence", language), number))
    if len(finding.splits) > 1:
        facts.append((say("check.splits", language), ", ".join(finding.splits)))
    if finding.exams:
        facts.append((say("check.exams", language), names))
    return {
        "id": finding.id,
        "message": message,
        "foreign": language != "en" and message == finding.message,
        "picture": linked(finding.picture) if finding.picture else None,
        "alt": say("check.alt", language, exams=names),
        "facts": facts,
    }
