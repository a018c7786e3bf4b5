"""Tables and folders become cohorts; every fault is said, with its line, and nothing is dropped in silence."""

import csv
import hashlib
import random
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phantoms
from vesale.core.errors import CohortError
from vesale.io.cohort import Columns, ReadCohort, read_cohort
from vesale.io.cohort_columns import SPELLINGS, SPLITS


def files(folder: Path, *names: str) -> None:
    """Files of some bytes each: reading a cohort decodes none."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(f"bytes of {name}".encode())


def table(folder: Path, text: str, *names: str, encoding: str = "utf-8") -> Path:
    files(folder, *names)
    path = folder / "labels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def said(read: ReadCohort, kind: str, severity: str = "error") -> dict[tuple[int, ...], str]:
    """Lines -> message."""
    return {f.lines: f.message for f in read.findings if (f.kind, f.severity) == (kind, severity)}


def test_a_plain_table(tmp_path: Path) -> None:
    text = "exam,subject,image,mask_MA,roi,label,grade,split,fold,sex,age\n"
    text += "e1,s1,a.png,m.png,r.png,Good,2,val,k,F,40\ne2,s2,b.png,,,,,,k,,\n"
    read = read_cohort(table(tmp_path, text, "a.png", "b.png", "m.png", "r.png"))
    assert read.findings == ()
    first, second = read.cohort.exams
    assert (first.id, first.subject, first.split, first.fold) == ("e1", "s1", "validation", "k")
    assert (dict(first.truth), dict(first.traits)) == ({"label": "Good", "grade": 2.0}, {"sex": "F", "age": 40.0})
    view = first.views[0]
    assert (dict(view.inputs), dict(view.masks), view.roi, view.line) == (
        {"image": "a.png"},
        {"MA": "m.png"},
        "r.png",
        2,
    )
    assert (dict(second.truth), second.split, dict(second.views[0].masks)) == ({"label": None, "grade": None}, None, {})
    assert read.cohort.subjects_known
    assert read.cohort.contents["a.png"] == hashlib.sha256(b"bytes of a.png").hexdigest()


def test_the_folder_and_its_table_are_one_cohort(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na.png,x\n", "a.png")
    assert read_cohort(path) == read_cohort(tmp_path)
    assert read_cohort(path).cohort.name == tmp_path.name


def test_all_faults_are_reported_together(tmp_path: Path) -> None:
    rows = [
        "exam,subject,image,grade,label,split",
        "ok,s0,a/b.png,1,Good,train",
        "case,s1,a/B.PNG,1,Good,train",
        "noimage,s2,,1,Good,train",
        "nosubject,,a/b.png,1,Good,train",
        "split,s3,a/b.png,1,Good,trian",
        "number,s4,a/b.png,l,good,train",
        "many,s5,a/b.png,1,Good,train,what",
        "few,s6,a/b.png",
        "views,s7,a/b.png,1,Good,train",
        "views,s8,a/b.png,2,Good,test",
        "two,,a/gone.png,x,Good,trian",
        "../up,s9,a/b.png,1,Good,train",
        *(f"fill{i},f{i},a/b.png,1,Good,train" for i in range(4)),
    ]
    read = read_cohort(table(tmp_path, "\n".join(rows) + "\n", "a/b.png"))
    missing, bad = said(read, "missing_file"), said(read, "bad_row")
    assert missing[(3,)] == "no such file: a/B.PNG; did you mean a/b.png?"
    assert missing[(12,)].startswith("no such file: a/gone.png")
    assert set(missing) == {(3,), (12,)}
    lines = [f.lines for f in read.findings if (f.kind, f.severity) == ("bad_row", "error")]
    assert sorted(lines) == sorted([(4,), (5,), (6,), (7,), (8,), (9,), *[(10, 11)] * 3, *[(12,)] * 3, (13,)])
    for line, words in {
        4: "image is empty",
        5: "subject is empty",
        6: "'trian'; did you mean train",
        7: "grade 'l' is no number",
        8: "7 cells, the header 6",
        9: "3 cells, the header 6",
        13: "cannot be the name of a folder",
    }.items():
        assert words in bad[(line,)]
    assert said(read, "bad_row", "warning") == {
        (7,): "label 'good' is read as 'Good': they differ in case or blanks only"
    }
    assert [e.id for e in read.cohort] == ["ok", "fill0", "fill1", "fill2", "fill3"]
    errors = {name for f in read.findings if f.severity == "error" for name in f.exams}
    assert errors == {"case", "noimage", "nosubject", "split", "number", "many", "few", "views", "two", "../up"}
    assert len({f.id for f in read.findings}) == len(read.findings)


def test_what_views_disagree_on_is_named_but_not_the_subject(tmp_path: Path) -> None:
    text = "exam,subject,image,label\ne,Mary,a.png,x\ne,John,b.png,y\n"
    read = read_cohort(table(tmp_path, text, "a.png", "b.png"))
    messages = [f.message for f in read.findings]
    assert {m.rpartition(" ")[2] for m in messages} == {"subject", "label"}
    assert not any("Mary" in m or "John" in m for m in messages)


def test_ids_of_findings_do_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    rows = ["a,s,gone.png,1", "b,,x.png,1", "c,s,x.png,1", "d,s,nowhere.png,1"]
    ids = []
    for order in (rows, rows[::-1]):
        read = read_cohort(table(tmp_path, "\n".join(["exam,subject,image,grade", *order]), "x.png"))
        ids.append({f.id for f in read.findings})
    assert ids[0] == ids[1]
    assert len(ids[0]) == 3


@pytest.mark.parametrize(("role", "spelling"), [(r, s) for r, others in SPELLINGS.items() for s in others])
def test_every_spelling_is_recognised_and_said(tmp_path: Path, role: str, spelling: str) -> None:
    header = {"subject": "subject", "exam": "exam", "image": "image", "mask": "mask", "roi": "roi", "split": "split"}
    values = {
        "subject": "s1",
        "exam": "e1",
        "image": "a.png",
        "mask": "m.png",
        "roi": "r.png",
        "split": "test",
        "picture": "a.png",
    }
    header[role], values[role] = spelling.title().replace("_", " "), values.get(role, "left")
    if role not in ("view", "laterality"):
        assert role in values
    text = f"{','.join(header.values())}\n{','.join(values[r] for r in header)}\n"
    read = read_cohort(table(tmp_path, text, "a.png", "m.png", "r.png"))
    exam = read.cohort.exams[0]
    view = exam.views[0]
    got = {
        "subject": exam.subject,
        "exam": exam.id,
        "image": view.inputs.get("image"),
        "mask": view.masks.get(""),
        "roi": view.roi,
        "split": exam.split,
        "picture": view.pictures.get(""),
        "laterality": view.laterality,
    }
    assert got[role] == values[role]
    assert [f.severity for f in read.findings] == ["note"]
    assert f"read as {role}" in read.findings[0].message
    assert dict(exam.traits) == {}


@pytest.mark.parametrize("spelling", sorted(SPLITS))
def test_every_split_spelling(tmp_path: Path, spelling: str) -> None:
    read = read_cohort(table(tmp_path, f"subject,image,split\ns,a.png,{spelling.upper()}\n", "a.png"))
    assert read.findings == ()
    assert read.cohort.exams[0].split == SPLITS[spelling]


def test_a_column_that_is_spelt_right_wins_over_another_spelling(tmp_path: Path) -> None:
    text = "subject,patient,image,path,label\ns1,p1,a.png,elsewhere,x\n"
    exam = read_cohort(table(tmp_path, text, "a.png")).cohort.exams[0]
    assert exam.subject == "s1"
    assert dict(exam.traits) == {"patient": "p1", "path": "elsewhere"}


def test_columns_that_name_people_are_not_read(tmp_path: Path) -> None:
    text = "subject,image,Patient Name,birth-date,sex\ns1,a.png,Mary Smith,1950-01-01,F\n"
    read = read_cohort(table(tmp_path, text, "a.png"))
    assert dict(read.cohort.exams[0].traits) == {"sex": "F"}
    assert [f.severity for f in read.findings] == ["note", "note"]
    assert not any(word in repr(read) for word in ("Mary", "1950"))


def test_folds_of_split_names_are_splits_and_numbered_splits_are_folds(tmp_path: Path) -> None:
    read = read_cohort(table(tmp_path, "subject,image,fold\ns1,a.png,train\ns2,a.png,test\n", "a.png"))
    assert [(e.split, e.fold) for e in read.cohort] == [("train", None), ("test", None)]
    read = read_cohort(table(tmp_path, "subject,image,split\ns1,a.png,0\ns2,a.png,1\n", "a.png"))
    assert [(e.split, e.fold) for e in read.cohort] == [(None, "0"), (None, "1")]
    assert [f.severity for f in read.findings] == ["note"]


def test_columns_that_the_user_names(tmp_path: Path) -> None:
    text = "who,picture,label,bone age,part\ns1,a.png,x,12.5,test\n"
    columns = Columns(subject="who", image="picture", labels=("bone age",), split="part")
    read = read_cohort(table(tmp_path, text, "a.png"), columns)
    exam = read.cohort.exams[0]
    assert (exam.subject, exam.split, dict(exam.truth), dict(exam.traits)) == (
        "s1",
        "test",
        {"bone age": 12.5},
        {"label": "x"},
    )
    assert read.findings == ()
    with pytest.raises(CohortError) as error:
        read_cohort(tmp_path, Columns(image="pictur"))
    assert error.value.remedy == "did you mean picture?"


def test_several_inputs_and_several_views(tmp_path: Path) -> None:
    text = "exam,subject,image_t1,image_t2,view,laterality,label,site\n"
    text += "e,s,a.png,b.png,2,R,x,A\ne,s,c.png,d.png,1,L,,B\n"
    read = read_cohort(table(tmp_path, text, "a.png", "b.png", "c.png", "d.png"))
    exam = read.cohort.exams[0]
    assert [dict(v.inputs) for v in exam.views] == [{"t1": "c.png", "t2": "d.png"}, {"t1": "a.png", "t2": "b.png"}]
    assert [(v.view, v.laterality, v.line) for v in exam.views] == [("1", "L", 3), ("2", "R", 2)]
    assert (dict(exam.truth), dict(exam.traits)) == ({"label": "x"}, {"site": None})
    assert [(f.severity, f.lines) for f in read.findings] == [("note", (2, 3))]


def test_exam_ids_come_from_the_stems(tmp_path: Path) -> None:
    names = ["b/eye (1).png", "a/eye (1).png", "vol.nii.gz", "x.y.png"]
    read = read_cohort(table(tmp_path, "subject,image\n" + "".join(f"s,{n}\n" for n in names), *names))
    assert [e.id for e in read.cohort] == ["eye__1_-2", "eye__1_", "vol", "x.y"]


def test_exam_ids_of_dicom_come_from_the_series(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    slices = phantoms.write_series(tmp_path / "series", rng, phantoms.volume(rng, (4, 8, 8), np.uint16))
    single = phantoms.write_dicom(tmp_path / "single", rng, phantoms.grey(rng))
    text = f"subject,image\ns,series\ns,single\ns,series/{slices[0].name}\ns,no.dcm\n"
    read = read_cohort(table(tmp_path, text, "no.dcm"))
    series = pydicom.dcmread(slices[0]).SeriesInstanceUID
    first, second = (hashlib.sha256(uid.encode()).hexdigest()[:12] for uid in (series, single.SeriesInstanceUID))
    assert [e.id for e in read.cohort] == [first, second, f"{first}-2", "no"]


def test_without_a_subject_each_exam_is_its_own(tmp_path: Path) -> None:
    for text in ("image,label\na.png,x\nb.png,y\n", "subject,image,label\n,a.png,x\n,b.png,y\n"):
        read = read_cohort(table(tmp_path, text, "a.png", "b.png"))
        assert not read.cohort.subjects_known
        assert [e.subject for e in read.cohort] == ["a", "b"]
        assert [(f.kind, f.severity) for f in read.findings] == [("no_subject", "warning")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    lines = ["subject, image ,label,,", "s1,a.png,Émail,,", "", 's2,a.png," two words ",,']
    text = end.join(line.replace(",", delimiter) for line in lines) + end
    read = read_cohort(table(tmp_path, text, "a.png", encoding=encoding))
    assert [e.truth["label"] for e in read.cohort] == ["Émail", "two words"]
    assert [e.views[0].line for e in read.cohort] == [2, 4]
    notes = [f.message for f in read.findings]
    assert all("Latin-1" in n for n in notes)
    assert len(notes) == (encoding == "latin-1")


def test_decimal_commas_count_where_the_semicolon_delimits(tmp_path: Path) -> None:
    read = read_cohort(table(tmp_path, "subject;image;score;age\ns1;a.png;1,5;40,25\ns2;a.png;2;3\n", "a.png"))
    assert [(e.truth["score"], e.traits["age"]) for e in read.cohort] == [(1.5, 40.25), (2.0, 3.0)]
    read = read_cohort(table(tmp_path, 'subject,image,score\ns1,a.png,"1,5"\n', "a.png"))
    assert read.cohort.exams[0].truth["score"] == "1,5"


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["0", "1", " 2 ", ""], [0.0, 1.0, 2.0, None]),
        (["1e3", "-.5", "+2.", "7"], [1000.0, -0.5, 2.0, 7.0]),
        (["007", "12", "1", "2"], ["007", "12", "1", "2"]),
        (["3", "4A", "4B", "5"], ["3", "4A", "4B", "5"]),
        (["1", "2;3", "1", "1", "1"], ["1", "2;3", "1", "1", "1"]),
        (["inf", "nan", "x", "1"], ["inf", "nan", "x", "1"]),
        (["1", "2", "NA", "nan"], [1.0, 2.0, None, None]),
    ],
)
def test_labels_are_numbers_where_the_column_is(tmp_path: Path, cells: Sequence[str], values: Sequence[object]) -> None:
    text = "subject,image,grade\n" + "".join(f"s{i},a.png,{c}\n" for i, c in enumerate(cells))
    read = read_cohort(table(tmp_path, text, "a.png"))
    assert [e.truth["grade"] for e in read.cohort] == values


def test_one_class_in_two_spellings_is_one_class(tmp_path: Path) -> None:
    labels = ["Good", "Good", "good ", "GOOD;Bad", "Bad", "bad"]
    text = "subject,image,label\n" + "".join(f"s{i},a.png,{c}\n" for i, c in enumerate(labels))
    read = read_cohort(table(tmp_path, text, "a.png"))
    assert [e.truth["label"] for e in read.cohort] == ["Good", "Good", "Good", "Good;Bad", "Bad", "Bad"]
    assert sorted((f.severity, f.lines) for f in read.findings) == [
        ("warning", (4,)),
        ("warning", (5,)),
        ("warning", (7,)),
    ]


def test_faults_of_the_header(tmp_path: Path) -> None:
    read = read_cohort(table(tmp_path, ",image,label,label,subject\n0,a.png,x,y,s\n", "a.png"))
    assert sorted((f.kind, f.severity, f.lines) for f in read.findings) == [
        ("bad_row", "error", (1,)),
        ("table", "note", (1,)),
    ]
    assert dict(read.cohort.exams[0].truth) == {"label": "x"}


def test_a_quote_that_never_closes_is_said(tmp_path: Path) -> None:
    text = 'subject,image,label\ns1,a.png,x\ns2,a.png,"y\ns3,a.png,z\n'
    read = read_cohort(table(tmp_path, text, "a.png"))
    assert [e.subject for e in read.cohort] == ["s1"]
    assert list(said(read, "bad_row")) == [(3,)]
    text = 'subject,image,label\ns1,a.png,"two\nlines"\ns2,gone.png,x\n'
    assert list(said(read_cohort(table(tmp_path, text, "a.png")), "missing_file")) == [(4,)]


@pytest.mark.parametrize(
    ("named", "meant"),
    [
        ("a/one.PNG", "a/one.png"),
        ("A/one.png", "a/one.png"),
        ("a/one", "a/one.png"),
        ("one.png", "a/one.png"),
        ("a/onne.png", "a/one.png"),
        ("a/one.jpg", "a/one.png"),
        ("b/deep/one.png", "a/one.png"),
        ("zzzzzz.tif", None),
    ],
)
def test_near_misses_of_files(tmp_path: Path, named: str, meant: str | None) -> None:
    read = read_cohort(table(tmp_path, f"subject,image\ns,{named}\n", "a/one.png", "a/two.png"))
    message = said(read, "missing_file")[(2,)]
    assert message == f"no such file: {named}" + (f"; did you mean {meant}?" if meant else "")
    assert len(read.cohort) == 0


def test_windows_paths(tmp_path: Path) -> None:
    read = read_cohort(table(tmp_path, "subject,image\ns,a\\one.png\n", "a/one.png"))
    assert read.findings == ()
    assert read.cohort.exams[0].views[0].inputs["image"] == "a/one.png"


def test_a_missing_mask_excludes_the_exam(tmp_path: Path) -> None:
    read = read_cohort(table(tmp_path, "exam,subject,image,mask_a,mask_b\ne,s,x.png,x.png,gone.png\n", "x.png"))
    assert len(read.cohort) == 0
    assert [f.exams for f in read.findings] == [("e",)]


def test_many_missing_files_share_a_finding(tmp_path: Path) -> None:
    rows = "".join(f"s{i},gone{i}.png\n" for i in range(200))
    read = read_cohort(table(tmp_path, f"subject,image\n{rows}"))
    assert len(read.findings) == 51
    assert {n for f in read.findings for n in f.lines} == set(range(2, 202))


def test_a_folder_of_slices_is_one_image(tmp_path: Path) -> None:
    text = "subject,image\ns,series\nt,empty\n"
    (tmp_path / "empty").mkdir()
    read = read_cohort(table(tmp_path, text, "series/b.dcm", "series/a.dcm", "series/.hidden"))
    members = [hashlib.sha256(f"bytes of series/{n}.dcm".encode()).hexdigest() for n in "ab"]
    assert read.cohort.contents == {"series": hashlib.sha256("".join(members).encode()).hexdigest()}
    assert [e.id for e in read.cohort] == ["series"]
    assert [f.lines for f in read.findings if f.severity == "error"] == [(3,)]


def test_folders_of_classes(tmp_path: Path) -> None:
    files(tmp_path, "Good/1.png", "Good/sub/2.jpg", "Bad/1.png", "Bad/readme.txt", ".git/x.png", "Bad/.x.png", "s.csv")
    read = read_cohort(tmp_path)
    assert [(e.id, e.truth["label"], e.views[0].inputs["image"]) for e in read.cohort] == [
        ("1", "Bad", "Bad/1.png"),
        ("1-2", "Good", "Good/1.png"),
        ("2", "Good", "Good/sub/2.jpg"),
    ]
    assert sorted((f.kind, f.severity) for f in read.findings) == [
        ("no_subject", "warning"),
        ("table", "note"),
        ("table", "warning"),
    ]


def test_splits_may_stand_above_classes(tmp_path: Path) -> None:
    files(tmp_path, "train/A/1.png", "train/B/2.png", "val/A/3.png", "val/B/4.png")
    read = read_cohort(tmp_path)
    assert [(e.split, e.truth["label"]) for e in read.cohort] == [
        ("train", "A"),
        ("train", "B"),
        ("validation", "A"),
        ("validation", "B"),
    ]


@pytest.mark.parametrize(
    ("images", "masks", "pairs"),
    [
        (["images/a.png"], ["masks/a.png"], {"a": {"": "masks/a.png"}}),
        (["img/a.jpg"], ["labels/a_mask.png"], {"a": {"": "labels/a_mask.png"}}),
        (["Images/21_training.tif"], ["1st_manual/21_manual1.gif"], {"21_training": {"": "1st_manual/21_manual1.gif"}}),
        (["images/a_1.png", "images/a.png"], ["mask/a_1.png", "mask/a_mask.png"], {"a": {"": "mask/a_mask.png"}}),
        (["images/I.jpg"], ["masks_MA/I_MA.png", "masks_EX/I_EX.png"], {"I": {"MA": "masks_MA/I_MA.png"}}),
        (["images/v.nii.gz"], ["masks/v_seg.nii.gz"], {"v": {"": "masks/v_seg.nii.gz"}}),
    ],
)
def test_images_and_masks_are_paired_by_name(
    tmp_path: Path, images: Sequence[str], masks: Sequence[str], pairs: Mapping[str, Mapping[str, str]]
) -> None:
    files(tmp_path, *images, *masks)
    read = read_cohort(tmp_path)
    assert {f.kind for f in read.findings} == {"no_subject"}
    assert len(read.cohort) == len(images)
    got = {e.id: dict(e.views[0].masks) for e in read.cohort}
    for exam, expected in pairs.items():
        assert expected.items() <= got[exam].items()


def test_pairs_that_do_not_fit_are_said(tmp_path: Path) -> None:
    files(tmp_path, "images/a.png", "images/b.png", "images/c.png", "images/c.jpg")
    files(tmp_path, "masks/a.png", "masks/z.png", "masks/c_mask.png")
    read = read_cohort(tmp_path)
    assert [e.id for e in read.cohort] == ["a"]
    errors = sorted((f.kind, f.message.split()[0].rstrip(":")) for f in read.findings if f.severity == "error")
    assert errors == [
        ("bad_row", "masks/c_mask.png"),
        ("missing_file", "images/b.png"),
        ("missing_file", "images/c.jpg"),
        ("missing_file", "images/c.png"),
        ("missing_file", "masks/z.png"),
    ]


def test_two_folders_that_could_be_the_masks_are_not_guessed(tmp_path: Path) -> None:
    files(tmp_path, "images/a.png", "1st_manual/a.png", "mask/a.png")
    with pytest.raises(CohortError, match="1st_manual and mask could all be the masks"):
        read_cohort(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "empty"), ("image,label\n", "no rows"), ("picture,label\na.png,x\n", "no column `image`")],
)
def test_nothing_to_read(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CohortError, match=words) as error:
        read_cohort(table(tmp_path, text, "a.png"))
    assert error.value.remedy


def test_a_folder_that_is_no_cohort(tmp_path: Path) -> None:
    files(tmp_path, "one/a.png", "cohort.csv")
    with pytest.raises(CohortError, match=r"there is cohort\.csv") as error:
        read_cohort(tmp_path)
    assert error.value.remedy
    with pytest.raises(CohortError, match="no such folder") as error:
        read_cohort(tmp_path / "cohor.csv")
    assert str(error.value.remedy).endswith("cohort.csv?")


NAMES = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=8).filter(lambda s: s.strip("."))
WORDS = st.one_of(st.just(""), st.sampled_from(["Good", "Bad", "a, b", 'said "so"', "Größe", "c;d"]))
EXAMS = st.lists(
    st.tuples(
        st.integers(0, 3),
        WORDS,
        st.one_of(st.just(""), st.floats(-1e6, 1e6).map(repr)),
        st.sampled_from(["", "train", "validation", "calibration", "test"]),
    ),
    min_size=1,
    max_size=12,
)


def write(folder: Path, rows: Sequence[tuple[int, str, str, str]], order: Sequence[int]) -> Path:
    (folder / "p.png").write_bytes(b"p")
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["exam", "subject", "image", "label", "score", "split"])
        writer.writerows([f"e{i}", f"s{rows[i][0]}", "p.png", *rows[i][1:]] for i in order)
    return folder


@given(EXAMS)
def test_a_cohort_written_and_read_again_is_the_same(rows: list[tuple[int, str, str, str]]) -> None:
    with TemporaryDirectory() as name:
        read = read_cohort(write(Path(name), rows, range(len(rows))))
    assert read.findings == ()
    assert [(e.id, e.subject, e.truth["label"] or "", e.truth["score"], e.split or "") for e in read.cohort] == [
        (f"e{i}", f"s{s}", label, float(n) if n else None, split) for i, (s, label, n, split) in enumerate(rows)
    ]


@given(EXAMS, st.integers(0, 1000))
def test_the_order_of_rows_does_not_change_the_digest(rows: list[tuple[int, str, str, str]], seed: int) -> None:
    order = list(range(len(rows)))
    random.Random(seed).shuffle(order)
    with TemporaryDirectory() as name:
        straight = read_cohort(write(Path(name), rows, range(len(rows)))).cohort.digest
        assert read_cohort(write(Path(name), rows, order)).cohort.digest == straight


@given(st.lists(st.sampled_from(["a/x.png", "b/x.png", "x.png"]), min_size=1, max_size=6), st.integers(0, 1000))
def test_nor_does_it_change_who_gets_a_clashing_name(images: list[str], seed: int) -> None:
    rows = [f"{image},{i}" for i, image in enumerate(images)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        first = read_cohort(table(folder, "image,number\n" + "\n".join(rows), "a/x.png", "b/x.png", "x.png")).cohort
        random.Random(seed).shuffle(rows)
        second = read_cohort(table(folder, "image,number\n" + "\n".join(rows))).cohort
    assert first.digest == second.digest
    assert len({e.id for e in first}) == len(images)


def test_a_changed_byte_changes_the_digest(tmp_path: Path) -> None:
    folder = phantoms.category_cohort(tmp_path, np.random.default_rng(0), exams=4, size=16)
    before = read_cohort(folder)
    assert before.findings == ()
    image = folder / "images" / "e000.png"
    image.write_bytes(image.read_bytes() + b"x")
    assert read_cohort(folder).cohort.digest != before.cohort.digest


@pytest.mark.realdata
def test_the_tables_that_come_with_real_data(data: Path) -> None:
    grading = next((data / "retina" / "idrid_grading").glob("*.csv"))
    read = read_cohort(grading, Columns(labels=("Retinopathy grade", "Risk of macular edema")))
    assert said(read, "missing_file")[(2,)] == "no such file: IDRiD_001; did you mean train/IDRiD_001.jpg?"
    chest = read_cohort(data / "radiology" / "covid_chestxray" / "metadata.csv")
    assert {f.severity for f in chest.findings} == {"note", "error"}
    assert len({n for f in chest.findings if f.severity == "error" for n in f.lines}) == 58
    lung = read_cohort(data / "histology" / "lung_tumour" / "cohort.csv", Columns(subject="source_tile_group"))
    assert lung.findings == ()
    assert (len(lung.cohort), len(lung.cohort.subjects)) == (1088, 559)
    quality = read_cohort(data / "retina" / "drimdb_quality")
    assert len(quality.cohort) == 216
