"""A made run with planted answers: they are found in the mask, and better where drifts and confounds are taken out."""

import numpy as np
import pytest

import phantoms_seen as made
from vesale.core.errors import SourceError
from vesale.io import open_source
from vesale.io.address import Address
from vesale.io.clean_run import cleaning_of, read_confounds

AMPLITUDES = np.random.default_rng(2).normal(0, 1, (20, 15))


def found(path, options):
    addresses = [f"{path}#sub-1_events.tsv[{i + 1}]&mask=mask.nii.gz{options}" for i in range(len(AMPLITUDES))]
    sources = [open_source(a) for a in addresses]
    return np.stack([s.read().data.ravel() for s in sources]), sources[0].description


def likeness(values):
    return np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(values.T, AMPLITUDES.T, strict=True)])


def test_planted_answers_are_found_in_the_mask(tmp_path):
    path, inside = made.write_run(tmp_path, AMPLITUDES)
    values, description = found(path, "")
    assert values.shape == (20, inside.sum())
    assert likeness(values) > 0.4
    assert description.format == "events"


def test_a_high_pass_takes_out_the_drift(tmp_path):
    pytest.importorskip("nilearn")
    path, _ = made.write_run(tmp_path, AMPLITUDES)
    plain = likeness(found(path, "")[0])
    values, description = found(path, "&highpass=0.02")
    assert likeness(values) > max(0.9, plain + 0.1)
    assert any("slower than 0.02 Hz" in note for note in description.notes)


def test_confounds_are_regressed_out(tmp_path):
    pytest.importorskip("nilearn")
    path, _ = made.write_run(tmp_path, AMPLITUDES)
    count = len(AMPLITUDES) * 6 + 4
    drift = np.sin(np.linspace(0, 3, count))
    rows = ["drift\tderivative\tname"] + [f"{v}\t{'n/a' if i == 0 else 0.1 * i}\tx" for i, v in enumerate(drift)]
    (tmp_path / "confounds.tsv").write_text("\n".join(rows) + "\n")
    assert read_confounds(tmp_path / "confounds.tsv", count).shape == (count, 2)
    plain = likeness(found(path, "")[0])
    values, description = found(path, "&confounds=confounds.tsv")
    assert likeness(values) > max(0.9, plain + 0.1)
    assert description.sha256 != found(path, "")[1].sha256
    with pytest.raises(SourceError, match="rows for a run of 7 volumes"):
        read_confounds(tmp_path / "confounds.tsv", 7)


@pytest.mark.parametrize("option", [{"highpass": "0"}, {"highpass": "soon"}, {"confounds": "nowhere.tsv"}])
def test_what_cannot_be_cleaned_is_refused(tmp_path, option):
    with pytest.raises(SourceError):
        cleaning_of(Address(tmp_path / "run.nii.gz", options=option))


def test_a_filter_above_what_volumes_show_is_refused(tmp_path):
    pytest.importorskip("nilearn")
    path, _ = made.write_run(tmp_path, AMPLITUDES)
    with pytest.raises(SourceError, match="leaves nothing"):
        found(path, "&highpass=0.5")
