"""A true picture that is tested on and learned from is found, however its files are called."""

import shutil

import phantoms_seen as made
from vesale.verbs.check import check


def test_pictures_on_both_sides_of_the_test_split_are_told(tmp_path):
    pictures = made.made_pictures(8)
    more = [{"split": "test" if i >= 6 else "train"} for i in range(8)]
    folder = made.write_seen(tmp_path, made.answers_to(pictures, 10, 0.1), pictures, more)
    assert not [f for f in check(folder).findings if "test split" in f.message]
    shutil.copyfile(folder / "pictures" / "p001.png", folder / "pictures" / "p007.png")
    checked = check(folder)
    (finding,) = (f for f in checked.findings if "test split" in f.message)
    assert (finding.kind, finding.severity, set(finding.exams)) == ("subject_leak", "warning", {"t001", "t007"})
    assert checked.ok


def test_a_picture_of_another_size_than_its_image_is_a_fault_and_of_a_signal_it_is_none(tmp_path):
    pictures = made.made_pictures(3)
    folder = made.write_seen(tmp_path, made.answers_to(pictures, 10, 0.1), pictures)
    assert check(folder).ok
    small = made.write_seen(tmp_path / "small", made.answers_to(pictures, 10, 0.1), made.made_pictures(3, side=9))
    (folder / "labels.csv").write_text(
        "image,subject,picture\npictures/p000.png,a,small/pictures/p000.png\npictures/p001.png,b,pictures/p001.png\n"
    )
    assert small.is_dir()
    checked = check(folder)
    assert [f.kind for f in checked.findings if f.severity == "error"] == ["mask_mismatch"]
    assert len(checked.cohort) == 1
