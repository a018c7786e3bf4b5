"""The words and flags of every command; nothing here imports more than argparse."""

import argparse
from pathlib import Path

PRESENTATIONS = ("sheet", "slice", "mip", "minip", "average", "planes", "skin", "airways", "bone", "render", "loop")
AXES = ("axial", "coronal", "sagittal", "x", "y", "z")
COLOURS = ("grey", "inverse", "hot", "rainbow", "inferno")
METHODS = ("occlusion", "grad_cam", "integrated_gradients")
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
    _commission(verbs.add_parser("commission", help="a model at a new site: calibrate it there, and say if it will do"))
    _explain(verbs.add_parser("explain", help="where a model looked for an answer, and whether the map can be trusted"))
    _drift(verbs.add_parser("drift", help="whether the exams that are read have changed; no truth is needed"))
    _audit(verbs.add_parser("audit", help="whether a model serves every group equally well"))
    _present(verbs.add_parser("present", help="an exam as pictures: slices, projections, renderings, loops, a sheet"))
    _synthesise(verbs.add_parser("synthesise", help="structures painted on pictures without any, to learn from"))
    _export(verbs.add_parser("export", help="a package in a form that other programs read"))
    _log(verbs.add_parser("log", help="the log of readings: is it whole, what stands in it, its anchor"))
    _dossier(
        verbs.add_parser("dossier", help="a study -> its evidence as HTML and PDF: card, checklists, what is open")
    )
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
    p.add_argument(
        "--model", type=Path, metavar="ONNX", help="somebody else's network, its TOML beside it; no learning"
    )
    p.add_argument("--out", type=Path, required=True, metavar="RUN", help="folder of the run; given again, it goes on")
    p.add_argument("--programme", metavar="P", help="calibrate a programme on these patients; nothing is learned")
    p.add_argument(
        "--answers",
        action="append",
        default=[],
        metavar="STEP=RUN",
        help="of a programme: answers of a study (out of fold) instead of the step's package",
    )
    p.add_argument("--name", help="name of the model (default: that of the task)")
    p.add_argument("--no-baseline", action="store_true", help="do not compare with a forest on histograms")
    kept = "keep what it takes to name training exams like a new one: their ids, hashed ids, or small pictures too"
    p.add_argument("--like", nargs="?", const="ids", choices=("hashed", "ids", "thumbnails"), help=kept)
    p.add_argument("--alpha", type=float, help="of the exams reported alone at most this share may be wrong (.05)")
    p.add_argument("--delta", type=float, help="with confidence 1 - delta (.1)")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of report.html")
    p.add_argument(
        "--cost",
        action="append",
        default=[],
        metavar="KIND=PRICE",
        help="what an error costs, in plain ones: missed=10, false=2, truth:answer=5; then alpha bounds the mean cost",
    )
    _common(p)


def _read(p: argparse.ArgumentParser) -> None:
    p.add_argument("inputs", nargs="+", metavar="IN", help="files, folders, globs, zips, or a cohort's labels.csv")
    p.add_argument("--model", required=True, metavar="M", help="a package (folder or zip), or a name of the zoo")
    p.add_argument("--out", type=Path, required=True, help="folder for the readings")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    p.add_argument(
        "--explain", nargs="?", const=METHODS[0], choices=METHODS, help="a checked map of reasons (occlusion)"
    )
    p.add_argument("--log", metavar="FILE", help="the log of readings (VESALE_HOME/log.jsonl); none: keep none")
    p.add_argument("--confined", action="store_true", help="parse the files of strangers in a process with limits")
    _common(p)


def _check(p: argparse.ArgumentParser) -> None:
    _cohort(p)
    p.add_argument("--out", type=Path, metavar="FOLDER", help="write check.html with a picture of each finding there")
    p.add_argument(
        "--against",
        type=Path,
        action="append",
        default=[],
        metavar="OTHER",
        help="another cohort that must have no photograph in common with this one; may be given again",
    )
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
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
    p.add_argument("--masked", action="store_true", help="from the pictures alone, no label is looked at (train.start)")
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
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of report.html")
    _common(p)


def _commission(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", metavar="MODEL", help="a package (folder or zip), or a name of the zoo; it is not changed")
    _cohort(p)
    p.add_argument("--out", type=Path, required=True, help="folder for the report and the package of the site")
    p.add_argument("--margin", type=float, help="loss against what was stated that is borne (.05)")
    p.add_argument("--alpha", type=float, help="of the exams reported alone at most this share may be wrong")
    p.add_argument("--delta", type=float, help="with confidence 1 - delta")
    p.add_argument("--split", choices=("train", "validation", "calibration", "test"), help="only these exams")
    p.add_argument("--name", help="name of the local package")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    _common(p)


def _explain(p: argparse.ArgumentParser) -> None:
    p.add_argument("inputs", nargs="+", metavar="EXAM", help="files, folders, globs, zips, or a cohort's labels.csv")
    p.add_argument("--model", required=True, metavar="M", help="a package (folder or zip), or a name of the zoo")
    p.add_argument("--out", type=Path, required=True, help="folder for the maps")
    p.add_argument("--output", metavar="NAME", help="which answer, where a model gives several (the first)")
    p.add_argument("--target", metavar="CLASS", help="class, step or structure to speak for (what was answered)")
    p.add_argument("--method", choices=(*METHODS, "all"), default="occlusion", help="(default occlusion)")
    where = p.add_mutually_exclusive_group()
    where.add_argument("--region", metavar="T,L,B,R", help="of an outline: top,left,bottom,right in samples")
    where.add_argument("--mask", type=Path, help="of an outline: an image that is nonzero where it is asked about")
    p.add_argument("--outlines", metavar="M", help="a model that outlines, whose findings are put into words beside")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    _common(p)


def _drift(p: argparse.ArgumentParser) -> None:
    p.add_argument("readings", nargs="+", type=Path, metavar="READINGS", help="folders of `vesale read`")
    p.add_argument(
        "--reference", type=Path, required=True, metavar="RUN", help="a study, a commissioning, or earlier readings"
    )
    p.add_argument("--every", type=int, default=1000, metavar="N", help="readings between two false alarms (1000)")
    p.add_argument("--out", type=Path, default=Path("drift"), metavar="D", help="folder for the page (drift)")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    _common(p)


def _audit(p: argparse.ArgumentParser) -> None:
    p.add_argument("readings", metavar="READINGS|MODEL|RUN", help="predictions, a package to predict with, or a study")
    _cohort(p)
    p.add_argument("--by", action="append", default=[], metavar="TRAITS", help="sex,age:40,60,site (all usable ones)")
    p.add_argument("--alpha-test", type=float, default=0.05, metavar="P", help="false alarms, of whole audits (.05)")
    p.add_argument("--gap", type=float, default=0.05, metavar="D", help="a difference of shares that matters (.05)")
    p.add_argument("--pool", type=int, default=10, metavar="N", help="values of fewer subjects are taken together (10)")
    p.add_argument("--no-crossed", action="store_true", help="do not cross the traits")
    p.add_argument("--split", choices=("train", "validation", "calibration", "test"), help="only these exams")
    p.add_argument("--out", type=Path, default=Path("audit"), metavar="A", help="folder for the audit (audit)")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the page")
    _common(p)


def _present(p: argparse.ArgumentParser) -> None:
    p.add_argument("exam", type=Path, nargs="+", metavar="EXAM", help="a file, or the folder of one DICOM series")
    p.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help=".png .jpg .tif: a picture; .mp4 .gif: a video"
    )
    p.add_argument("--as", dest="kind", default="sheet", choices=PRESENTATIONS, help="(default sheet)")
    p.add_argument("--axis", default="axial", choices=AXES, help="plane, or axis of the stored array (axial)")
    p.add_argument("--slab", type=float, metavar="MM", help="thickness (one slice; all of it for a projection)")
    p.add_argument("--slices", type=int, metavar="N", help="thickness in slices, where there is no scale")
    p.add_argument("--at", metavar="PLACE", help="middle: mm along the axis, 40%%, or n57 for the 57th slice")
    p.add_argument("--window", metavar="W", help="lung, soft, bone, brain, ...; 40/400; 0..7; auto; file; suv")
    p.add_argument("--colours", choices=COLOURS, help="instead of grey (dark on white for PET)")
    p.add_argument("--channel", type=int, default=0, metavar="N", help="which of several volumes, from 0")
    p.add_argument("--view", default="anterior", metavar="FROM", help="of a rendering: left, superior, ...; or 30/15")
    p.add_argument("--threshold", type=float, metavar="V", help="value from which a rendering is opaque")
    p.add_argument("--transfer", metavar="T", help="a transfer function: value:opacity:#rrggbb,...")
    p.add_argument("--keep-all", action="store_true", help="renderings keep the couch")
    p.add_argument(
        "--over", type=Path, metavar="EXAM", help="an image of the same frame of reference, in colour over it"
    )
    p.add_argument("--over-window", metavar="W", help="black..white of the image in colour")
    p.add_argument("--over-colours", choices=COLOURS, default="hot", help="(default hot)")
    p.add_argument("--alpha", type=float, default=0.6, help="how strongly it covers (.6)")
    p.add_argument("--same-frame", action="store_true", help="you answer for one frame of reference")
    p.add_argument("--size", type=int, default=1024, metavar="PIXELS", help="long side (1024)")
    p.add_argument("--bits", type=int, choices=(8, 16), default=8, help="16: one plain grey slice or projection")
    p.add_argument("--plain", action="store_true", help="no letters, scale bar or words")
    p.add_argument("--frames", type=int, default=72, metavar="N", help="of a turntable (72)")
    p.add_argument("--rate", type=float, metavar="HZ", help="frames per second (as recorded, else 15)")
    p.add_argument("--language", choices=("en", "fr"), default="en", help="of the words")
    _common(p)


def _synthesise(p: argparse.ArgumentParser) -> None:
    _cohort(p)
    p.add_argument("--out", type=Path, required=True, help="folder for the pictures, their masks and labels.csv")
    p.add_argument("--onto", type=Path, metavar="OTHER", help="a cohort of pictures that you know to be free of them")
    what = "mask to paint; may be given again (all)"
    p.add_argument("--structure", action="append", default=[], metavar="NAME", help=what)
    p.add_argument("--count", type=int, metavar="N", help="pictures to make (one of each that is free)")
    p.add_argument("--alone", action="store_true", help="leave the annotated exams out of the table")
    p.add_argument("--seed", type=int, default=0, help="of everything random (0)")
    _common(p)


def _export(p: argparse.ArgumentParser) -> None:
    p.add_argument("model", metavar="MODEL", help="a package (folder or zip), or a name of the zoo")
    p.add_argument("--to", dest="form", default="bioimage", choices=("bioimage",), help="(default: BioImage.IO)")
    p.add_argument("--out", type=Path, required=True, metavar="ZIP", help="file to write")
    _common(p)


def _list(p: argparse.ArgumentParser) -> None:
    p.add_argument("what", choices=("models", "nets", "formats"), nargs="?", default="models")
    _common(p)


def _log(p: argparse.ArgumentParser) -> None:
    p.add_argument("what", choices=("verify", "show", "anchor", "confirm"))
    p.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a log (VESALE_HOME/log.jsonl)")
    p.add_argument("--anchor", metavar="N:HASH", help="verify: what `anchor` printed once must still stand there")
    p.add_argument("--readings", type=Path, metavar="OUT", help="verify: the answers there must be those logged")
    p.add_argument("--exam", metavar="ID", help="show: only this exam's entries")
    p.add_argument("--last", type=int, default=20, metavar="N", help="show: the newest (20)")
    p.add_argument("--entry", metavar="HASH", help="confirm: evidence.log_entry of the answer")
    p.add_argument(
        "--as", dest="decision", choices=("confirmed", "corrected", "rejected"), help="confirm: what is said"
    )
    p.add_argument("--reader", metavar="NAME", help="confirm: by whom; kept as a pseudonym")
    _common(p)


def _dossier(p: argparse.ArgumentParser) -> None:
    p.add_argument("run", type=Path, metavar="RUN", help="the folder of a study")
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
