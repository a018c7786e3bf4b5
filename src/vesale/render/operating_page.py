"""report.html of a programme: its operating point by patient, workload, decision curve, and trials as context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..core.programme import Programme
from ..core.report import Measure, Report
from ..metrics.operating import DecisionCurve
from .charts import curve_svg
from .extras import Curve, Series
from .page import page
from .programme_page import said
from .words import (
    counted,
    integer,
    interval_text,
    metric_help,
    metric_name,
    percent,
    say,
    short_percent,
    shown,
    unknown,
    value_text,
)


@dataclass(frozen=True, slots=True)
class Trial:
    """What a pivotal trial reported of more than mild retinopathy."""

    who: str
    source: str
    values: tuple[tuple[str, float], ...]
    mark: str
    """s: read in the source (its abstract)."""


PIVOTAL = (
    Trial(
        "IDx-DR",
        "Abramoff et al., Pivotal trial of an autonomous AI-based diagnostic system for detection of diabetic "
        "retinopathy in primary care offices, npj Digital Medicine 2018",
        (("sensitivity", 0.872), ("specificity", 0.907), ("imageability", 0.961)),
        "s",
    ),
    Trial(
        "EyeArt 2.1",
        "Ipp et al., Pivotal evaluation of an artificial intelligence system for autonomous detection of referrable "
        "and vision-threatening diabetic retinopathy, 942 patients, JAMA Network Open 2021",
        (("sensitivity", 0.96), ("specificity", 0.88)),
        "s",
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Operating:
    """What the page shows beside the report."""

    curve: DecisionCurve
    workload: Mapping[float, Mapping[str, Measure]]
    """Prevalence -> saved_per_1000, missed_per_1000."""
    prevalence: float
    """Of referable patients here."""
    decided: int
    promise: tuple[float, float] | None


def operating_page(report: Report, shown_: Operating, programme: Programme, language: str = "en") -> str:
    """The numbers with their intervals, the most telling first."""
    title = say("operating.title", language, programme=said(programme.title, programme.name, language))
    return page(
        "operating.html.j2",
        language,
        title=title,
        use=said(programme.intended_use, "", language),
        asks=said(programme.asks, "", language),
        lead=lead_lines(report, language),
        warnings=[message for _, message in report.warnings],
        groups=[
            (say("operating.point", language), _rows(report.measures.get("patient", {}), language)),
            (say("operating.risk", language), _rows(report.measures.get("referable", {}), language)),
        ],
        workload=_workload(shown_, language),
        svg=curve_svg(_curve(shown_.curve, language), "decision", language),
        trials=[_trial(t, language) for t in PIVOTAL],
        model=[(say(f"label.{k}", language), report.model.get(key) or "") for k, key in _MODEL],
        command=report.command,
    )


_MODEL = (("model", "name"), ("version", "version"), ("digest", "digest"))


def patient_lines(report: Report, language: str = "en") -> list[str]:
    """A programme's report for a terminal: in short, every number, the warnings."""
    lines = lead_lines(report, language)
    for measures in report.measures.values():
        lines += [
            f"  {metric_name(n, language)}{say('colon', language)}{shown(m, language)}" for n, m in measures.items()
        ]
    label = say("severity.warning", language)
    return lines + [f"{label}{say('colon', language)}{message}" for _, message in report.warnings]


def lead_lines(report: Report, language: str = "en") -> list[str]:
    """What was found on whom, and how the promise fared."""
    measures = report.measures["patient"]
    found, spared = measures["sensitivity"], measures["specificity"]
    lines = [
        say(
            "operating.lead",
            language,
            patients=counted(report.cohort["subjects"], "patient", language),
            bad=integer(found.n, language),
            found=shown(found, language),
            spared=shown(spared, language),
        )
    ]
    if report.refer is not None:
        alpha, confidence = (short_percent(v, language) for v in (report.refer.alpha, 1 - report.refer.delta))
        words = say(f"programme.promise.{report.cohort['promise']}", language, alpha=alpha, confidence=confidence)
        values = {"n": integer(report.cohort["set_aside_under_promise"], language), "promise": words}
        lines.append(say("operating.promised", language, missed=shown(measures["missed_aside"], language), **values))
    return lines


def _rows(measures: Mapping[str, Measure], language: str) -> list[dict[str, Any]]:
    return [
        {
            "name": metric_name(name, language),
            "help": metric_help(name, language),
            "method": m.method,
            **_cell(m, language),
        }
        for name, m in measures.items()
    ]


def _cell(m: Measure, language: str) -> dict[str, Any]:
    return {
        "value": value_text(m, language),
        "interval": interval_text(m, language),
        "n": counted(m.n, m.n_of, language),
        "unknown": unknown(m.method, language) if m.value is None else "",
    }


def _workload(seen: Operating, language: str) -> dict[str, Any]:
    names = list(next(iter(seen.workload.values()), {}))
    return {
        "names": [metric_name(n, language) for n in names],
        "rows": [
            (percent(p, 0, language), [_cell(m, language) for m in ms.values()]) for p, ms in seen.workload.items()
        ],
    }


def _curve(curve: DecisionCurve, language: str) -> Curve:
    """Down to a little below nothing gained: what harms more than that is off the chart."""
    floor = -0.05

    def series(key: str, values: tuple[float, ...]) -> Series:
        kept = [(t, v) for t, v in zip(curve.thresholds, values, strict=True) if v >= floor]
        return Series(say(key, language), tuple(t for t, _ in kept), tuple(v for _, v in kept))

    lines = (
        series("operating.by_risk", curve.model),
        series("operating.as_decided", curve.programme),
        series("operating.everyone", curve.everyone),
        series("operating.nobody", (0.0,) * len(curve.thresholds)),
    )
    labels = (say("operating.threshold", language), say("operating.benefit", language))
    return Curve(say("operating.curve", language), *labels, lines)


def _trial(trial: Trial, language: str) -> dict[str, Any]:
    numbers = "; ".join(f"{metric_name(name, language)} {percent(value, 1, language)}" for name, value in trial.values)
    return {"who": trial.who, "source": trial.source, "numbers": numbers}
