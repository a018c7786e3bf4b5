"""A study leaves the promised folder, goes on where it was stopped, keeps the table's splits, and stops on errors."""

import csv
import json
import shutil
from dataclasses import replace
from importlib import util

import numpy as np
import pytest

import phantoms
import tiny
from vesale.cli.__main__ import main
from vesale.core.recipe import load

pytestmark = [pytest.mark.train, pytest.mark.slow]


@pytest.mark.parametrize("name", ["discs", "lines"])
def test_a_run_is_the_promised_folder(tiny_package, name):
    studied = tiny_package[name]
    for file in ("recipe.toml", "check.json", "events.jsonl", "report.html", "report.json", "exams.csv"):
        assert (studied.run / file).stat().st_size > 0, file
    assert (studied.run / "model" / "MANIFEST.json").is_file()
    exams = {p.name for p in (studied.run / "out_of_fold").iterdir() if p.is_dir()}
    assert len(exams) == (24 if name == "discs" else 16)
    assert all((studied.run / "out_of_fold" / e / "prediction.json").is_file() for e in exams)
    report = studied.document("report.json")
    assert report["cohort"]["split"] == "out_of_fold"
    assert report["cohort"]["split_by_subject"] is True
    assert report["cohort"]["exams"] == len(exams)
    assert report["model"] == {k: studied.document("model/card.json")[k] for k in ("name", "version", "digest")}
    assert load(studied.run / "recipe.toml") == load(studied.run / "model" / "recipe.toml")
    if name == "discs":
        assert "forest on histograms" in report["baselines"]


def test_every_fold_was_fitted_once_and_judged_those_it_had_not_seen(tiny_package):
    studied = tiny_package["discs"]
    heard = tiny.events(studied.run)
    started = {e["part"]: e for e in heard if e["event"] == "Started"}
    assert set(started) == {"fold-0", "fold-1", "all"}
    assert started["fold-0"]["exams"] + started["fold-1"]["exams"] == 24
    assert started["all"]["exams"] == 24
    with (studied.cohort / "labels.csv").open(encoding="utf-8") as stream:
        subject = {r["exam"]: r["subject"] for r in csv.DictReader(stream)}
    folds = {}
    for part in ("fold-0", "fold-1"):
        for raw in (studied.run / "fit" / part).glob("raw-*/*.npz"):
            folds.setdefault(subject[raw.stem], set()).add(part)
    assert len(folds) == 12
    assert all(len(parts) == 1 for parts in folds.values()), "no subject is judged by two folds"


def test_run_again_it_goes_on_and_repeats_no_fit(tiny_package, tmp_path):
    from vesale.verbs.study import Wish, study

    studied = tiny_package["discs"]
    run = shutil.copytree(studied.run, tmp_path / "run")
    before = len(tiny.events(run))
    recipe = (run / "recipe.toml").read_bytes()
    study(studied.cohort, run, Wish(name="tiny-discs"))
    heard = tiny.events(run)[before:]
    started = [e for e in heard if e["event"] == "Started"]
    assert [e["part"] for e in started] == ["fold-0", "fold-1", "all"]
    assert all(e["resumed_at"] == e["steps"] for e in started)
    assert not [e for e in heard if e["event"] == "Progress"]
    assert (run / "recipe.toml").read_bytes() == recipe
    first, again = (json.loads((r / "report.json").read_text(encoding="utf-8")) for r in (studied.run, run))
    assert first["measures"] == again["measures"]
    digests = [json.loads((r / "model/card.json").read_text(encoding="utf-8"))["digest"] for r in (studied.run, run)]
    assert digests[0] == digests[1], "the same model, byte for byte"


def made(tmp_path, rows=None, splits=None):
    folder = phantoms.category_cohort(tmp_path / "cohort", np.random.default_rng(1), 20, 40)
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    for i, row in enumerate(table):
        if splits is not None:
            row["split"] = splits[i]
        row.update((rows or {}).get(i, {}))
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table[0]))
        writer.writeheader()
        writer.writerows(table)
    return folder


def test_the_splits_of_the_table_are_kept(tmp_path):
    from vesale.verbs.study import Wish, study

    splits = ["train"] * 12 + ["test"] * 8
    folder = made(tmp_path, splits=splits)
    recipe = tiny.write_recipe(tmp_path / "r.toml", replace(tiny.recipe(steps=2), seed=3))
    done = study(folder, tmp_path / "run", Wish(recipe=recipe))
    assert done.report is not None
    assert done.report.cohort["split"] == "test"
    assert done.report.cohort["exams"] == 8
    tested = {p.name for p in (tmp_path / "run" / "test").iterdir() if p.is_dir()}
    assert tested == {f"e{i:03d}" for i in range(12, 20)}
    seen = {p.stem for p in (tmp_path / "run" / "fit").rglob("raw-*/*.npz")}
    assert seen == {f"e{i:03d}" for i in range(12)}, "nobody of the test split was learned from or calibrated on"
    out_of_fold = json.loads((tmp_path / "run" / "out_of_fold" / "report.json").read_text(encoding="utf-8"))
    assert out_of_fold["cohort"]["exams"] == 12
    assert done.report.baselines, "judged on the same exams"


def leaking(tmp_path):
    """One subject on both sides of the table's split."""
    splits = ["train"] * 11 + ["test"] * 9
    return made(tmp_path, splits=splits)


def test_an_error_stops_before_anything_is_learned_and_can_be_allowed(tmp_path, capsys):
    folder = leaking(tmp_path)
    recipe = tiny.write_recipe(tmp_path / "r.toml", tiny.recipe(steps=2))
    words = ["study", str(folder), "--recipe", str(recipe), "--out", str(tmp_path / "run"), "--no-baseline"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert "subject_leak" in said.err, "the very word that --allow takes"
    assert "--allow" in said.err
    assert not (tmp_path / "run" / "fit").exists()
    assert not (tmp_path / "run" / "model").exists()
    check = json.loads((tmp_path / "run" / "check.json").read_text(encoding="utf-8"))
    kinds = {f["kind"] for f in check["findings"] if f["severity"] == "error"}
    assert kinds == {"subject_leak"}
    assert main([*words, "--allow", "subject_leak", "--json"]) == 0
    said = capsys.readouterr()
    report = json.loads(said.out)
    assert report["schema"] == "vesale/report/1"
    assert report["cohort"]["split_by_subject"] is False, "what was allowed is said"
    assert (tmp_path / "run" / "model" / "MANIFEST.json").is_file()


def test_overrides_are_kept_with_the_run(tmp_path, capsys):
    folder = made(tmp_path)
    recipe = tiny.write_recipe(tmp_path / "r.toml", tiny.recipe(steps=4))
    run = tmp_path / "run"
    words = [str(folder), "train.steps=2", "--recipe", str(recipe), "--out", str(run), "--no-baseline", "--quiet"]
    assert main(["study", *words, "--alpha", "0.3"]) == 0
    assert capsys.readouterr().err == ""
    kept = load(run / "recipe.toml")
    assert (kept.train.steps, kept.trust.alpha) == (2, 0.3)
    assert kept == load(run / "model" / "recipe.toml")


def test_another_promise_of_the_same_run_learns_nothing_anew(tmp_path, capsys):
    folder = made(tmp_path)
    recipe = tiny.write_recipe(tmp_path / "r.toml", tiny.recipe())
    run = tmp_path / "run"
    words = [str(folder), "--recipe", str(recipe), "--out", str(run), "--no-baseline", "--quiet"]
    assert main(["study", *words]) == 0
    first = json.loads((run / "model" / "trust.json").read_text(encoding="utf-8"))["refer"]
    weights = [p.read_bytes() for p in sorted(run.glob("fit/*/weights.safetensors"))]
    before = len(tiny.events(run))
    assert main(["study", *words, 'trust.positive=["ring"]', "--cost", "missed=3", "--cost", "disc:ring=0.5"]) == 0
    assert not [e for e in tiny.events(run)[before:] if e["event"] == "Progress"], "not a step was done"
    assert [p.read_bytes() for p in sorted(run.glob("fit/*/weights.safetensors"))] == weights
    rule = json.loads((run / "model" / "trust.json").read_text(encoding="utf-8"))["refer"]
    assert (first["prices"], rule["prices"], rule["positive"]) == ({}, {"missed": 3.0, "disc:ring": 0.5}, ["ring"])
    document = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert document["refer"]["prices"] == rule["prices"]
    assert document["refer"]["cost_reported"]["method"]
    assert load(run / "recipe.toml").trust.cost == rule["prices"]
    assert "Refer rule" in (run / "model" / "card.md").read_text(encoding="utf-8")
    assert "missed counts 3" in (run / "report.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    capsys.readouterr()


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ("missed", "expected KIND=PRICE"),
        ("missed=much", "expected KIND=PRICE"),
        ("=3", "expected KIND=PRICE"),
        ("mised=3", "no such error here"),
        ("missed=3", "cannot be told"),
        ("missed=-3", "a price of 0 or more"),
    ],
)
def test_a_price_that_means_nothing_is_2_before_anything_is_learned(tmp_path, capsys, cost, said):
    folder = made(tmp_path)
    recipe = tiny.write_recipe(tmp_path / "r.toml", tiny.recipe())
    words = ["study", str(folder), "--recipe", str(recipe), "--out", str(tmp_path / "run"), "--quiet", f"--cost={cost}"]
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run" / "fit").exists()


@pytest.mark.parametrize("override", ["train.step=3", "train.steps=many", "nets.width=3", "seed"])
def test_a_wrong_override_is_2_without_a_traceback(tmp_path, capsys, override):
    folder = made(tmp_path)
    recipe = tiny.write_recipe(tmp_path / "r.toml", tiny.recipe())
    assert main(["study", str(folder), override, "--recipe", str(recipe), "--out", str(tmp_path / "run")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "vesale: " in said.err
    assert "Traceback" not in said.err
    if override == "train.step=3":
        assert "did you mean steps" in said.err


def test_a_missing_extra_is_4_and_names_it(tmp_path, capsys, monkeypatch):
    real = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name, *rest: None if name == "torch" else real(name, *rest))
    assert main(["study", str(tmp_path), "--out", str(tmp_path / "run")]) == 4
    said = capsys.readouterr().err
    assert "torch" in said
    assert "vesale[train]" in said
    assert not (tmp_path / "run").exists()


def test_a_size_that_no_network_halves_is_read_as_it_was_learned(tmp_path):
    """Sides that are no multiple of 32, whole images and outlines alike."""
    from vesale.verbs.study import Wish, study

    whole = replace(tiny.recipe(steps=2), look=replace(tiny.recipe().look, size=(40, 50)))
    done = study(made(tmp_path), tmp_path / "run", Wish(recipe=tiny.write_recipe(tmp_path / "r.toml", whole)))
    assert done.report is not None
    assert done.report.measures["label"]["accuracy"].n > 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_somebody_elses_network_gets_everything_but_learning(tmp_path, capsys):
    """A network that looks at the middle of the picture, which is bright in a disc and dark in a ring."""
    torch = pytest.importorskip("torch")

    class Middle(torch.nn.Module):
        def forward(self, image):
            inner, outer = image[:, :, 12:20, 12:20].mean((1, 2, 3)), image.mean((1, 2, 3))
            return torch.stack([inner, outer], 1) * 20

    network = tmp_path / "theirs.onnx"
    names = {"input_names": ["x"], "output_names": ["y"]}
    torch.onnx.export(Middle(), (torch.zeros(1, 1, 32, 32),), str(network), opset_version=17, dynamo=False, **names)
    network.with_suffix(".toml").write_text(
        'name = "middle"\n[input]\nsize = [32, 32]\norder = "grey"\n'
        '[outputs.label]\nkind = "category"\nnames = ["disc", "ring"]\nactivation = "softmax"\n',
        encoding="utf-8",
    )
    cohort = phantoms.category_cohort(tmp_path / "cohort", np.random.default_rng(0), 60, 48)
    run = tmp_path / "run"
    arguments = ["study", str(cohort), "--model", str(network), "--out", str(run), "--alpha", "0.4", "--delta", "0.2"]
    assert main([*arguments, "--allow", "exact_duplicate", "--quiet"]) == 0
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    assert card["name"] == "middle" and card["cohort"]["subjects"] is None and card["training"]["steps"] == 0
    assert any("learned elsewhere" in limit for limit in card["limits"])
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["cohort"]["split"] == "test" and report["measures"]["label"]["auc"]["value"] > 0.9
    trust = json.loads((run / "model" / "trust.json").read_text(encoding="utf-8"))
    assert trust["refer"]["alpha"] == 0.4 and trust["refer"]["n"] >= 12 and not trust["approximate"]
    picture = next(cohort.rglob("*.png"))
    assert main(["predict", str(picture), "--model", str(run / "model"), "--json"]) == 0


def test_the_report_of_a_study_speaks_french_when_asked(tiny_package, tmp_path):
    studied, run = tiny_package["discs"], tmp_path / "run"
    shutil.copytree(studied.run, run)  # its fits are taken up
    assert main(["study", str(studied.cohort), "--out", str(run), "--language", "fr", "--no-baseline", "--quiet"]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    assert '<html lang="fr"' in page
    assert "Peut-on croire ses probabilités ?" in page
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert "--language fr" in report["command"]
    card = json.loads((run / "model" / "card.json").read_text(encoding="utf-8"))
    assert card["promises"]["label"]
    trust = json.loads((run / "model" / "trust.json").read_text(encoding="utf-8"))["outputs"]["label"]
    assert [c["chosen"] for c in trust["candidates"]].count(True) == 1
    assert trust["guarantee"]["approximate"] is True
    read = json.loads(next((run / "out_of_fold").glob("*/prediction.json")).read_text(encoding="utf-8"))
    if read["outputs"]:
        assert read["outputs"]["label"]["guarantee"] == trust["guarantee"]
