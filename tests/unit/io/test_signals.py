"""Signals: every format gives the same trial, addresses say which, and what cannot be told is refused with names."""

import csv
import itertools
import pickle
import zipfile

import h5py
import nibabel as nib
import numpy as np
import pytest
import scipy.io

import phantoms
import phantoms_volumes as made
from vesale.core.errors import SourceError
from vesale.io import open_source
from vesale.io.address import Address, address_of, split
from vesale.io.arrays import holds_numbers
from vesale.io.cohort import read_cohort
from vesale.io.formats import SCOPES, SIGNALS
from vesale.io.inputs import find_inputs, open_found


@pytest.fixture
def rng():
    return np.random.default_rng(31)


def written(folder, data):
    """The same trials in every format, each with the address of its third."""
    folder.mkdir(exist_ok=True)
    np.save(folder / "s.npy", data)
    np.savez_compressed(folder / "s.npz", responses=data, labels=np.arange(len(data)))
    with h5py.File(folder / "s.h5", "w") as file:
        file.create_dataset("run/responses", data=data, chunks=(1, data.shape[1]), compression="gzip")
        file["labels"] = np.arange(len(data))
    made.write_mat(folder / "s5.mat", responses=data, labels=np.arange(len(data))[:, None], name="Jane Doe")
    made.write_mat73(folder / "s73.mat", responses=data, labels=np.arange(float(len(data)))[:, None])
    made.write_numbers(folder / "s.csv", data)
    made.write_numbers(folder / "s.tsv", data, [f"v{i}" for i in range(data.shape[1])], "\t")
    return {
        "npy": "s.npy#[3]",
        "npz": "s.npz#responses[3]",
        "hdf5": "s.h5#run/responses[3]",
        "mat": "s5.mat#responses[3]",
        "mat73": "s73.mat#responses[3]",
        "csv": "s.csv#[3]",
        "tsv": "s.tsv#[3]",
    }


def test_the_same_trial_in_every_format(tmp_path, rng):
    data, _ = made.trials(rng, 12, 30)
    for kind, cell in written(tmp_path, data).items():
        source = pickle.loads(pickle.dumps(open_source(tmp_path / cell)))
        image = source.read()
        assert (image.kind, image.data.shape, image.grid.shape) == ("signal", (30, 1, 1), (1, 1)), kind
        np.testing.assert_allclose(image.data.ravel(), data[2], rtol=1e-8)
        assert image.grid.spacing is None
        assert image.channels[:2] == ("feature 1", "feature 2")
        assert source.description.format in SIGNALS
        assert source.description.format == kind.replace("tsv", "csv")


def test_a_file_with_one_suitable_array_needs_no_name(tmp_path, rng):
    data, _ = made.trials(rng, 12, 30)
    for cell in written(tmp_path, data).values():
        file = cell.partition("#")[0]
        source = open_source(tmp_path / f"{file}#[3]")
        np.testing.assert_allclose(source.read().data.ravel(), data[2], rtol=1e-8)
        with pytest.raises(SourceError, match="12 trials, and one is an exam") as caught:
            open_source(tmp_path / file)
        assert "[1]" in caught.value.remedy


def test_one_row_is_the_exam(tmp_path, rng):
    vector = rng.normal(size=40)
    np.save(tmp_path / "v.npy", vector)
    np.save(tmp_path / "m.npy", vector[None])
    np.savez(tmp_path / "z.npz", vector)
    made.write_mat(tmp_path / "m.mat", x=vector)
    scipy.io.savemat(tmp_path / "c.mat", {"x": vector[:, None]})
    made.write_numbers(tmp_path / "m.csv", vector[None])
    for name in ("v.npy", "m.npy", "z.npz", "m.mat", "c.mat", "m.csv"):
        source = open_source(tmp_path / name)
        np.testing.assert_allclose(source.read().data.ravel(), vector, rtol=1e-8)
        assert ("a column of numbers is taken as one trial" in source.description.notes) == (name == "c.mat")


@pytest.mark.parametrize("kind", ["npy", "npz", "hdf5", "mat", "mat73"])
def test_further_axes_are_features_in_the_same_order_everywhere(tmp_path, rng, kind):
    """trial x channel x time, in C order, though MATLAB and HDF5 store it the other way round."""
    data = rng.normal(size=(6, 4, 5))
    name = {"npy": "a.npy", "npz": "a.npz", "hdf5": "a.h5"}.get(kind, "a.mat")
    if kind == "npy":
        np.save(tmp_path / name, np.asfortranarray(data))
    elif kind == "npz":
        np.savez(tmp_path / name, x=np.asfortranarray(data))
    elif kind == "hdf5":
        with h5py.File(tmp_path / name, "w") as file:
            file["x"] = data
    else:
        (made.write_mat if kind == "mat" else made.write_mat73)(tmp_path / name, x=data)
    row = open_source(tmp_path / f"{name}#[2]").read().data.ravel()
    np.testing.assert_array_equal(row, data[1].ravel())
    column = open_source(tmp_path / f"{name}#[2]&trials=columns").read().data.ravel()
    np.testing.assert_array_equal(column, data[..., 1].ravel())


def test_which_way_round_is_said(tmp_path, rng):
    tall = rng.normal(size=(200, 20))
    np.save(tmp_path / "t.npy", tall)
    rows = open_source(tmp_path / "t.npy#[1]")
    assert "200 rows of 20: rows are taken as trials" in rows.description.notes[0]
    columns = open_source(tmp_path / "t.npy#[1]&trials=columns")
    np.testing.assert_array_equal(columns.read().data.ravel(), tall[:, 0])
    assert "the last axis counts trials" in columns.description.notes[0]
    assert open_source(tmp_path / "t.npy#[1]&trials=rows").description.notes == ()
    np.save(tmp_path / "w.npy", tall.T)
    assert open_source(tmp_path / "w.npy#[1]").description.notes == ()


def test_what_is_no_number_is_counted(tmp_path, rng):
    data = rng.normal(size=(5, 20))
    data[0, :3] = np.nan
    data[0, 4] = np.inf
    np.save(tmp_path / "n.npy", data)
    assert "4 of 20 values are no numbers: taken as 0" in open_source(tmp_path / "n.npy#[1]").description.notes
    assert open_source(tmp_path / "n.npy#[2]").description.notes == ()


def test_errors_name_the_arrays_that_there_are(tmp_path, rng):
    data, _ = made.trials(rng)
    made.write_mat(
        tmp_path / "r.mat", fmriTrn=data, fmriTest=data[:3], text="Jane Doe", cells=np.array([1, "a"], object)
    )
    for cell, words, hint in [
        ("r.mat", "which array holds the trials", "fmriTrn"),
        (
            "r.mat#fmriTrain[1]",
            "no array fmriTrain; there is fmriTrn (12 x 30), fmriTest (3 x 30)",
            "did you mean fmriTrn?",
        ),
        ("r.mat#fmriTrn[13]", "there are 12 trials, counted from 1", "correct the row"),
        ("r.mat#fmriTrn[0]", "there is no row 0", "counted from 1"),
        ("r.mat#text[1]", "text cannot be read: it is a char", "numbers"),
        ("r.mat#cells[1]", "cells cannot be read: it is a cell", "numbers"),
        ("r.mat#fmriTrn[1]&side=left", "side is not understood", "trials, mask, lag"),
        ("r.mat#fmriTrn[one]", "not an address", "FILE#variable[row]"),
        ("absent.mat#fmriTrn[1]", "No such file", "check the path"),
    ]:
        with pytest.raises(SourceError) as caught:
            open_source(tmp_path / cell)
        assert words in caught.value.message, cell
        assert hint in caught.value.remedy, cell
        assert "Jane" not in caught.value.message


def test_a_name_with_a_hash_is_a_name(tmp_path, rng):
    folder = tmp_path / "a#b"
    folder.mkdir()
    np.save(folder / "x#1.npy", rng.normal(size=20))
    assert open_source(folder / "x#1.npy").read().data.shape == (20, 1, 1)
    np.save(folder / "y.npy", rng.normal(size=(3, 20)))
    assert open_source(folder / "y.npy#[2]").read().data.shape == (20, 1, 1)
    assert split(folder / "y.npy#[2]") == (str(folder / "y.npy"), "[2]")
    whole = address_of(f"{folder}/y.npy#v[7]&trials=columns")
    assert whole == Address(folder / "y.npy", "v", 7, {"trials": "columns"})
    assert str(whole) == f"{folder}/y.npy#v[7]&trials=columns"


# What may not be opened -----------------------------------------------------------------------------------------------


def test_a_pickle_is_never_opened(tmp_path, rng):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    np.save(tmp_path / "p.npy", np.array([Bomb(), Bomb()], object), allow_pickle=True)
    np.savez(tmp_path / "p.npz", x=np.array([Bomb(), Bomb()], object))
    for cell in ("p.npy", "p.npy#[1]", "p.npz", "p.npz#x[1]"):
        with pytest.raises(SourceError, match=r"no array of real numbers|never opened|no array x"):
            open_source(tmp_path / cell)


def test_hdf5_leads_to_no_other_file(tmp_path, rng):
    secret = rng.normal(size=(4, 20))
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["x"] = secret
    secret.tofile(tmp_path / "secret.raw")
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file["linked"] = h5py.ExternalLink("secret.h5", "x")
        layout = h5py.VirtualLayout((4, 20), dtype="f8")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "x", (4, 20))
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("outside", (4, 20), "f8", external=[(str(tmp_path / "secret.raw"), 0, 640)])
    for cell in ("v.h5#linked[1]", "v.h5#virtual[1]", "v.h5#outside[1]", "v.h5"):
        with pytest.raises(SourceError) as caught:
            open_source(tmp_path / cell)
        assert "another file" in caught.value.message or "no array" in caught.value.message, cell


def test_an_array_that_claims_too_much_is_refused(tmp_path, rng):
    with h5py.File(tmp_path / "h.h5", "w") as file:
        file.create_dataset("x", (10, 2**40), "f8", chunks=(1, 2**20))
    raw = np.lib.format.magic(1, 0)
    head = b"{'descr': '<f8', 'fortran_order': False, 'shape': (100000, 100000), }".ljust(117) + b"\n"
    (tmp_path / "n.npy").write_bytes(raw + len(head).to_bytes(2, "little") + head + b"\0" * 80)
    with zipfile.ZipFile(tmp_path / "z.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", raw + len(head).to_bytes(2, "little") + head + b"\0" * 80)
    made.write_mat(tmp_path / "m.mat", x=np.zeros((40, 50)))
    for cell in ("h.h5#x[1]", "n.npy#[1]", "z.npz#x[1]"):
        with pytest.raises(SourceError) as caught:
            open_source(tmp_path / cell)
        assert "\n" not in caught.value.message
        assert caught.value.remedy


@pytest.mark.parametrize("kind", ["npy", "npz", "hdf5", "mat", "mat73", "csv"])
def test_a_cut_or_flipped_file_is_refused_or_read_never_worse(tmp_path, rng, kind):
    cell = written(tmp_path, made.trials(rng)[0])[kind]
    file = tmp_path / cell.partition("#")[0]
    whole = file.read_bytes()
    for i in range(40):
        bent = bytearray(whole[: rng.integers(1, len(whole) + 1)] if i % 2 else whole)
        bent[rng.integers(len(bent))] ^= 1 << rng.integers(8)
        file.write_bytes(bent)
        try:
            open_source(tmp_path / cell).read()
        except SourceError as error:
            assert error.remedy


def test_tables_of_numbers(tmp_path):
    (tmp_path / "ok.csv").write_text("trial;a;b;c\none;1,5;;3\ntwo;4;5;NA\n")
    source = open_source(tmp_path / "ok.csv#[1]")
    np.testing.assert_array_equal(source.read().data.ravel(), [1.5, np.nan, 3])
    assert "the first line holds names, no numbers: it is no trial" in source.description.notes
    assert "column 1 holds words: it is no feature" in source.description.notes
    assert holds_numbers(tmp_path / "ok.csv")
    for name, text in {"words.csv": "1,2,x\n3,4,5\n", "ragged.csv": "1,2\n3,4,5\n", "empty.csv": "\n"}.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(SourceError):
            open_source(tmp_path / f"{name}#[1]")
    (tmp_path / "labels.csv").write_text("image,label\na.png,cat\nb.png,dog\n")
    assert not holds_numbers(tmp_path / "labels.csv")


# What a user names ----------------------------------------------------------------------------------------------------


def test_a_file_of_trials_is_one_exam_a_trial(tmp_path, rng):
    data, _ = made.trials(rng, 12, 30)
    np.save(tmp_path / "run.npy", data)
    made.write_mat(tmp_path / "two.mat", fmriTrn=data, fmriTest=data[:3])
    found = find_inputs([str(tmp_path / "run.npy"), f"{tmp_path}/two.mat#fmriTest"], tmp_path / "scratch")
    assert [f.exam for f in found] == [f"run-{i:04d}" for i in range(1, 13)] + [
        f"two-fmriTest-{i:04d}" for i in (1, 2, 3)
    ]
    np.testing.assert_array_equal(open_found(found[4]).read().data.ravel(), data[4])
    np.testing.assert_array_equal(open_found(found[13]).read().data.ravel(), data[1])
    one = find_inputs([f"{tmp_path}/two.mat#fmriTrn[7]"], tmp_path / "scratch")
    assert [f.exam for f in one] == ["two-fmriTrn-0007"]
    unclear = find_inputs([str(tmp_path / "two.mat")], tmp_path / "scratch")
    assert "which array" in unclear[0].error.message


def test_signals_that_lie_beside_images_are_exams_only_where_they_are_wanted(tmp_path, rng):
    phantoms.write_raster(tmp_path / "a.png", phantoms.grey(rng))
    np.save(tmp_path / "run.npy", made.trials(rng)[0])
    (tmp_path / "notes.csv").write_text("1,2\n3,4\n")
    assert [f.exam for f in find_inputs([str(tmp_path)], tmp_path / "scratch")] == ["a"]
    wanted = find_inputs([str(tmp_path)], tmp_path / "scratch", signals=True)
    assert [f.exam for f in wanted] == ["a"] + [f"run-{i:04d}" for i in range(1, 13)]


def test_a_cohort_of_trials(tmp_path, rng):
    folder = made.signal_cohort(tmp_path / "c", rng)
    read = read_cohort(folder)
    assert read.findings == ()
    assert len(read.cohort) == 40
    assert len(set(read.cohort.contents.values())) == 40, "the trials of one file differ"
    lines = (folder / "labels.csv").read_text().splitlines()
    bare = [",".join(line.split(",")[2:]) for line in lines]
    (folder / "labels.csv").write_text("\n".join(bare))
    assert read_cohort(folder).cohort.exams[11].id == "responses-fmri-0012"
    data = scipy.io.loadmat(folder / "responses.mat")["fmri"]
    made.write_mat(folder / "responses.mat", fmri=data + 1)
    assert read_cohort(folder).cohort.digest != read.cohort.digest


def test_a_missing_file_of_trials_is_said_once(tmp_path, rng):
    folder = made.signal_cohort(tmp_path / "c", rng)
    (folder / "responses.mat").rename(folder / "response.mat")
    read = read_cohort(folder)
    lost = [f for f in read.findings if f.kind == "missing_file"]
    assert [f.message for f in lost] == ["no such file: responses.mat; did you mean response.mat?"]
    assert len(lost[0].exams) == 40


# fMRI -----------------------------------------------------------------------------------------------------------------


def brain(rng, count=60):
    """(t, z, y, x) of noise on a drift; the voxels of one corner rise 4 to 8 s after each of the events."""
    data = 500 + rng.normal(size=(count, 3, 4, 5)) + 0.2 * np.arange(count)[:, None, None, None]
    events = [(float(onset), 4.0, ("face", "house")[i % 2]) for i, onset in enumerate(range(8, 100, 16))]
    for onset, duration, kind in events:
        if kind == "face":
            data[int((onset + 4) / 2) : int((onset + 4 + duration) / 2) + 1, 0, 0] += 6
    return data, events


def test_an_event_is_the_mean_of_its_volumes(tmp_path, rng):
    data, events = brain(rng)
    path = made.write_run(tmp_path, data, events)
    first = open_source(f"{path}#sub-01_task-see_events.tsv[1]")
    assert first.description.format == "events"
    assert open_source(f"{path}#[1]").read().data.tobytes() == first.read().data.tobytes()
    flat = data.astype(np.float32).reshape(60, -1).astype(float)
    t = np.arange(60.0)
    line = np.polynomial.polynomial.polyfit(t, flat, 1)
    left = flat - (line[0] + t[:, None] * line[1])
    scores = left / left.std(0)
    onset, duration, _ = events[0]
    inside = [i for i in range(60) if onset + 4 <= 2 * i <= onset + duration + 4]
    np.testing.assert_allclose(first.read().data.ravel(), scores[inside].mean(0), atol=1e-4)
    assert any("4 s later: a convention" in n for n in first.description.notes)
    later = open_source(f"{path}#[1]&lag=12")
    assert abs(later.read().data.reshape(3, 4, 5)[0, 0].mean()) < 1 < first.read().data.reshape(3, 4, 5)[0, 0].mean()


def test_a_mask_chooses_the_voxels(tmp_path, rng):
    data, events = brain(rng)
    path = made.write_run(tmp_path, data, events)
    inside = np.zeros((3, 4, 5), np.uint8)
    inside[0, 0] = 1
    nib.save(nib.Nifti1Image(inside.T, np.diag([3.0, 3, 3, 1])), tmp_path / "v1.nii.gz")
    whole = open_source(f"{path}#[1]").read().data.reshape(3, 4, 5)
    some = open_source(f"{path}#[1]&mask=v1.nii.gz")
    np.testing.assert_array_equal(some.read().data.ravel(), whole[0, 0])
    assert len(some.description.files) == 3
    moved = np.diag([3.0, 3, 3, 1])
    moved[0, 3] = 30
    nib.save(nib.Nifti1Image(inside.T, moved), tmp_path / "moved.nii.gz")
    nib.save(nib.Nifti1Image(inside.T[:3], np.diag([3.0, 3, 3, 1])), tmp_path / "small.nii.gz")
    nib.save(nib.Nifti1Image(0 * inside.T, np.diag([3.0, 3, 3, 1])), tmp_path / "none.nii.gz")
    for mask, words in {"moved": "lies elsewhere", "small": "the run", "none": "empty", "absent": "no mask"}.items():
        with pytest.raises(SourceError, match=words):
            open_source(f"{path}#[1]&mask={mask}.nii.gz")


def test_a_run_becomes_a_cohort_and_a_set_of_exams(tmp_path, rng):
    data, events = brain(rng)
    path = made.write_run(tmp_path, data, events)
    found = find_inputs([f"{path}#sub-01_task-see_events.tsv"], tmp_path / "scratch")
    assert len(found) == len(events)
    assert open_found(found[1]).description.format == "events"
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "label"])
        writer.writerows([f"{path.name}#[{i}]", kind] for i, (_, _, kind) in enumerate(events, 1))
    first = read_cohort(tmp_path).cohort
    assert len(first) == len(events)
    events_file = tmp_path / "sub-01_task-see_events.tsv"
    events_file.write_text(events_file.read_text().replace("8.0\t4.0", "9.0\t4.0"))
    assert read_cohort(tmp_path).cohort.digest != first.digest, "the events are part of the data"


def test_events_that_cannot_be_used_say_why(tmp_path, rng):
    data, events = brain(rng)
    path = made.write_run(tmp_path, data, [*events, (500.0, 1.0, "face"), (117.0, 4.0, "face")])
    for cell, words in {
        f"#[{len(events) + 1}]": "outside its run",
        "#[99]": "8 events, counted from 1",
        "#other.tsv[1]": "no events file other.tsv",
        "#[1]&lag=soon": "0 to 60 seconds",
    }.items():
        with pytest.raises(SourceError, match=words):
            open_source(f"{path}{cell}")
    last = open_source(f"{path}#[{len(events)}]")
    assert last.read().data.shape == (60, 1, 1)
    header = nib.load(path)
    header.header["pixdim"][4] = 0
    nib.save(header, path)
    (tmp_path / "sub-01_task-see_bold.json").unlink()
    with pytest.raises(SourceError, match="time between its volumes"):
        open_source(f"{path}#[1]")


def test_every_format_of_signals_has_its_scope_written_down():
    assert {"mat", "npy", "hdf5", "csv", "events", "metaimage", "nrrd", "analyze"} <= set(SCOPES)
    for scope in SCOPES.values():
        assert scope.read
        assert scope.refused
        assert all(s.startswith(".") for s in scope.suffixes)
    assert len(list(itertools.chain(*(s.suffixes for s in SCOPES.values())))) >= 12


@pytest.mark.realdata
def test_the_brain_responses_at_hand(data):
    folder = data / "fmri"
    theirs = scipy.io.loadmat(folder / "digit69" / "digit69_28x28.mat")
    for name, row in (("fmriTrn", 12), ("fmriTest", 10), ("stimTrn", 1)):
        source = open_source(folder / "digit69" / f"digit69_28x28.mat#{name}[{row}]")
        np.testing.assert_array_equal(source.read().data.ravel(), theirs[name][row - 1])
    tall = open_source(folder / "miyawaki_vbcca" / "V1_mean_figure.mat#R2[1]")
    assert "if columns are, write &trials=columns" in tall.description.notes[0]
