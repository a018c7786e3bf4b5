"""Predictions, reports and findings as lines for a terminal and for the head of a page."""

from collections.abc import Mapping, Sequence
from typing import assert_never

from ..core.prediction import (
    Answer,
    AnsweredCategory,
    AnsweredPartition,
    AnsweredPicture,
    AnsweredQuantity,
    MaskRisk,
    Prediction,
    Reason,
    Region,
)
from ..core.report import Finding, Measure, Report
from .gate_words import translated
from .refer_section import prices_in_words
from .sentences import LEADS
from .words import (
    counted,
    decimal,
    integer,
    listed,
    metric_name,
    say,
    short_percent,
    shown,
    unknown,
)


def line(prediction: Prediction, language: str = "en") -> str:
    """One exam on one line: its id, its status, its answers, its reasons."""
    parts = [prediction.exam, say(f"status.{prediction.status}", language), *answer_lines(prediction, language)]
    if prediction.reasons:
        parts.append(say("semicolon", language).join(reason_line(r, language) for r in prediction.reasons))
    return "  ".join(_one_line(p) for p in parts)


def reason_line(reason: Reason, language: str = "en") -> str:
    """The reason's name, its message, and the measured value beside its limit where both are known."""
    text = f"{say(f'reason.{reason.code}', language)}{say('colon', language)}{translated(reason.message, language)}"
    if reason.value is None or reason.threshold is None:
        return text
    value, threshold = decimal(reason.value, 3, language), decimal(reason.threshold, 3, language)
    return f"{text} ({say('reason.measured', language, value=value, threshold=threshold)})"


def answer_lines(prediction: Prediction, language: str = "en") -> tuple[str, ...]:
    """One line an output: the answer and how sure it is."""
    colon = say("colon", language)
    return tuple(f"{name}{colon}{_answer(answer, language)}" for name, answer in prediction.outputs.items())


def report_lines(report: Report, language: str = "en") -> list[str]:
    """What was found in plain sentences, then every number, then the warnings."""
    lines = [*lead_sentences(report, {}, language), refer_sentence(report, language)]
    for output, measures in report.measures.items():
        lines.append(f"{output}{say('colon', language).rstrip()}")
        lines += [
            f"  {metric_name(name, language)}{say('colon', language)}{shown(m, language)}"
            for name, m in measures.items()
        ]
    excluded = report.cohort.get("excluded") or ()
    if excluded:
        lines.append(say("text.excluded", language, exams=counted(len(excluded), "exam", language)))
    label = say("severity.warning", language)
    return lines + [f"{label}{say('colon', language)}{message}" for message in warnings_of(report, language)]


def finding_lines(findings: Sequence[Finding], language: str = "en") -> list[str]:
    """Findings grouped by severity and kind, gravest first, each group with its count."""
    if not findings:
        return [say("text.no_findings", language)]
    lines: list[str] = []
    for severity in ("error", "warning", "note"):
        here = [f for f in findings if f.severity == severity]
        for kind in dict.fromkeys(f.kind for f in here):
            group = [f for f in here if f.kind == kind]
            lines.append(f"{counted(len(group), severity, language)}{say('colon', language)}{kind}")
            lines += [f"  {_one_line(finding_line(f, language))}" for f in group]
    return lines


def finding_line(finding: Finding, language: str = "en") -> str:
    """What is wrong, where, and what to do."""
    where = f" ({say('label.lines', language, lines=listed([str(n) for n in finding.lines]))})" if finding.lines else ""
    number = f" [{shown(finding.measure, language)}]" if finding.measure else ""
    return f"{finding.message}{where}{number} {finding.remedy}".rstrip()


def lead_sentences(report: Report, kinds: Mapping[str, str], language: str = "en") -> list[str]:
    """For each output the one or two most telling numbers, in words, on whom they were measured, and a comparison."""
    several = len(report.measures) > 1
    sentences = []
    for i, (output, measures) in enumerate(report.measures.items()):
        name = f" ({output})" if several else ""
        who = cohort_line(report, language) if i == 0 else say("report.cohort_line.same", language)
        kind = kinds.get(output) or kind_of(measures)
        said = _leads(kind, measures, language)
        said += _comparison(report, output, kind, language) if said else []
        body = say("semicolon", language).join(said) if said else _nothing(measures, language)
        sentences.append(f"{who}{name}{say('colon', language)}{body}.")
    return sentences or [
        f"{cohort_line(report, language)}{say('colon', language)}{say('report.no_measure', language)}."
    ]


def cohort_line(report: Report, language: str = "en") -> str:
    """'In 20 exams of 20 subjects held out from training', saying no more than is known."""
    exams = counted(report.cohort.get("exams"), "exam", language)
    subjects = counted(report.cohort.get("subjects"), "subject", language)
    if not report.cohort.get("split_by_subject"):
        return say("report.cohort_line.unsure", language, exams=exams)
    split = str(report.cohort.get("split") or "")
    key = next((key for key, words in _SPLITS.items() if split.startswith(words)), "other")
    return say(f"report.cohort_line.{key}", language, exams=exams, subjects=subjects)


_SPLITS: Mapping[str, tuple[str, ...]] = {
    "test": ("test",),
    "cross": ("cross", "out_of_fold", "fold"),
    "external": ("external",),
}
"""How the sentence about the cohort goes -> how such a report's `split` begins; any other claims nothing."""


def refer_sentence(report: Report, language: str = "en") -> str:
    """What the refer rule did, beside what it promised; or that there is no promise."""
    if report.refer is None:
        return say("report.refer_none", language)
    prices, cost = report.refer.prices, report.refer.cost_reported
    key = "report.refer" if report.refer.share_reported.value else "report.refer_zero"
    return say(
        f"{key}_priced" if prices else key,
        language,
        prices=prices_in_words(prices, language),
        cost="" if cost is None else shown(cost, language),
        share=shown(report.refer.share_reported, language),
        error=shown(report.refer.error_reported, language),
        alpha=decimal(report.refer.alpha, 3, language) if prices else short_percent(report.refer.alpha, language),
        confidence=short_percent(1 - report.refer.delta, language),
    )


def warnings_of(report: Report, language: str = "en") -> list[str]:
    """The report's warnings, with one of our own in front when the split could not be made by patient."""
    by_subject = report.cohort.get("split_by_subject")
    messages = [message for _, message in report.warnings]
    codes = {code for code, _ in report.warnings}
    if by_subject is False:
        messages = [m for code, m in report.warnings if code != "no_subject"]
        return [say("warning.no_subject", language), *messages]
    if by_subject is None and "no_subject" not in codes:
        return [say("warning.split_unknown", language), *messages]
    return messages


def kind_of(measures: Mapping[str, Measure]) -> str:
    """The kind of output that such metrics are measured of."""
    for kind, marks in _MARKS.items():
        if marks & set(measures):
            return kind
    return "category"


_MARKS: Mapping[str, frozenset[str]] = {
    "partition": frozenset({"dice", "object_dice", "object_f1", "hd95_mm"}),
    "picture": frozenset({"psnr_db", "psnr_affine_db", "ssim", "pairwise"}),
    "quantity": frozenset({"kappa_quadratic", "mae"}),
}


def _leads(kind: str, measures: Mapping[str, Measure], language: str) -> list[str]:
    """At most two of the sentences there are for this kind, for numbers that are known."""
    return [say(f"lead.{kind}.{m}", language, shown=shown(measures[m], language)) for m in _led(kind, measures)[:2]]


def _led(kind: str, measures: Mapping[str, Measure]) -> list[str]:
    """The known metrics that have a sentence for this kind, the most telling first."""
    prefix = f"lead.{kind}."
    metrics = [key.removeprefix(prefix) for key in LEADS if key.startswith(prefix)]
    return [m for m in metrics if m in measures and measures[m].value is not None]


def _comparison(report: Report, output: str, kind: str, language: str) -> list[str]:
    """The first baseline that was measured by the metric of the first sentence."""
    metric = _led(kind, report.measures[output])[0]
    for name, outputs in report.baselines.items():
        found = outputs.get(output, {}).get(metric)
        if found is not None and found.value is not None:
            return [say("report.comparison", language, name=name, shown=shown(found, language))]
    return []


def _nothing(measures: Mapping[str, Measure], language: str) -> str:
    """The first number that is known, under its name; else why there is none."""
    for name, measure in measures.items():
        if measure.value is not None:
            return f"{metric_name(name, language)} {shown(measure, language)}"
    why = next((m.method for m in measures.values() if m.method), "")
    return unknown(why, language) if why else say("report.no_measure", language)


def _answer(answer: Answer, language: str) -> str:
    match answer:
        case AnsweredQuantity():
            return _quantity(answer, language)
        case AnsweredCategory():
            return _category(answer, language)
        case AnsweredPartition():
            parts = [_region(r, language) for r in answer.regions]
            return say("semicolon", language).join([*parts, _risk(answer.risk, language)])
        case AnsweredPicture():
            return _picture(answer, language)
        case _:
            assert_never(answer)


def _quantity(answer: AnsweredQuantity, language: str) -> str:
    if answer.steps is not None and answer.step is not None:
        text = f"{answer.step} {answer.steps[answer.step]}"
        names = None if answer.set is None else tuple(answer.steps[i] for i in answer.set)
        return f"{text} ({_set(names, answer.level, language)})"
    unit = f" {answer.unit}" if answer.unit else ""
    text = f"{decimal(answer.value, 3, language)}{unit}"
    if answer.low is None or answer.high is None or answer.level is None:
        return f"{text} ({say('answer.uncalibrated', language)})"
    low, high = (f"{decimal(end, 3, language)}{unit}" for end in (answer.low, answer.high))
    level = short_percent(answer.level, language)
    return f"{text} ({say('answer.interval', language, level=level, low=low, high=high)})"


def _category(answer: AnsweredCategory, language: str) -> str:
    names = () if answer.answer is None else (answer.answer,) if isinstance(answer.answer, str) else answer.answer
    if not names:
        text = say("answer.none" if answer.answer is None else "answer.none_found", language)
    else:
        text = ", ".join(f"{name} ({_probability(answer, name, language)})" for name in names)
    return (
        f"{text}{say('semicolon', language)}{_set(answer.set, answer.level, language)}" if answer.calibrated else text
    )


def _probability(answer: AnsweredCategory, name: str, language: str) -> str:
    if name not in answer.probabilities:
        return say("unknown", language)
    p = decimal(answer.probabilities[name], 2, language)
    return say("answer.probability" if answer.calibrated else "answer.uncalibrated_p", language, p=p)


def _set(names: tuple[str, ...] | None, level: float | None, language: str) -> str:
    if names is None or level is None:
        return say("answer.uncalibrated", language)
    key = "answer.set" if names else "answer.set_empty"
    return say(key, language, level=short_percent(level, language), names=listed(names))


def _picture(answer: AnsweredPicture, language: str) -> str:
    shape = " x ".join(map(str, answer.pictures[0].grid.shape)) if answer.pictures else say("unknown", language)
    if answer.level is None:
        return say("seen.answer_plain", language, shape=shape)
    return say("seen.answer", language, shape=shape, level=short_percent(answer.level, language))


def _region(region: Region, language: str) -> str:
    if region.volume_mm3 is not None:
        size = f"{decimal(region.volume_mm3, 3, language)} mm³"
    elif region.area_mm2 is not None:
        size = f"{decimal(region.area_mm2, 3, language)} mm²"
    else:
        size = say("answer.samples", language, n=integer(region.samples, language))
    count = "" if region.count is None else f", {say('answer.objects', language, n=integer(region.count, language))}"
    return f"{region.name} {size}{count}"


def _risk(risk: MaskRisk | None, language: str) -> str:
    if risk is None:
        return say("answer.risk_none", language)
    n, alpha = counted(risk.n, "subject", language), short_percent(risk.alpha, language)
    cut = f"{risk.threshold:.2g}"
    if risk.delta is None:
        return say("answer.risk", language, alpha=alpha, n=n, threshold=cut)
    sure = short_percent(1 - risk.delta, language)
    return say("answer.risk_sure", language, alpha=alpha, confidence=sure, n=n, threshold=cut)


def _one_line(text: str) -> str:
    """Control characters of a user's names must not move the terminal's cursor."""
    return " ".join("".join(c if c.isprintable() or c in "\u202f\u00a0" else " " for c in text).split(" ")).strip()
