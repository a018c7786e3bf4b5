"""What every test relies on: the real-data folder, which tests can run here, and how laws are drawn."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import Phase, settings

if TYPE_CHECKING:
    from tiny import Studied

os.environ.setdefault("MPLBACKEND", "Agg")

# The machine is often shared, so a slow example is no finding; the same examples are drawn on every run.
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
settings.register_profile("vesale", deadline=None, derandomize=True, max_examples=60, phases=PHASES)
settings.load_profile("vesale")


def _real_data() -> Path | None:
    folder = os.environ.get("VESALE_DATA")
    return Path(folder) if folder and Path(folder).is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what cannot run here, saying why."""
    reasons = {}
    if _real_data() is None:
        reasons["realdata"] = "VESALE_DATA names no folder of real data"
    if find_spec("torch") is None:
        reasons["train"] = "learning needs the extra `train`: pip install 'vesale[train]'"
    for item in items:
        for name, reason in reasons.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests took (`record_property("figure", ...)`), passed or not."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in getattr(report, "user_properties", []):
                if name == "figure":
                    terminalreporter.write_line(f"figure: {value}")


@pytest.fixture(scope="session", autouse=True)
def _no_letters() -> Iterator[None]:
    """Reading letters takes half a second a picture: tests of it ask for it themselves."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vesale.engine.suspicions.can_read", lambda: False)
        yield


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data that VESALE_DATA names."""
    folder = _real_data()
    if folder is None:
        pytest.skip("VESALE_DATA names no folder of real data")
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Key and log of the tests lie in a folder of theirs, not in that of whoever runs them."""
    os.environ["VESALE_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def tiny_package(tmp_path_factory: pytest.TempPathFactory) -> "dict[str, Studied]":
    """`discs` (one answer for the whole image) and `lines` (outlines): each a made cohort, studied once."""
    pytest.importorskip("torch")
    import tiny

    folder = tmp_path_factory.mktemp("tiny")
    return {
        "discs": tiny.study_tiny(folder, tiny.recipe(tiny.DISCS), 24),
        "lines": tiny.study_tiny(folder, tiny.recipe(tiny.LINES), 16),
    }
