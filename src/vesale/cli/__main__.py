"""vesale VERB ...: a thin door; every verb is a function in vesale.verbs. stdout is the result, stderr the story."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import VesaleError
from .options import parse, parser

if TYPE_CHECKING:
    from ..core.report import Report
    from ..io.cohort import Columns


def main(argv: list[str] | None = None) -> int:
    options = parse(argv)
    if options.version:
        print(_versions())
        return 0
    if options.verb is None:
        parser().print_help()
        return 2
    try:
        return VERBS[options.verb](options)
    except VesaleError as error:
        print(f"vesale: {error.message}" + (f" ({error.remedy})" if error.remedy else ""), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("vesale: interrupted; the same command goes on from here", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0


def _study(o: argparse.Namespace) -> int:
    if o.programme is None:
        _needs_training()
    from ..render.documents import report_document
    from ..render.text import finding_lines
    from ..verbs.plan import parse_budget
    from ..verbs.study import Wish, study
    from .story import Story

    overrides, kept = list(o.overrides), "decision" if o.programme else "trust"
    overrides += [f"{kept}.{k}={v}" for k in ("alpha", "delta") if (v := getattr(o, k)) is not None]
    overrides += [f"trust.neighbours={o.like}"] if o.like else []
    overrides += _prices(o.cost)
    budget = parse_budget(o.budget) if o.budget else None
    asked = (_columns(o), o.name, not o.no_baseline, o.model, o.language, o.programme, _answers(o.answers))
    wish = Wish(budget, o.recipe, tuple(overrides), tuple(o.allow), *asked)
    with Story(o.quiet) as story:
        done = study(o.cohort, o.out, wish, story.hear)
        if done.checked.findings:
            for text in finding_lines(done.checked.findings):
                story.line(text)
        if done.report is None:
            story.line("nothing was learned: correct the errors above, or name them with --allow")
    if done.report is None:
        if o.json:
            from ..verbs.check import check_document

            _say_json(check_document(done.checked))
        return 1
    if o.json:
        _say_json(report_document(done.report))
    else:
        print(
            "\n".join(
                [*_told(done.report, o.language), "", f"report  {o.out / 'report.html'}", f"model   {o.out / 'model'}"]
            )
        )
    return 0


def _read(o: argparse.Namespace) -> int:
    from ..engine.programme_run import ReadPatient
    from ..render.documents import summary_document
    from ..render.text import line
    from ..verbs.read import DEFAULT_LOG, How, ReadOne, read
    from .story import Story

    lines: list[str] = []
    with Story(o.quiet) as story:

        def done(one: ReadOne | ReadPatient) -> None:
            lines.append(line(one.prediction, o.language) if isinstance(one, ReadOne) else one.line)
            story.read(one)

        log = DEFAULT_LOG if o.log is None else None if o.log == "none" else Path(o.log)
        summary = read(o.inputs, o.model, o.out, done, o.language, How(o.confined, o.explain, log))
        for failure in summary.failures:
            story.line(f"{failure.input}: {failure.message}" + (f" ({failure.remedy})" if failure.remedy else ""))
    unlogged = summary.log is not None and summary.log["status"] == "failed"
    if unlogged and summary.log:
        print(f"vesale: {summary.log['missed']} readings are NOT in the log: {summary.log['message']}", file=sys.stderr)
    if o.json:
        _say_json(summary_document(summary))
    else:
        print("\n".join([*lines, "", f"page  {o.out / 'index.html'}"]))
    return 3 if summary.failures else 1 if unlogged else 0


def _check(o: argparse.Namespace) -> int:
    from ..render.text import finding_lines
    from ..verbs.check import Wanted, check, check_document
    from .story import Story

    wanted = Wanted(o.out, tuple(o.against), o.language)
    with Story(o.quiet) as story:
        checked = check(o.cohort, tuple(o.allow), _columns(o), wanted, story.bar)
    if o.json:
        _say_json(check_document(checked))
    else:
        told = finding_lines(checked.findings) or ["no finding"]
        cohort = checked.cohort
        told += ["", f"page  {o.out / 'check.html'}"] if o.out else []
        print("\n".join([f"{len(cohort)} exams of {len(cohort.subjects)} subjects can be used", *told]))
    return 0 if checked.ok else 1


def _plan(o: argparse.Namespace) -> int:
    from ..verbs.check import check
    from ..verbs.plan import parse_budget, plan

    if o.budget:
        _needs_training()
    checked = check(o.cohort, tuple(o.allow), _columns(o))
    planned = plan(checked.cohort, parse_budget(o.budget) if o.budget else None)
    o.out.parent.mkdir(parents=True, exist_ok=True)
    o.out.write_text(planned.toml, encoding="utf-8")
    if o.json:
        from dataclasses import asdict

        _say_json({"schema": "vesale/plan/1", "recipe": asdict(planned.recipe), "remarks": dict(planned.remarks)})
    else:
        print(planned.markdown + f"\nrecipe  {o.out}")
    return 0


def _train(o: argparse.Namespace) -> int:
    _needs_training()
    from ..core.recipe import load
    from ..verbs.check import check
    from ..verbs.train import train
    from .story import Story

    recipe = load(o.recipe, o.overrides)
    checked = check(o.cohort, tuple(o.allow), _columns(o))
    if not checked.ok:
        from ..render.text import finding_lines

        print("\n".join(finding_lines(checked.findings)), file=sys.stderr)
        return 1
    with Story(o.quiet) as story:
        for event in train(recipe, checked.cohort, o.out, o.masked):
            story.hear(event)
    weights = o.out / "weights.safetensors"
    if o.json:
        _say_json({"schema": "vesale/train/1", "recipe": recipe.digest, "weights": weights.as_posix()})
    else:
        print(weights)
    return 0


def _predict(o: argparse.Namespace) -> int:
    from ..render.documents import prediction_document
    from ..render.text import line
    from ..verbs.predict import predict

    prediction = predict(o.image, o.model)
    if o.json:
        _say_json(prediction_document(prediction))
    else:
        print(line(prediction))
    return 0


def _evaluate(o: argparse.Namespace) -> int:
    from ..render.documents import report_document
    from ..verbs.evaluate import evaluate

    report = evaluate(o.readings, o.cohort, o.out, o.split, tuple(o.allow), o.language)
    if o.json:
        _say_json(report_document(report))
    else:
        print("\n".join([*_told(report, o.language), "", f"report  {o.out / 'report.html'}"]))
    return 0


def _told(report: "Report", language: str) -> list[str]:
    """A report in lines; of a programme by patient."""
    from ..render.operating_page import patient_lines
    from ..render.text import report_lines

    return patient_lines(report, language) if "patient" in report.measures else report_lines(report)


def _commission(o: argparse.Namespace) -> int:
    from ..render.acceptance_page import acceptance_document, acceptance_lines
    from ..verbs.commission import CommissionWish, commission
    from .story import Story

    given = {k: v for k in ("margin", "alpha", "delta", "name", "split") if (v := getattr(o, k)) is not None}
    wish = CommissionWish(allow=tuple(o.allow), columns=_columns(o), language=o.language, **given)
    with Story(o.quiet) as story:
        found = commission(o.model, o.cohort, o.out, wish, story.hear)
    if o.json:
        _say_json(acceptance_document(found))
    else:
        told = acceptance_lines(found, o.language)
        print("\n".join([*told, "", f"report  {o.out / 'acceptance.html'}", f"model   {o.out / 'model'}"]))
    return 0


def _explain(o: argparse.Namespace) -> int:
    from ..verbs.explain import Asked, explain
    from .explaining import lines_of, region_of
    from .story import Story

    asked = Asked(o.output, o.target, o.method, region_of(o.region), o.mask, o.outlines, o.language)
    with Story(o.quiet) as story:
        done = explain(o.inputs, o.model, o.out, asked, story.explained)
        for note in done.notes:
            story.line(note)
        for failure in done.failures:
            story.line(f"{failure.input}: {failure.message}" + (f" ({failure.remedy})" if failure.remedy else ""))
    if o.json:
        _say_json({"schema": "vesale/explanations/1", "exams": list(done.documents)})
    else:
        print("\n".join([*lines_of(done, o.language), "", f"page  {o.out / 'index.html'}"]))
    return 3 if done.failures else 0


def _audit(o: argparse.Namespace) -> int:
    from ..core.audit import Question
    from ..render.audit_document import audit_document
    from ..render.audit_text import audit_lines
    from ..verbs.audit import AuditWish, audit, parse_by

    question = Question(parse_by(o.by), o.alpha_test, o.gap, o.pool, not o.no_crossed)
    done = audit(o.readings, o.cohort, o.out, AuditWish(question, o.split, tuple(o.allow), _columns(o), o.language))
    if o.json:
        _say_json(audit_document(done))
    else:
        print("\n".join([*audit_lines(done, o.language), "", f"page  {o.out / 'audit.html'}"]))
    return 0 if done.ok else 1


def _drift(o: argparse.Namespace) -> int:
    from ..render.drift_page import drift_document, drift_lines
    from ..verbs.drift import drift

    found = drift(o.readings, o.reference, o.out, o.every, o.language)
    if o.json:
        _say_json(drift_document(found, "vesale drift"))
    else:
        print("\n".join([*drift_lines(found, o.language), "", f"page  {o.out / 'drift.html'}"]))
    return 1 if found.alarms else 0


def _present(o: argparse.Namespace) -> int:
    from dataclasses import fields

    from ..render.subject import Presentation
    from ..verbs.present import present

    wish = Presentation(**{f.name: getattr(o, f.name) for f in fields(Presentation)})
    done = present(o.exam[0] if len(o.exam) == 1 else o.exam, o.out, wish, o.over)
    if o.json:
        _say_json(dict(done.document))
    else:
        if not o.quiet:
            print("\n".join(f"note    {note}" for note in done.document["notes"]), file=sys.stderr)
        print(f"{wish.kind}  {o.out}")
    return 0


def _synthesise(o: argparse.Namespace) -> int:
    from ..verbs.synthesise import SynthesisWish, synthesis_document, synthesis_lines, synthesise

    wish = SynthesisWish(o.onto, tuple(o.structure), o.count, o.alone, o.seed, _columns(o))
    done = synthesise(o.cohort, o.out, wish)
    if o.json:
        _say_json(synthesis_document(done))
    else:
        print("\n".join(synthesis_lines(done)))
    return 0


def _export(o: argparse.Namespace) -> int:
    from ..verbs.export import export

    written = export(o.model, o.out, o.form)
    if o.json:
        _say_json({"schema": "vesale/export/1", "form": o.form, "file": written.as_posix()})
    else:
        print(written)
    return 0


def _list(o: argparse.Namespace) -> int:
    if o.what == "models":
        from ..verbs.list import list_models

        document = list_models()
        lines = [_model_line(m) for m in document["models"]] or [
            "no model here: pip install vesale-zoo, or VESALE_HOME"
        ]
        lines += [f"refused  {b['message']}" for b in document["broken"]]
    else:
        from ..io import READERS
        from ..nets import NETS

        names = sorted(NETS if o.what == "nets" else READERS)
        document, lines = {"schema": f"vesale/{o.what}/1", o.what: names}, names
    if o.json:
        _say_json(document)
    else:
        print("\n".join(lines))
    return 0


def _log(o: argparse.Namespace) -> int:
    from ..verbs.log import Question, log

    question = Question(o.anchor, o.readings, o.exam, o.last, o.entry, o.decision, o.reader)
    document = log(o.what, o.file, question)
    if o.json:
        _say_json(document)
    else:
        print("\n".join(_log_lines(document)))
    return 0 if document.get("ok", True) else 1


def _log_lines(document: dict[str, Any]) -> list[str]:
    if "ok" in document:
        whole = f"{document['entries']} entries hold" + ("" if document["ok"] else f"; NOT WHOLE: {document['what']}")
        return [whole, *(f"note    {note}" for note in document["notes"])]
    if "anchor" in document:
        return [f"{document['anchor']}", f"of log {document['log']} at {document['time']}: keep it elsewhere"]
    if "about" in document:
        return [document["entry"]]
    rows: list[tuple[str, ...]] = [("n", "time", "event", "status", "decision", "exam", "hash")]
    rows += [tuple(str(e[k] or "-")[:24] for k in rows[0]) for e in document["entries"]]
    return [
        "  ".join(cell.ljust(w) for cell, w in zip(r, (6, 24, 9, 9, 9, 24, 24), strict=True)).rstrip() for r in rows
    ]


def _dossier(o: argparse.Namespace) -> int:
    from ..verbs.dossier import dossier

    written = dossier(o.run)
    if o.json:
        _say_json(dict(written.document))
    else:
        print("\n".join(written.lines))
    return 0


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "study": _study,
    "read": _read,
    "check": _check,
    "plan": _plan,
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "commission": _commission,
    "explain": _explain,
    "audit": _audit,
    "drift": _drift,
    "present": _present,
    "synthesise": _synthesise,
    "export": _export,
    "list": _list,
    "log": _log,
    "dossier": _dossier,
}


def _model_line(model: dict[str, Any]) -> str:
    kinds = ", ".join(f"{n}: {k}" for n, k in model["outputs"].items())
    size = f"{model['bytes'] / 1e6:.1f} MB"
    return f"{model['name']}  {model['version']}  {kinds}  {size}  use: {model['use']}  {model['path']}"


def _prices(costs: list[str]) -> list[str]:
    """The setting trust.cost of `--cost KIND=PRICE ...`; a kind may hold spaces and signs, as names of classes do."""
    import json

    from ..core.errors import RecipeError

    prices = []
    for cost in costs:
        kind, _, price = cost.rpartition("=")
        try:
            prices.append(f"{json.dumps(kind, ensure_ascii=False)} = {float(price)!r}")
        except ValueError:
            kind = ""
        if not kind:
            raise RecipeError(f"--cost {cost}: expected KIND=PRICE", "for example --cost missed=10")
    return [f"trust.cost={{ {', '.join(prices)} }}"] if prices else []


def _answers(words: list[str]) -> dict[str, Path]:
    """Step -> RUN of `--answers STEP=RUN ...`."""
    from ..core.errors import RecipeError

    for word in words:
        if not word.partition("=")[2]:
            raise RecipeError(f"--answers {word}: expected STEP=RUN", "for example --answers grade=runs/grade")
    return {word.partition("=")[0]: Path(word.partition("=")[2]) for word in words}


def _columns(o: argparse.Namespace) -> "Columns":
    from ..io.cohort import Columns

    return Columns(subject=o.subject, image=o.image, labels=tuple(o.label))


def _needs_training() -> None:
    from importlib.util import find_spec

    from ..core.errors import MissingExtra

    missing = [name for name in ("torch", "onnx", "onnxscript", "safetensors", "sklearn") if find_spec(name) is None]
    if missing:
        message = f"learning needs what is not installed: {', '.join(missing)}"
        raise MissingExtra(message, "pip install 'vesale[train]'")


def _say_json(document: dict[str, Any]) -> None:
    from ..render.documents import dumps

    print(dumps(document))


def _versions() -> str:
    import platform
    from importlib.metadata import version

    return f"vesale {version('vesale')}, Python {platform.python_version()}, onnxruntime {version('onnxruntime')}"


if __name__ == "__main__":
    raise SystemExit(main())
