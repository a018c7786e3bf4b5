"""MetaImage, NRRD, Analyze and NIfTI pairs: samples, place and scale; and what a header may not claim."""

import bz2
import gzip
import itertools
import pickle
import resource
import zlib

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
import phantoms_volumes as made
from vesale.core.errors import SourceError
from vesale.core.grid import Box
from vesale.core.image import Image, Provenance
from vesale.core.prediction import AnsweredPartition
from vesale.io import open_mask, open_source
from vesale.io.cohort import read_cohort
from vesale.io.inputs import find_inputs
from vesale.io.write import write_partition

SPACE = {"space": "left-posterior-superior", "space_directions": "(2,0,0) (0,3,0) (0,0,4)", "space_origin": "(1,2,3)"}


@pytest.fixture
def rng():
    return np.random.default_rng(23)


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nrrd", ".nhdr"])
def test_a_crop_is_the_same_samples_in_the_same_place(tmp_path, rng, suffix):
    data = made.samples(rng)
    for packed in (False, True):
        path = made.write_itk(tmp_path / f"v{packed}{suffix}", made.itk(data, phantoms.rotation(rng)), packed)
        source = pickle.loads(pickle.dumps(open_source(path)))
        box = Box((1, 2, 3), (4, 6, 5))
        part = source.read(box)
        np.testing.assert_array_equal(part.data[0], data[box.slices])
        corner = source.levels[0].to_world(np.array(box.start, float))
        np.testing.assert_allclose(part.grid.to_world(np.zeros(3)), corner)
        assert part.data.flags.owndata or part.data.base is None or not isinstance(part.data, np.memmap)


def test_metaimage_written_by_others(tmp_path, rng):
    data = made.samples(rng)
    grid = {"ElementSpacing": "2 3 4", "TransformMatrix": "1 0 0 0 1 0 0 0 1", "Offset": "1 2 3"}
    swapped = made.write_metaimage(
        tmp_path / "msb.mha", data, {**grid, "ElementByteOrderMSB": "True"}, data.astype(">i2").tobytes()
    )
    text = made.write_metaimage(
        tmp_path / "text.mha", data, {**grid, "BinaryData": "False"}, " ".join(map(str, data.ravel())).encode()
    )
    packed = zlib.compress(data.tobytes())
    small = made.write_metaimage(tmp_path / "z.mha", data, {**grid, "CompressedData": "True"}, packed)
    (tmp_path / "v.raw").write_bytes(b"head" + data.tobytes())
    skipped = made.write_metaimage(tmp_path / "s.mhd", data, {**grid, "HeaderSize": "4", "ElementDataFile": "v.raw"})
    ended = made.write_metaimage(tmp_path / "e.mhd", data, {**grid, "HeaderSize": "-1", "ElementDataFile": "./v.raw"})
    for path in (swapped, text, small, skipped, ended):
        source = open_source(path)
        np.testing.assert_array_equal(source.read().data[0], data)
        assert source.read().data.dtype == np.int16
        assert source.levels[0].spacing == (4.0, 3.0, 2.0)
        np.testing.assert_allclose(source.levels[0].to_world(np.zeros(3)), (1, 2, 3))
        assert (source.levels[0].frame, source.description.notes) == ("patient", ())


def test_what_a_metaimage_does_not_say_is_unknown(tmp_path, rng):
    data = made.samples(rng)
    bare = open_source(made.write_metaimage(tmp_path / "bare.mha", data, {}))
    assert bare.levels[0].spacing is None
    assert "there is no scale" in bare.description.notes[0]
    scaled = open_source(made.write_metaimage(tmp_path / "s.mha", data, {"ElementSize": "2 3 4"}))
    assert scaled.levels[0].spacing == (4.0, 3.0, 2.0)
    assert (scaled.levels[0].axes, scaled.levels[0].frame) == (None, "unknown")
    assert "orientation unknown" in scaled.description.notes[0]
    zero = open_source(made.write_metaimage(tmp_path / "zero.mha", data, {"ElementSpacing": "0 1 1"}))
    assert zero.levels[0].spacing is None
    micro = {"ElementSpacing": "200 300 400", "DistanceUnits": "um"}
    assert open_source(made.write_metaimage(tmp_path / "u.mha", data, micro)).levels[0].spacing == (0.4, 0.3, 0.2)


def test_a_fourth_axis_is_channels(tmp_path, rng):
    data = made.samples(rng, (3, 4, 5, 6))
    meta = open_source(made.write_metaimage(tmp_path / "t.mha", data, {"ElementSpacing": "1 1 1 1"}))
    fields = made.nrrd_fields(
        data, kinds="space space space list", space="RAS", space_directions="(1,0,0) (0,1,0) (0,0,1) none"
    )
    listed = open_source(made.write_nrrd(tmp_path / "t.nrrd", fields, data.tobytes()))
    for source in (meta, listed):
        assert source.channels == ("volume 0", "volume 1", "volume 2")
        np.testing.assert_array_equal(source.read().data, data)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("raw", bytes),
        ("gzip", gzip.compress),
        ("gz", gzip.compress),
        ("bzip2", bz2.compress),
        ("ascii", lambda b: " ".join(map(str, np.frombuffer(b, np.int16))).encode()),
    ],
)
@pytest.mark.parametrize("detached", [False, True])
def test_nrrd_encodings(tmp_path, rng, encoding, pack, detached):
    data = made.samples(rng)
    body = pack(data.tobytes())
    (tmp_path / "body").write_bytes(body)
    fields = made.nrrd_fields(data, **SPACE) + (["data file: body"] if detached else [])
    fields = [f"encoding: {encoding}" if f.startswith("encoding") else f for f in fields]
    source = open_source(made.write_nrrd(tmp_path / "v.nhdr", fields, b"" if detached else body))
    np.testing.assert_array_equal(source.read().data[0], data)
    assert source.levels[0].spacing == (4.0, 3.0, 2.0)


def test_nrrd_big_endian_and_skips(tmp_path, rng):
    data = made.samples(rng)
    fields = [f.replace("little", "big") for f in made.nrrd_fields(data, **SPACE)]
    swapped = made.write_nrrd(tmp_path / "b.nrrd", fields, data.astype(">i2").tobytes())
    (tmp_path / "d.raw").write_bytes(b"a line\nxyz" + data.tobytes())
    skipped = made.write_nrrd(
        tmp_path / "s.nhdr", [*made.nrrd_fields(data, **SPACE), "line skip: 1", "byte skip: 3", "data file: d.raw"]
    )
    ended = made.write_nrrd(
        tmp_path / "e.nhdr", [*made.nrrd_fields(data, **SPACE), "byte skip: -1", "data file: d.raw"]
    )
    for path in (swapped, skipped, ended):
        np.testing.assert_array_equal(open_source(path).read().data[0], data)


@pytest.mark.parametrize(
    ("space", "signs", "frame"),
    [
        ("left-posterior-superior", (1, 1, 1), "patient"),
        ("LPS", (1, 1, 1), "patient"),
        ("right-anterior-superior", (-1, -1, 1), "patient"),
        ("RAS", (-1, -1, 1), "patient"),
        ("left-anterior-superior", (1, -1, 1), "patient"),
        ("LAS", (1, -1, 1), "patient"),
        ("scanner-xyz", (1, 1, 1), "unknown"),
    ],
)
def test_every_space_becomes_lps(tmp_path, rng, space, signs, frame):
    data = made.samples(rng)
    source = open_source(
        made.write_nrrd(tmp_path / "v.nrrd", made.nrrd_fields(data, **{**SPACE, "space": space}), data.tobytes())
    )
    grid = source.levels[0]
    np.testing.assert_allclose(grid.to_world(np.zeros(3)), np.array(signs) * (1, 2, 3))
    np.testing.assert_allclose(grid.to_world(np.array([0.0, 0, 1])), np.array(signs) * (3, 2, 3))
    assert grid.frame == frame
    assert any("scanner" in n for n in source.description.notes) == (frame == "unknown")


def test_what_a_nrrd_does_not_say_is_unknown(tmp_path, rng):
    data = made.samples(rng)
    bare = open_source(made.write_nrrd(tmp_path / "a.nrrd", made.nrrd_fields(data), data.tobytes()))
    assert bare.levels[0].spacing is None
    spaced = open_source(made.write_nrrd(tmp_path / "b.nrrd", made.nrrd_fields(data, spacings="2 3 4"), data.tobytes()))
    assert spaced.levels[0].spacing == (4.0, 3.0, 2.0)
    assert "orientation unknown" in spaced.description.notes[0]
    nowhere = {**SPACE, "space": "", "space_dimension": "3"}
    nameless = open_source(made.write_nrrd(tmp_path / "c.nrrd", made.nrrd_fields(data, **nowhere), data.tobytes()))
    assert (nameless.levels[0].spacing, nameless.levels[0].frame) == ((4.0, 3.0, 2.0), "unknown")
    assert any("not said to be the patient's" in n for n in nameless.description.notes)
    units = {**SPACE, "space_units": '"um" "um" "um"'}
    micro = open_source(made.write_nrrd(tmp_path / "d.nrrd", made.nrrd_fields(data, **units), data.tobytes()))
    np.testing.assert_allclose(micro.levels[0].spacing, (0.004, 0.003, 0.002))
    flat = {**SPACE, "space_directions": "(1,0,0) (1,0,0) (0,0,1)"}
    folded = open_source(made.write_nrrd(tmp_path / "e.nrrd", made.nrrd_fields(data, **flat), data.tobytes()))
    assert folded.levels[0].spacing is None


def test_channels_of_a_nrrd_are_named_by_its_kinds(tmp_path, rng):
    data = made.samples(rng, (4, 5, 6, 3), np.uint8)
    fields = made.nrrd_fields(
        data, kinds="RGB-color space space space", space="LPS", space_directions="none (1,0,0) (0,1,0) (0,0,1)"
    )
    source = open_source(made.write_nrrd(tmp_path / "c.nrrd", fields, data.tobytes()))
    assert source.channels == ("red", "green", "blue")
    np.testing.assert_array_equal(source.read().data, np.moveaxis(data, -1, 0))
    four = made.nrrd_fields(data)
    with pytest.raises(SourceError, match="not exactly one of them"):
        open_source(made.write_nrrd(tmp_path / "n.nrrd", four, data.tobytes()))


def test_analyze_has_no_left_and_right(tmp_path, rng):
    data = made.samples(rng)
    header = made.write_analyze(tmp_path / "a", data)
    for path in (header, header.with_suffix(".img")):
        source = open_source(path)
        np.testing.assert_array_equal(source.read().data[0], data)
        np.testing.assert_allclose(source.levels[0].spacing, (2.5, 0.8, 0.7), rtol=1e-6)
        assert (source.levels[0].axes, source.levels[0].origin, source.levels[0].frame) == (None, None, "unknown")
        assert "Analyze 7.5 has no orientation: left and right cannot be known" in source.description.notes
        assert source.description.format == "analyze"
    source.read(Box((0, 1, 2), (2, 3, 4)))
    header.with_suffix(".img").unlink()
    with pytest.raises(SourceError, match=r"no a\.img beside it"):
        open_source(header)


def test_analyze_with_spms_matrix_is_oriented(tmp_path, rng):
    data = made.samples(rng)
    source = open_source(made.write_analyze(tmp_path / "s", data, spm=True))
    import nibabel

    affine = np.diag([-1.0, -1, 1, 1]) @ nibabel.load(tmp_path / "s.img").affine
    for index in itertools.product((0, 4), (0, 5), (0, 6)):
        theirs = (affine @ [*index[::-1], 1])[:3]
        np.testing.assert_allclose(source.levels[0].to_world(np.array(index, float)), theirs, atol=1e-5)
    assert any("SPM" in n for n in source.description.notes)


def test_a_pair_is_one_exam(tmp_path, rng):
    matrix = phantoms.affine(turn=phantoms.rotation(rng))
    made.write_pair(tmp_path / "p", made.samples(rng), matrix)
    made.write_analyze(tmp_path / "a", made.samples(rng))
    assert [f.exam for f in find_inputs([str(tmp_path)], tmp_path / "scratch")] == ["a", "p"]
    both = [str(tmp_path / "p.img"), str(tmp_path / "p.hdr")]
    assert [(f.exam, f.error) for f in find_inputs(both, tmp_path / "scratch")] == [("p", None)]


@pytest.mark.parametrize("kind", ["mha", "mhd", "nrrd", "nhdr", "analyze", "pair"])
def test_a_mask_lies_where_its_image_lies(tmp_path, rng, kind):
    """A mask is read in each of these formats; an answer is written as NIfTI at the same place in the world."""
    turn = phantoms.rotation(rng)
    labels = rng.integers(0, 3, (5, 6, 7)).astype(np.uint8)
    if kind == "analyze":
        path = made.write_analyze(tmp_path / "v", labels, spm=True)
    elif kind == "pair":
        path = made.write_pair(tmp_path / "v", labels, phantoms.affine(turn=turn))
    else:
        path = made.write_itk(tmp_path / f"v.{kind}", made.itk(labels, turn), packed=True)
    mask = open_mask(path)
    np.testing.assert_array_equal(mask.data[0], labels)
    assert mask.kind == "labels"
    source = open_source(path)
    grid = source.levels[0]
    answer = AnsweredPartition(
        True, ("background", "a", "b"), (Image(labels[None], grid, "labels", ("label",), Provenance("made")),), (), ()
    )
    written = write_partition(tmp_path / "out", "mask", answer, [source])
    assert written.files == ("mask.mask.nii.gz",)
    back = open_mask(tmp_path / "out" / "mask.mask.nii.gz")
    np.testing.assert_array_equal(back.data, mask.data)
    corners = np.array(list(itertools.product((0, 4), (0, 5), (0, 6))), float)
    np.testing.assert_allclose(back.grid.to_world(corners), grid.to_world(corners), atol=1e-4)


def test_a_mask_of_fractions_or_channels_is_refused(tmp_path, rng):
    for suffix in (".mha", ".nrrd"):
        with pytest.raises(SourceError, match="fractions"):
            open_mask(made.write_itk(tmp_path / f"f{suffix}", made.itk(made.samples(rng, dtype=np.float32))))
        several = made.itk(made.samples(rng, (4, 5, 6, 2), np.uint8), channels=True)
        with pytest.raises(SourceError, match="one number a voxel"):
            open_mask(made.write_itk(tmp_path / f"m{suffix}", several))


# What a header may not claim ------------------------------------------------------------------------------------------


def lying_headers(folder, rng):
    """Headers that claim 2**42 samples and more, over a few hundred bytes."""
    data = made.samples(rng)
    huge = "20000 20000 20000"
    yield made.write_metaimage(folder / "raw.mha", data, {"DimSize": huge})
    packed = zlib.compress(data.tobytes())
    yield made.write_metaimage(folder / "z.mha", data, {"DimSize": huge, "CompressedData": "True"}, packed)
    yield made.write_metaimage(folder / "t.mha", data, {"DimSize": huge, "BinaryData": "False"}, b"1 2 3")
    yield made.write_metaimage(folder / "e.mha", data, {"DimSize": huge, "HeaderSize": "-1"})
    for encoding, pack in (("raw", bytes), ("gzip", gzip.compress), ("bzip2", bz2.compress)):
        fields = [f for f in made.nrrd_fields(data) if not f.startswith(("sizes", "encoding"))]
        body = pack(data.tobytes())
        yield made.write_nrrd(folder / f"{encoding}.nrrd", [*fields, f"sizes: {huge}", f"encoding: {encoding}"], body)
    header = made.write_analyze(folder / "a", data)
    raw = bytearray(header.read_bytes())
    raw[42:48] = np.array([32000] * 3, "<i2").tobytes()
    header.write_bytes(raw)
    yield header
    nifti = phantoms.write_nifti(folder / "n.nii.gz", phantoms.volume(rng), phantoms.affine())
    raw = bytearray(gzip.decompress(nifti.read_bytes()))
    raw[42:48] = np.array([32000] * 3, "<i2").tobytes()
    nifti.write_bytes(gzip.compress(raw))
    yield nifti


def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated(tmp_path, rng):
    paths = list(lying_headers(tmp_path, rng))
    assert len(paths) == 9
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for path in paths:
        with pytest.raises(SourceError) as caught:
            open_source(path).read()
        assert path.name in caught.value.message
        assert caught.value.remedy
        assert "\n" not in caught.value.message
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


def test_more_samples_than_the_header_says_are_no_silent_crop(tmp_path, rng):
    data = made.samples(rng)
    with pytest.raises(SourceError, match="the header says"):
        open_source(made.write_metaimage(tmp_path / "half.mha", data[:3], {}, data.tobytes()))
    packed = gzip.compress(data.tobytes())
    fields = [f.replace("raw", "gzip") for f in made.nrrd_fields(data[:3])]
    with pytest.raises(SourceError, match="the header says"):
        open_source(made.write_nrrd(tmp_path / "half.nrrd", fields, packed)).read()
    few = open_source(made.write_metaimage(tmp_path / "few.mha", data, {}, data.tobytes() + b"\n"))
    assert "1 byte after the samples not read" in few.description.notes


@pytest.mark.parametrize("name", ["../v.raw", "{folder}/v.raw", "sub/v.raw", "..\\v.raw", "C:v.raw", "absent.raw"])
def test_the_data_of_a_header_lie_beside_it(tmp_path, rng, name):
    data = made.samples(rng)
    inside = tmp_path / "inside"
    (inside / "sub").mkdir(parents=True)
    for folder in (tmp_path, inside / "sub"):
        (folder / "v.raw").write_bytes(data.tobytes())
    name = name.format(folder=tmp_path)
    meta = made.write_metaimage(inside / "v.mhd", data, {"ElementDataFile": name})
    nrrd = made.write_nrrd(inside / "v.nhdr", [*made.nrrd_fields(data), f"data file: {name}"])
    for path in (meta, nrrd):
        with pytest.raises(SourceError, match=r"beside it") as caught:
            open_source(path)
        assert "v.raw" not in caught.value.message


def test_a_link_out_of_the_folder_is_refused(tmp_path, rng):
    data = made.samples(rng)
    (tmp_path / "inside").mkdir()
    (tmp_path / "secret").write_bytes(data.tobytes())
    (tmp_path / "inside" / "v.raw").symlink_to(tmp_path / "secret")
    with pytest.raises(SourceError, match="leads outside"):
        open_source(made.write_metaimage(tmp_path / "inside" / "v.mhd", data, {"ElementDataFile": "v.raw"}))


def test_a_broken_header_is_one_line_without_its_text(tmp_path, rng):
    data = made.samples(rng)
    broken = [
        made.write_metaimage(tmp_path / "a.mha", data, {"DimSize": "Jane Doe"}),
        made.write_metaimage(tmp_path / "b.mha", data, {"ElementType": "Jane Doe"}),
        made.write_metaimage(tmp_path / "c.mha", data, {"ElementNumberOfChannels": "Jane Doe"}),
        made.write_nrrd(tmp_path / "d.nrrd", [*made.nrrd_fields(data)[1:], "type: Jane Doe"]),
        made.write_nrrd(tmp_path / "e.nrrd", [*made.nrrd_fields(data), "spacings: Jane Doe"]),
        made.write_nrrd(tmp_path / "f.nrrd", [*made.nrrd_fields(data), "type: Jane Doe"]),
    ]
    for path in broken:
        with pytest.raises(SourceError) as caught:
            open_source(path)
        assert "Jane" not in f"{caught.value.message}{caught.value.remedy}"
    free = [*made.nrrd_fields(data), "content: Jane Doe", "patient:=Jane Doe", "patient:=Jane Doe", "# Jane Doe"]
    source = open_source(made.write_nrrd(tmp_path / "g.nrrd", free, data.tobytes()))
    assert "Jane" not in f"{source.description}{source.channels}"


@pytest.mark.parametrize("suffix", [".mha", ".nrrd", ".mhd", ".nhdr"])
def test_a_cut_or_flipped_file_is_refused_or_read_never_worse(tmp_path, rng, suffix):
    path = made.write_itk(tmp_path / f"v{suffix}", made.itk(made.samples(rng)), packed=True)
    whole = path.read_bytes()
    for _ in range(60):
        bent = bytearray(whole[: rng.integers(1, len(whole) + 1)])
        bent[rng.integers(len(bent))] ^= 1 << rng.integers(8)
        path.write_bytes(bent)
        try:
            open_source(path).read()
        except SourceError as error:
            assert error.remedy


def test_a_detached_volume_counts_whole_in_the_digest_of_a_cohort(tmp_path, rng):
    data = made.samples(rng)
    made.write_itk(tmp_path / "v.mhd", made.itk(data))
    (tmp_path / "labels.csv").write_text("image,label\nv.mhd,1\n")
    first = read_cohort(tmp_path).cohort.digest
    raw = bytearray((tmp_path / "v.raw").read_bytes())
    raw[7] ^= 1
    (tmp_path / "v.raw").write_bytes(raw)
    assert read_cohort(tmp_path).cohort.digest != first
    assert open_source(tmp_path / "v.mhd").description.files == (tmp_path / "v.mhd", tmp_path / "v.raw")


def test_names_and_content_both_tell_the_format(tmp_path, rng):
    path = made.write_itk(tmp_path / "v.mha", made.itk(made.samples(rng)))
    nameless = tmp_path / "volume"
    nameless.write_bytes(path.read_bytes())
    assert open_source(nameless).description.format == "metaimage"
    sitk.ReadImage(str(path))
