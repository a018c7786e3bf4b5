"""vesale VERB ...: a thin door; every verb is a function in vesale.verbs. stdout is the result, stderr the story."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..core.errors import VesaleError
from .options import parse, parser

if TYPE_CHECKING:
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
    _needs_training()
    from ..render.documents import report_document
    from ..render.text import finding_lines, report_lines
    from ..verbs.plan import parse_budget
    from ..verbs.study import Wish, study
    from .story import Story

    overrides = list(o.overrides)
    overrides += [f"trust.{k}={v}" for k in ("alpha", "delta") if (v := getattr(o, k)) is not None]
    overrides += _prices(o.cost)
    budget = parse_budget(o.budget) if o.budget else None
    wish = Wish(budget, o.recipe, tuple(overrides), tuple(o.allow), _columns(o), o.name, not o.no_baseline)
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
                [*report_lines(done.report), "", f"report  {o.out / 'report.html'}", f"model   {o.out / 'model'}"]
            )
        )
    return 0


def _read(o: argparse.Namespace) -> int:
    from ..render.documents import summary_document
    from ..render.text import line
    from ..verbs.read import ReadOne, read
    from .story import Story

    lines: list[str] = []
    with Story(o.quiet) as story:

        def done(one: ReadOne) -> None:
            lines.append(line(one.prediction, o.language))
            story.read(one)

        summary = read(o.inputs, o.model, o.out, done, o.language, o.confined)
        for failure in summary.failures:
            story.line(f"{failure.input}: {failure.message}" + (f" ({failure.remedy})" if failure.remedy else ""))
    if o.json:
        _say_json(summary_document(summary))
    else:
        print("\n".join([*lines, "", f"page  {o.out / 'index.html'}"]))
    return 3 if summary.failures else 0


def _check(o: argparse.Namespace) -> int:
    from ..render.text import finding_lines
    from ..verbs.check import check, check_document

    checked = check(o.cohort, tuple(o.allow), _columns(o))
    if o.json:
        _say_json(check_document(checked))
    else:
        told = finding_lines(checked.findings) or ["no finding"]
        cohort = checked.cohort
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
        for event in train(recipe, checked.cohort, o.out):
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
    from ..render.text import report_lines
    from ..verbs.evaluate import evaluate

    report = evaluate(o.readings, o.cohort, o.out, o.split, tuple(o.allow))
    if o.json:
        _say_json(report_document(report))
    else:
        print("\n".join([*report_lines(report), "", f"report  {o.out / 'report.html'}"]))
    return 0


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


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "study": _study,
    "read": _read,
    "check": _check,
    "plan": _plan,
    "train": _train,
    "predict": _predict,
    "evaluate": _evaluate,
    "present": _present,
    "list": _list,
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
