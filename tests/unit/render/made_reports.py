"""Made-up but realistic reports for a partition, a category and a grade; names in them try to be markup."""

import io

import numpy as np
from PIL import Image

from vesale.core.report import Bin, Calibration, Finding, Measure, Referral, Report, Subgroup
from vesale.render.extras import Confusion, Curve, ExamLine, Extras, Series, Shown

BAD = "<script>alert(1)</script>"
BOOTSTRAP = "percentile bootstrap over subjects, 2000 draws"


def number(name, value, low=None, high=None, n=20, **more):
    return Measure(name, value, low, high, n, **({"method": BOOTSTRAP} | more))


def png(width=60, height=40):
    out = io.BytesIO()
    Image.fromarray(np.full((height, width, 3), 90, np.uint8)).save(out, "PNG")
    return out.getvalue()


def partition():
    dice = number("dice", 0.8213, 0.8121, 0.8302)
    measures = {
        "dice": dice,
        "sensitivity": number("sensitivity", 0.812, 0.793, 0.831, method="threshold 0.42; " + BOOTSTRAP),
        "hd95_mm": number("hd95_mm", None, method="the images have no scale"),
        "new_metric": number("new_metric", 0.7),
    }
    return Report(
        "vesale evaluate readings/ cohort/ --out evaluation/",
        {"name": "vessels", "version": "1", "digest": "3f9a1c77d2b0"},
        {
            "digest": "ab12cd34ef56",
            "subjects": 20,
            "exams": 20,
            "split": "test",
            "split_by_subject": True,
            "excluded": [{"exam": f"07 {BAD}", "reason": "no mask"}],
        },
        {"mask": measures},
        per_class={"mask": {f"vessel {BAD}": {"dice": dice}}},
        calibration={
            "mask": Calibration(
                number("ece", 0.012, 0.010, 0.015),
                number("brier", 0.031, 0.029, 0.033),
                tuple(Bin(p, p**1.1, 40_000) for p in (0.1, 0.4, 0.9)),
            )
        },
        baselines={"second observer": {"mask": {"dice": number("dice", 0.788, 0.775, 0.8)}}},
        subgroups=(
            Subgroup("sex", BAD, 17, {"mask": {"dice": number("dice", 0.825, 0.815, 0.834, 17)}}),
            Subgroup("sex", "F", 3, None, "3 subjects: too few to say"),
        ),
        warnings=(("odd", f"Something odd {BAD}"),),
        seconds=74.0,
        peak_rss_mb=1834.0,
    )


def category():
    known = {
        "balanced_accuracy": number("balanced_accuracy", 0.873, 0.845, 0.9, 412),
        "accuracy": number("accuracy", 0.881, 0.853, 0.906, 412),
    }
    bins = tuple(
        Bin(p, p, n, max(0.0, p - 0.1), min(1.0, p + 0.1)) for p, n in ((0.45, 20), (0.65, 44), (0.75, 0), (0.97, 456))
    )
    return Report(
        "vesale evaluate model/ tissue/",
        {"name": "tissue", "version": "0.3", "digest": "aaa"},
        {"subjects": 520, "exams": 520, "split": "out_of_fold", "split_by_subject": False},
        {"tissue": known},
        calibration={"tissue": Calibration(number("ece", 0.03, 0.02, 0.05), number("brier", 0.18, 0.15, 0.2), bins)},
        coverage={"tissue": number("coverage", 0.912, 0.885, 0.935, 412)},
        refer=Referral(
            0.05, 0.1, number("share_reported", 0.72, 0.68, 0.76), number("error_reported", 0.034, 0.018, 0.056)
        ),
    )


def grade():
    return Report(
        "vesale study grading/ --budget 45m",
        {"name": "grade", "version": "1", "digest": "bb"},
        {"subjects": 407, "exams": 407, "split": "cross_fit", "split_by_subject": True},
        {
            "grade": {"kappa_quadratic": number("kappa_quadratic", 0.782, 0.741, 0.82, 407)},
            "age": {"mae": number("mae", 4.21, 3.9, 4.6, 407, unit="years")},
        },
    )


def extras(**changes):
    line = tuple(np.linspace(0, 1, 30).tolist())
    made = {
        "title": f"Vessels {BAD}",
        "task": f"Outline the vessels {BAD}.",
        "intended_use": "Research on colour photographs.",
        "limits": ("One camera.", BAD),
        "recipe": "c0ffee123456",
        "training_seconds": 1520.0,
        "training_steps": 2000,
        "gallery": tuple(Shown(t, f"exam {BAD}", png(*size)) for t, size in (("Best", (60, 40)), ("Worst", (40, 60)))),
        "curves": (
            Curve(f"ROC $x^2$ {BAD}", BAD, "found", (Series(BAD, line, line), Series("$b_1$", line, line)), True),
            Curve("Training", "step", "loss", (Series("", line, line),)),
        ),
        "confusions": (Confusion("tissue", (BAD, "tumour", "none seen"), ((9, 1, 0), (2, 8, 0), (0, 0, 0))),),
        "exams": (ExamLine(BAD, "referred", None, None, None), ExamLine("b", "reported", "yes", "yes", 0.93)),
        "findings": (Finding("f1", "shortcut", "warning", f"Size tells {BAD}", "resize", lines=(3, 9)),),
    }
    return Extras(**(made | changes))
