"""From what every file of a cohort turned out to be to the exams that show the same; nothing is decoded here."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from ..core.exam import Cohort, Exam
from ..ops.thumbnail import Grey
from ..trust.duplicates import same_pictures
from ..trust.near_copies import Copy
from .looking import Inspected, Key

Looks = Mapping[Key, Inspected]
Watch = Callable[[int, int], None]


def digests(cohort: Cohort, looks: Looks) -> dict[str, list[str]]:
    """Exam -> the digests of its pictures."""
    return {exam.id: [seen.digest for seen in _pictures(exam, looks)] for exam in cohort}


def copies(cohort: Cohort, looks: Looks, watch: Watch) -> list[Copy]:
    """Pairs of exams with pictures that are nearly, and not exactly, the same; of two pictures of one exam, none."""
    owners, pictures = _distinct(cohort, looks)
    pairs = [
        Copy(min(first, second), max(first, second), same)
        for same in same_pictures(pictures, None, watch)
        for first in owners[same.a]
        for second in owners[same.b]
        if not set(owners[same.a]) & set(owners[same.b])
    ]
    return _surest(pairs)


def common(
    cohorts: tuple[Cohort, Cohort], looks: tuple[Looks, Looks], watch: Watch
) -> tuple[list[tuple[str, str]], list[Copy]]:
    """(exact pairs, nearly same ones) of an exam of the first cohort and one of the second."""
    ours, theirs = (digests(cohort, seen) for cohort, seen in zip(cohorts, looks, strict=True))
    whose: dict[str, list[str]] = {}
    for name, values in theirs.items():
        for value in dict.fromkeys(values):
            whose.setdefault(value, []).append(name)
    exact = [
        (name, other) for name, values in ours.items() for v in dict.fromkeys(values) for other in whose.get(v, ())
    ]
    (mine, pictures), (yours, others) = (_distinct(c, seen) for c, seen in zip(cohorts, looks, strict=True))
    near = [
        Copy(first, second, same)
        for same in same_pictures(pictures, others, watch)
        for first in mine[same.a]
        for second in yours[same.b]
    ]
    return list(dict.fromkeys(exact)), _surest(near)


def pictures_across(cohort: Cohort, looks: Looks) -> list[tuple[str, ...]]:
    """Exams whose true picture stands, to the sample, in the given test split and outside it: those of each picture."""
    shown: dict[str, list[Exam]] = {}
    for exam in cohort:
        for path in dict.fromkeys(p for view in exam.views for p in view.pictures.values()):
            if digest := looks["picture", path].digest:
                shown.setdefault(digest, []).append(exam)
    several = [exams for exams in shown.values() if len({exam.split == "test" for exam in exams}) > 1]
    return [tuple(exam.id for exam in exams) for exams in several]


def _distinct(cohort: Cohort, looks: Looks) -> tuple[list[list[str]], list[Grey]]:
    """Exams that show each different picture, and its thumbnail."""
    owners: dict[str, list[str]] = {}
    thumbnails: dict[str, Grey] = {}
    for exam in cohort:
        for seen in _pictures(exam, looks):
            if seen.thumbnail is not None:
                thumbnails[seen.digest] = seen.thumbnail
                if exam.id not in owners.setdefault(seen.digest, []):
                    owners[seen.digest].append(exam.id)
    return list(owners.values()), list(thumbnails.values())


def _pictures(exam: Exam, looks: Looks) -> Iterator[Inspected]:
    for view in exam.views:
        for path in view.inputs.values():
            yield looks["image", path]


def _surest(pairs: Sequence[Copy]) -> list[Copy]:
    """Of two exams with several pictures in common, the surest."""
    best: dict[tuple[str, str], Copy] = {}
    for pair in pairs:
        held = best.get((pair.first, pair.second))
        if held is None or held.same.confidence < pair.same.confidence:
            best[pair.first, pair.second] = pair
    return list(best.values())
