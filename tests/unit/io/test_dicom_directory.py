import warnings

import numpy as np
import pydicom
import pytest

import phantoms
import phantoms_dicom as made
from vesale.core.errors import SourceError
from vesale.io import open_source
from vesale.io.dicom_directory import read_directory
from vesale.io.inputs import find_inputs, open_found


@pytest.fixture
def rng():
    return np.random.default_rng(53)


@pytest.fixture
def planted(rng):
    return (phantoms.volume(rng, (5, 12, 16)) + 1024).astype(np.int16)


def medium(tmp_path, rng, planted):
    tags = {"StudyDescription": "", "SeriesDescription": ""}
    return made.write_medium(tmp_path / "cd", phantoms.write_series(tmp_path / "s", rng, planted, tags=tags))


def test_what_a_medium_lists_is_read_once(tmp_path, rng, planted):
    path = medium(tmp_path, rng, planted)
    assert len(read_directory(path).files) == 5
    for argument in (path, path.parent):
        (found,) = find_inputs([str(argument)], tmp_path / "scratch")
        np.testing.assert_array_equal(open_found(found).read().data[0], planted - 1024)
    np.testing.assert_array_equal(open_source(path).read().data[0], planted - 1024)


def test_missing_files_are_named(tmp_path, rng, planted):
    path = medium(tmp_path, rng, planted)
    gone = read_directory(path).files[-1]
    gone.unlink()
    found = find_inputs([str(path)], tmp_path / "scratch")
    error = next(f.error for f in found if f.error is not None and "DICOMDIR lists" in f.error.message)
    assert "1 of 5 files" in error.message
    assert gone.relative_to(path.parent).as_posix() in error.message
    assert error.remedy
    with pytest.raises(SourceError, match="missing"):
        open_source(path)


def test_media_in_capitals_on_disks_in_small_letters(tmp_path, rng, planted):
    path = medium(tmp_path, rng, planted)
    for file in read_directory(path).files:
        file.rename(file.with_name(file.name.lower()))
    assert len(read_directory(path).files) == 5
    assert read_directory(path).missing == ()


def test_nothing_outside_the_medium_is_read(tmp_path, rng, planted):
    path = medium(tmp_path, rng, planted)
    d = pydicom.dcmread(path)
    for record in d.DirectoryRecordSequence:
        if "ReferencedFileID" in record:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                record.ReferencedFileID = ["..", "s", "x"]
    pydicom.dcmwrite(path, d)
    with pytest.raises(SourceError, match="lists no file"):
        read_directory(path)


def test_several_images_on_a_medium_are_counted(tmp_path, rng, planted):
    paths = phantoms.write_series(tmp_path / "a", rng, planted)
    others = phantoms.write_series(tmp_path / "b", rng, planted)
    path = made.write_medium(tmp_path / "cd", [*paths, *others])
    with pytest.raises(SourceError, match="2 series or image"):
        open_source(path)
    assert len(find_inputs([str(path)], tmp_path / "scratch")) == 2
