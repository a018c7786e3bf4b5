"""The tutorial, typed line by line as it stands."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(
    r"^```sh\n(.*?)^```", (ROOT / "docs/start.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
)


@pytest.mark.slow
@pytest.mark.train
@pytest.mark.skipif(
    os.name != "posix" or shutil.which("sh") is None, reason="the tutorial is written for a POSIX shell"
)
def test_the_tutorial_does_what_it_says(tmp_path):
    assert len(BLOCKS) >= 5
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for block in BLOCKS:
        done = subprocess.run(
            ["sh", "-eu", "-c", block],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        assert "Traceback" not in done.stderr
    for written in (
        "runs/cells/report.html",
        "runs/cells/recipe.toml",
        "runs/cells/plan.md",
        "runs/cells/model/MANIFEST.json",
        "readings/cells/index.html",
        "readings/cells/summary.json",
        "evaluations/cells/report.json",
    ):
        assert (tmp_path / written).is_file(), f"{written} was promised"
