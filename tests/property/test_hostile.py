"""Whatever is done to a file, reading it gives an image or a refusal in one line: no crash, no hang, no other error,
and never more than 2 GB of memory. 200 mutations here, 2,000 with the marker `nightly`.
"""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import hostile
from vesale.core.errors import SourceError
from vesale.engine.confined import Confinement

SECONDS = 60.0
MOST_MB = 2000.0


def run(folder: Path, count: int, seed: int) -> tuple[Counter[str], list[str], float]:
    """(fates, what should not have come, peak of memory in MB) of `count` mutations, the files taken in turn."""
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = hostile.make_all(folder / "whole", rng)
    fates: Counter[str] = Counter()
    faults, peak = [], 0.0
    with Confinement(seconds=SECONDS) as confinement:
        for i in range(count):
            name = list(whole)[i % len(whole)]
            place = folder / f"m{i}"
            place.mkdir()
            (place / name).write_bytes(hostile.mutated(whole[name], rng))
            try:
                said, used = confinement.call(name, hostile.attempt, place / name, place / "scratch")
            except SourceError as error:
                said, used = [error.message], peak
            peak = max(peak, used)
            fates.update(s for s in said if s in ("read", "refused"))
            faults += [f"{name}, mutation {i}: {s}" for s in said if s not in ("read", "refused")]
    return fates, faults, peak


def test_every_whole_file_is_read(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = hostile.make_all(tmp_path, np.random.default_rng(0))
    for name in whole:
        said, _ = hostile.attempt(tmp_path / name, tmp_path / "scratch")
        assert set(said) == {"read"}, name


def test_two_hundred_mutations_do_no_harm(tmp_path, record_property):
    fates, faults, peak = run(tmp_path, 200, 1)
    record_property("figure", f"200 mutated files: {dict(fates)}, peak {peak:.0f} MB")
    assert faults == []
    assert peak < MOST_MB
    assert min(fates["read"], fates["refused"]) > 20, "mutations that all do the same prove nothing"


@pytest.mark.nightly
def test_two_thousand_mutations_do_no_harm(tmp_path, record_property):
    fates, faults, peak = run(tmp_path, 2000, 2)
    record_property("figure", f"2,000 mutated files: {dict(fates)}, peak {peak:.0f} MB")
    assert faults == []
    assert peak < MOST_MB
