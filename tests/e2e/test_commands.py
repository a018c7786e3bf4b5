"""The commands as a user types them, one after the other, in a process of their own each."""

import json
import subprocess
import sys

import numpy as np
import pytest

import phantoms
import tiny

pytestmark = [pytest.mark.train, pytest.mark.slow]


def vesale(folder, *words, code=0):
    """Run `vesale words` in a folder; (stdout, stderr)."""
    script = "from vesale.cli.__main__ import main; raise SystemExit(main())"
    done = subprocess.run(
        [sys.executable, "-c", script, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout, done.stderr


def test_from_a_cohort_to_a_report_and_readings(tmp_path):
    pytest.importorskip("torch")
    phantoms.category_cohort(tmp_path / "cohort", np.random.default_rng(0), 16, 40)
    tiny.write_recipe(tmp_path / "tiny.toml", tiny.recipe(steps=3))

    out, _ = vesale(tmp_path, "check", "cohort", "--json")
    assert json.loads(out)["findings"] == [] or all(f["severity"] != "error" for f in json.loads(out)["findings"])

    out, err = vesale(tmp_path, "study", "cohort", "--recipe", "tiny.toml", "train.steps=2", "--out", "run", "--json")
    report = json.loads(out)
    assert report["schema"] == "vesale/report/1"
    assert report == json.loads((tmp_path / "run" / "report.json").read_text(encoding="utf-8"))
    assert report["command"].startswith("vesale study cohort")
    assert "fold-1" in err
    assert not any(str(tmp_path) in p.read_text("utf-8") for p in (tmp_path / "run").rglob("*.json")), "no path of here"

    out, err = vesale(
        tmp_path, "read", "cohort/images", "--model", "run/model", "--out", "readings", "--json", "--quiet"
    )
    assert err == ""
    assert json.loads(out)["counts"]["exams"] == 16

    out, _ = vesale(tmp_path, "evaluate", "readings", "cohort", "--out", "judged", "--json")
    by_readings = json.loads(out)
    out, _ = vesale(tmp_path, "evaluate", "run/model", "cohort", "--out", "judged-2", "--json")
    by_model = json.loads(out)
    assert by_readings["measures"]["label"]["auc"] == by_model["measures"]["label"]["auc"]

    out, _ = vesale(tmp_path, "predict", "cohort/images/e000.png", "--model", "run/model", "--json")
    said = json.loads(out)
    written = json.loads((tmp_path / "readings" / "e000" / "prediction.json").read_text(encoding="utf-8"))
    assert said["outputs"] == written["outputs"]

    out, _ = vesale(tmp_path, "train", "tiny.toml", "cohort", "train.steps=2", "--out", "fit", "--json")
    assert json.loads(out)["weights"] == "fit/weights.safetensors"

    _, err = vesale(tmp_path, "read", "cohort/images", "--model", "run/modle", "--out", "x", code=2)
    assert "no model package" in err
    (tmp_path / "run" / "model" / "card.md").write_text("changed", encoding="utf-8")
    _, err = vesale(tmp_path, "read", "cohort/images", "--model", "run/model", "--out", "x", code=4)
    assert "card.md is changed" in err
