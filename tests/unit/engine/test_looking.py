"""Each file is opened once for all that is asked of it; thumbnails show the whole, masks their share."""

import numpy as np

import phantoms
from phantoms_copies import scene, write_cohort
from vesale.engine.looking import inspect
from vesale.io.cohort import read_cohort
from vesale.ops.thumbnail import SIDE, fitting, share_thumbnail, thumbnail


def test_a_file_is_decoded_once_and_examined_whole(tmp_path):
    rng = np.random.default_rng(0)
    pictures = {f"p{i}.png": scene(rng) for i in range(3)}
    rows = [{"exam": f"e{i}", "subject": i, "image": f"p{i % 3}.png"} for i in range(5)]
    cohort = read_cohort(write_cohort(tmp_path, rows, pictures)).cohort
    asked, heard = [], []

    def shape(image, source):
        asked.append(source.description.sha256)
        return image.data.shape

    looks = inspect(cohort, {"shape": shape}, lambda *n: heard.append(n))
    assert len(asked) == len(set(asked)) == 3
    assert heard == [(1, 3), (2, 3), (3, 3)]
    seen = looks["image", "p0.png"]
    assert seen.examined["shape"] == (3, 160, 200)
    assert seen.thumbnail.shape == fitting((160, 200), SIDE)
    assert seen.shape == (160, 200)
    assert seen.fault is None


def test_masks_and_regions_show_their_share(tmp_path):
    rng = np.random.default_rng(1)
    mask = np.zeros((160, 200), np.uint8)
    mask[:80] = 3
    pictures = {"p.png": scene(rng), "m.png": mask, "r.png": np.full((160, 200), 255, np.uint8)}
    rows = [{"exam": "e", "image": "p.png", "mask": "m.png", "roi": "r.png"}]
    looks = inspect(read_cohort(write_cohort(tmp_path, rows, pictures)).cohort, {})
    drawn = looks["mask", "m.png"].thumbnail
    assert drawn.shape == looks["image", "p.png"].thumbnail.shape
    assert (drawn[:50] == 255).all()
    assert (drawn[52:] == 0).all()
    assert (looks["roi", "r.png"].thumbnail == 255).all()


def test_a_damaged_file_is_a_fault_and_the_others_are_read(tmp_path):
    folder = write_cohort(tmp_path, [{"exam": "a", "image": "a.png"}, {"exam": "b", "image": "b.png"}], {})
    phantoms.write_raster(tmp_path / "a.png", scene(np.random.default_rng(2)))
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:500])
    looks = inspect(read_cohort(folder).cohort, {})
    assert looks["image", "a.png"].thumbnail is not None
    assert looks["image", "b.png"].fault is not None


def test_thumbnails_are_means_over_areas():
    whole = np.random.default_rng(3).integers(0, 255, (1, 256, 512)).astype(np.uint8)
    expected = whole[0].reshape(64, 4, 128, 4).mean(axis=(1, 3))
    assert np.abs(thumbnail(whole).astype(float) - expected).max() <= 1
    assert thumbnail(np.zeros((3, 1, 1), np.float32)) is None
    assert thumbnail(np.random.default_rng(4).normal(0, 1, (1, 9, 40, 30))).shape == (40, 30)
    assert share_thumbnail(np.eye(4, dtype=np.uint8)[None]).max() == 255
