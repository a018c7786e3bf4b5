"""`vesale commission`: a model to a new site, on 50 to 300 exams of it, with an acceptance report to be signed."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..core.acceptance import FEW, Acceptance, Compared, Renewed, Side
from ..core.errors import CohortError
from ..core.exam import Cohort, Split
from ..core.recipe import Trust as Wanted
from ..core.report import Measure
from ..engine.commission import (
    LocalAnswers,
    answered,
    declines_too_many,
    judged_as_delivered,
    judged_in_turns,
    moved_pictures,
    refitted,
    write_local_model,
)
from ..engine.events import Event, Staged
from ..engine.logbook import commission_entry, open_logbook
from ..engine.opened import OpenedModel, open_model
from ..engine.results import Results, measured, read_results, referral, share
from ..engine.survey import strata
from ..io.cohort import Columns
from ..render.acceptance_page import acceptance_document, acceptance_page
from ..render.documents import dumps, measure, number
from ..trust.accept import MARGIN, advice, compare
from ..trust.state import Trust
from .check import check, check_document
from .list import find_model


@dataclass(frozen=True, slots=True)
class CommissionWish:
    """What a user asks of a commissioning beside the model and the site's exams."""

    margin: float = MARGIN
    """Loss of a metric against what was stated that is borne."""
    alpha: float | None = None
    """Of the refer rule here; None: as the model was made with."""
    delta: float | None = None
    name: str | None = None
    """Of the local package; None: the model's, and the site's cohort."""
    split: Split | None = None
    allow: tuple[str, ...] = ()
    columns: Columns = field(default_factory=Columns)
    language: str = "en"


def commission(
    model: Path | str | OpenedModel,
    cohort: Path,
    out: Path,
    wish: CommissionWish = CommissionWish(),
    watch: Callable[[Event], None] = lambda _: None,
) -> Acceptance:
    """Write out/acceptance.html, acceptance.json, the readings by both packages, and the site's package, out/model.

    The package of origin is not touched. CohortError when an error of the cohort is not allowed or no exam could be
    read; PackageError when the model cannot be used.
    """
    began = time.perf_counter()
    opened = model if isinstance(model, OpenedModel) else open_model(find_model(model))
    out.mkdir(parents=True, exist_ok=True)
    checked = check(cohort, wish.allow, wish.columns)
    (out / "check.json").write_text(dumps(check_document(checked)) + "\n", encoding="utf-8")
    if not checked.ok:
        kinds = sorted({f.kind for f in checked.findings if f.severity == "error" and f.kind not in wish.allow})
        raise CohortError(f"{checked.cohort.name}: errors of kind {', '.join(kinds)}", "see `vesale check`, or --allow")
    some = checked.cohort.of_split(wish.split) if wish.split else checked.cohort
    watch(Staged("answer", f"{len(some)} exams of {len(some.subjects)} subjects through {opened.card.name}"))
    local, failed = answered(opened, some, out / "raw")
    if not len(local.cohort):
        why = failed[0][1] if failed else "the cohort has no exam"
        raise CohortError(f"{some.name}: the model could be run on no exam: {why}", "see `vesale check`")
    wanted = _wanted(opened, wish)
    watch(Staged("calibrate", "calibration, gate and promise on the exams of the site"))
    trust = refitted(local, wanted)
    groups = strata(local.cohort, opened.recipe.task)
    judged_as_delivered(local, out / "readings" / "delivered")
    judged_in_turns(local, wanted, out / "readings" / "commissioned", opened.recipe.seed, groups)
    found = _acceptance(local, trust, (out, wish, cohort), [*checked.excluded, *failed])
    name = wish.name or f"{opened.card.name}-{local.cohort.name.split('/')[0]}"
    facts = {
        "name": name,
        "measures": {o: {m: number(v) for m, v in ms.items()} for o, ms in found.commissioned.measures.items()},
        "commissioned": _facts(local.cohort, found),
    }
    watch(Staged("package", f"{name}, which names {opened.card.name} as its origin"))
    digest = write_local_model(opened, trust, out / "model", facts)
    found = replace(found, model={"name": name, "version": opened.card.version, "digest": digest})
    found = replace(found, seconds=time.perf_counter() - began)
    (out / "acceptance.json").write_text(dumps(acceptance_document(found)) + "\n", encoding="utf-8")
    (out / "acceptance.html").write_text(acceptance_page(found, wish.language), encoding="utf-8")
    _log(out, found.model, watch)
    watch(Staged("done", str(out / "acceptance.html")))
    return found


def _log(out: Path, model: Mapping[str, str], watch: Callable[[Event], None]) -> None:
    book = open_logbook(out / "log.jsonl")
    book.add(commission_entry(out, model))
    if book.failure:
        watch(Staged("log", f"NOT written: {book.failure}"))


def _wanted(model: OpenedModel, wish: CommissionWish) -> Wanted:
    given = {name: value for name in ("alpha", "delta") if (value := getattr(wish, name)) is not None}
    return replace(model.recipe.trust, **given)


def _acceptance(
    local: LocalAnswers, trust: Trust, run: tuple[Path, CommissionWish, Path], excluded: Sequence[tuple[str, str]]
) -> Acceptance:
    """Everything side by side: as stated, as delivered, as commissioned."""
    out, wish, given = run
    model, cohort = local.model, local.cohort
    delivered = _side(out / "readings" / "delivered", cohort, model, model.trust)
    commissioned = _side(out / "readings" / "commissioned", cohort, model, trust)
    stated = {o: {m: measure(m, v) for m, v in ms.items()} for o, ms in model.card.measures.items()}
    compared = _compared(stated, delivered, wish.margin)
    moved = model.trust.gate is not None and declines_too_many(delivered.statuses, model.recipe.trust.false_alarms)
    rule = trust.refer
    words = ["vesale", "commission", model.card.name, given.name, "--out", out.name]
    return Acceptance(
        command=shlex.join(words),
        origin=dict(model.identity),
        model={},
        cohort={"digest": cohort.digest, "subjects": len(cohort.subjects), "exams": len(cohort)},
        excluded=tuple(excluded),
        margin=wish.margin,
        stated=stated,
        delivered=delivered,
        commissioned=commissioned,
        compared=tuple(compared),
        pictures=moved_pictures(local),
        gate_moved=moved,
        promise=Renewed(**{f.name: getattr(rule, f.name) for f in fields(Renewed)}) if rule else None,
        advice=advice(len(cohort.subjects), compared, rule is not None and rule.threshold is not None, moved),
        wanted_exams=_missing(len(cohort.subjects), trust),
        created=datetime.now(UTC),
        seconds=0.0,
    )


def _side(folder: Path, cohort: Cohort, model: OpenedModel, trust: Trust) -> Side:
    results: Results = read_results(folder, cohort, model.pipeline.task)
    found, rule = measured(results), trust.refer
    statuses = tuple(str(row["status"]) for row in results.rows)
    rates = {name: share(name, sum(s == name for s in statuses), len(statuses)) for name in ("declined", "referred")}
    alone = referral(results.rows, rule.alpha, rule.delta) if rule else None
    return Side(found.measures, found.calibration, found.coverage, rates, alone, statuses)


def _compared(stated: Mapping[str, Mapping[str, Measure]], here: Side, margin: float) -> list[Compared]:
    return [
        compare(output, stated[output][name], found, margin)
        for output, metrics in here.measures.items()
        for name, found in metrics.items()
        if name in stated.get(output, {})
    ]


def _missing(subjects: int, trust: Trust) -> int | None:
    """How many more exams it takes, as far as that can be told; None: no more are needed."""
    if subjects < FEW:
        return FEW - subjects
    rule = trust.refer
    if rule is None or rule.threshold is not None:
        return None
    return max(rule.needed - rule.n, 0) or None


def _facts(cohort: Cohort, found: Acceptance) -> dict[str, Any]:
    return {
        "digest": cohort.digest,
        "subjects": len(cohort.subjects),
        "exams": len(cohort),
        "advice": found.advice,
        "signed": None,
    }
