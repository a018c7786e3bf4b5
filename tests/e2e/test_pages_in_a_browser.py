"""The pages in a real browser: they are drawn, in both schemes, and nothing sticks out at 1280 px or on a tablet."""

import io
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from unit.render import made_reports as made
from vesale.render.report_page import report_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.slow,
]


def chromium(page, folder, *options):
    """What headless chromium writes to stdout for that page; the profile is thrown away with the folder."""
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-extensions"]
    command += [f"--user-data-dir={folder / 'profile'}", *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout


@pytest.fixture
def written(tmp_path):
    page = tmp_path / "report.html"
    page.write_text(report_page(made.partition(), made.extras()), encoding="utf-8")
    return page


def screenshot(page, folder, size, *options):
    picture = folder / "page.png"
    chromium(page, folder, f"--screenshot={picture}", f"--window-size={size}", *options)
    return np.asarray(Image.open(io.BytesIO(picture.read_bytes())).convert("RGB"))


@pytest.mark.parametrize(("name", "scheme", "dark"), [("light", 1, False), ("dark", 0, True)])
def test_the_page_is_drawn_in_the_readers_scheme(written, tmp_path, name, scheme, dark):
    pixels = screenshot(written, tmp_path, "1280,1600", f"--blink-settings=preferredColorScheme={scheme}")
    assert pixels.shape == (1600, 1280, 3)
    assert (np.median(pixels) < 60) == dark, name
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 200, "text, pictures and rules are there"


@pytest.mark.parametrize("width", [1280, 820])
def test_nothing_sticks_out_to_the_side(written, tmp_path, width):
    measured = tmp_path / "measured.html"
    probe = "<script>document.title = 'overflow ' + (document.documentElement.scrollWidth - innerWidth)</script>"
    measured.write_text(written.read_text(encoding="utf-8").replace("</body>", f"{probe}</body>"), encoding="utf-8")
    dom = chromium(measured, tmp_path, "--dump-dom", f"--window-size={width},1200").decode()
    title = dom.partition("<title>")[2].partition("</title>")[0]
    assert int(title.removeprefix("overflow ")) <= 0


def test_names_of_users_do_not_run(written, tmp_path):
    dom = chromium(written, tmp_path, "--dump-dom").decode()
    assert "<script>" not in dom
    assert "&lt;script&gt;" in dom


def test_the_page_prints(written, tmp_path):
    paper = tmp_path / "report.pdf"
    chromium(written, tmp_path, f"--print-to-pdf={paper}")
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.stat().st_size > 20_000
