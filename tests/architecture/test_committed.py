"""What may stand in the repository: no data, no weights in passing, no path of somebody's machine."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DATA = {".dcm", ".ima", ".nii", ".mgz", ".mha", ".mhd", ".svs", ".ndpi", ".mat", ".h5", ".hdf5", ".npy"}
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib"}
MACHINE = re.compile(r"(?<![\w./}])/(?:work|tmp|root|opt|mnt|home/\w+|Users/\w+)/|[A-Z]:\\\\?Users")
HOST = re.compile(r"pypi\.org|python[h]osted\.org|npm[j]s\.org|conda[.-]forge|download\.pytorch\.org")
TORCH_INDEX = "https://download." + "pytorch.org/whl/cpu"


def committed() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing is committed here")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_image_data_and_no_pickle_is_committed():
    suffixes = DATA | PICKLES
    assert [str(p.relative_to(ROOT)) for p in committed() if suffixes & set(p.suffixes)] == []


def test_no_committed_file_names_a_machine_or_a_registry():
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path == ROOT / "README.md":
            text = text.replace(TORCH_INDEX, "", 1)
        found += [f"{path.relative_to(ROOT)}: {m.group()}" for r in (MACHINE, HOST) for m in r.finditer(text)]
    assert found == []


@pytest.mark.parametrize("text", ["see /wo" + "rk/x", 'open("/t' + 'mp/y")', "/ho" + "me/me/z"])
def test_a_path_of_a_machine_is_seen(text):
    assert MACHINE.search(text)


def test_a_registry_is_seen():
    assert HOST.search(TORCH_INDEX)
    assert not MACHINE.search("docs/work/x and https://a.example/opt/x")


def test_the_licence_is_whole():
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "END OF TERMS AND CONDITIONS" in text
