"""The words and flags of every command; nothing here imports more than argparse."""

import argparse
from pathlib import Path

EXITS = """exit codes: 0 done (a referral is no failure); 1 an error-level finding; 2 bad command or recipe;
3 at least one input failed, the rest is done; 4 package refused or extra missing; 130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """vesale VERB ..."""
    whole = argparse.ArgumentParser(
        prog="vesale",
        description="Learn from your own annotated images, then read new ones: an answer with its uncertainty and its "
        "reasons, or a referral to a human.",
        epilog=EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="store_true", help="print the versions of vesale and of what it runs on")
    verbs = whole.add_subparsers(dest="verb", metavar="VERB")
    _study(verbs.add_parser("study", help="cohort -> model package and report: check, plan, train, calibrate, test"))
    _read(verbs.add_parser("read", help="new images -> per exam an answer, or a referral to a human"))
    _check(verbs.add_parser("check", help="say everything that is wrong with a cohort"))
    _plan(verbs.add_parser("plan", help="look at a cohort and propose a recipe"))
    _train(verbs.add_parser("train", help="fit one network, as a recipe says"))
    _predict(verbs.add_parser("predict", help="what a model says of one image; nothing is written"))
    _evaluate(verbs.add_parser("evaluate", help="readings, or a model, against a cohort's truth"))
    _list(verbs.add_parser("list", help="the models at hand, or the networks and formats"))
    return whole


def parse(argv: list[str] | None = None) -> argparse.Namespace:
    """The options of a command; settings (a.b=value) may stand anywhere among the flags."""
    whole = parser()
    options, rest = whole.parse_known_args(argv)
    settings = [word for word in rest if "=" in word and not word.startswith("-")]
    if "overrides" not in options or len(settings) < len(rest):
        unknown = [word for word in rest if word not in settings or "overrides" not in options]
        if unknown:
            whole.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options
    options.overrides = [*options.overrides, *settings]
    return options


def _study(p: argparse.ArgumentParser) -> None:
    _cohort(p)
    p.add_argument("overrides", nargs="*", metavar="a.b=value", help="settings of the recipe to change")
    p.add_argument("--budget", metavar="TIME", help="time for everything: 45m, 90s, 1h30m (default 15m)")
    p.add_argument("--recipe", type=Path, metavar="TOML", help="follow this recipe instead of planning one")
    p.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run; given again, it goes on")
    p.add_argument("--name", help="name of the model (default: that of the task)")
    p.add_argument("--no-baseline", action="store_true", help="do not compare with a forest on histograms")
    p.add_argument("--alpha", type=float, help="of the exams reported alone at most this share may be wrong (.05)")
    p.add_argument("--delta", type=float, help="with confidence 1 - delta (.1)")
    _common(p)


def _read(p: argparse.ArgumentParser) -> None:
    p.add_argument("inputs", nargs="+", metavar="IN", help="files, folders, globs, zips, or a cohort's labels.csv")
    p.add_argument("--model", required=True, metavar="M", help="a package (folder or zip), or a name of the zoo")
    p.add_argument("--out", type=Path, required=True, help="folder for the readings")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    p.add_argument("--confined", action="store_true", help="parse the files of strangers in a process with limits")
    _common(p)


def _check(p: argparse.ArgumentParser) -> None:
    _cohort(p)
    _common(p)


def _plan(p: argparse.ArgumentParser) -> None:
    _cohort(p)
    p.add_argument("--budget", metavar="TIME", help="time for everything: 45m, 90s, 1h30m")
    p.add_argument("--out", type=Path, default=Path("recipe.toml"), metavar="TOML", help="where to write the recipe")
    _common(p)


def _train(p: argparse.ArgumentParser) -> None:
    p.add_argument("recipe", type=Path, metavar="RECIPE")
    _cohort(p)
    p.add_argument("overrides", nargs="*", metavar="a.b=value", help="settings of the recipe to change")
    p.add_argument("--out", type=Path, required=True, help="folder for checkpoint and weights")
    _common(p)


def _predict(p: argparse.ArgumentParser) -> None:
    p.add_argument("image", type=Path, metavar="IMAGE", help="one file, or the folder of one DICOM series")
    p.add_argument("--model", required=True, metavar="M", help="a package (folder or zip), or a name of the zoo")
    _common(p)


def _evaluate(p: argparse.ArgumentParser) -> None:
    p.add_argument("readings", metavar="READINGS|MODEL", help="a folder of predictions, or a package to predict with")
    _cohort(p)
    p.add_argument("--split", choices=("train", "validation", "calibration", "test"), help="only these exams")
    p.add_argument("--out", type=Path, required=True, metavar="E", help="folder for the report")
    _common(p)


def _list(p: argparse.ArgumentParser) -> None:
    p.add_argument("what", choices=("models", "nets", "formats"), nargs="?", default="models")
    _common(p)


def _cohort(p: argparse.ArgumentParser) -> None:
    p.add_argument("cohort", type=Path, metavar="COHORT", help="a folder with labels.csv (or of classes), or a table")
    p.add_argument("--allow", action="append", default=[], metavar="KIND", help="go on with this kind of error")
    p.add_argument("--subject", metavar="COLUMN", help="the column that names the patient")
    p.add_argument("--label", action="append", default=[], metavar="COLUMN", help="a column to learn")
    p.add_argument("--image", metavar="COLUMN", help="the column that holds the image's path")


def _common(p: argparse.ArgumentParser) -> None:
    p.add_argument("--json", action="store_true", help="the result document alone on stdout")
    p.add_argument("--quiet", action="store_true", help="no story on stderr")
