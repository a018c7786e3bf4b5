"""Laws that hold for every input, not just for the examples we thought of."""

import tomllib
from collections import Counter
from dataclasses import asdict, fields, replace
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vesale.core.decode import decode
from vesale.core.encode import to_toml
from vesale.core.exam import Cohort, Exam, View
from vesale.core.grid import Box, Grid
from vesale.core.recipe import Augment, Decode, Look, Net, Recipe, Statement, Train, Trust, Validate
from vesale.core.task import Category, Partition, Picture, Quantity, Task
from vesale.ops.tiles import sew, tiles

lengths = st.floats(0.01, 10)


@st.composite
def grids(draw):
    """Grids of 2 or 3 axes, with or without directions (a right-handed frame turned at random), cropped or not."""
    n = draw(st.integers(2, 3))
    shape, spacing = draw(st.tuples(*[st.integers(2, 12)] * n)), draw(st.tuples(*[lengths] * n))
    origin = draw(st.none() | st.tuples(*[st.floats(-500, 500)] * n))
    axes = None
    if draw(st.booleans()):
        turned, _ = np.linalg.qr(np.random.default_rng(draw(st.integers(0, 99))).normal(size=(n, n)))
        axes = tuple(map(tuple, turned.tolist()))
    corner = draw(st.none() | st.tuples(*[st.integers(0, 50)] * n))
    return Grid(shape, spacing, origin, axes, "patient", corner)


@given(grids(), st.data())
def test_world_and_back_is_the_identity(grid, data):
    index = np.array([data.draw(st.floats(0, n)) for n in grid.shape])
    assert np.allclose(grid.to_index(grid.to_world(index)), index, atol=1e-6)


@given(grids(), st.data())
def test_a_crop_does_not_move_the_world(grid, data):
    start = tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)
    small = grid.crop(Box(start, grid.shape))
    index = np.array([data.draw(st.floats(0, n)) for n in small.shape])
    assert np.allclose(small.to_world(index), grid.to_world(index + np.array(start)), atol=1e-6)


@given(grids(), st.data())
def test_a_crop_of_a_crop_is_one_crop(grid, data):
    outer = tuple(data.draw(st.integers(0, n - 1)) for n in grid.shape)
    once = grid.crop(Box(outer, grid.shape))
    inner = tuple(data.draw(st.integers(0, n - 1)) for n in once.shape)
    both = tuple(a + b for a, b in zip(outer, inner, strict=True))
    assert once.crop(Box(inner, once.shape)) == grid.crop(Box(both, grid.shape))


@given(
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 16), st.integers(1, 16)),
    st.floats(0, 0.75),
)
def test_tile_then_sew_is_the_identity(shape, size, overlap):
    data = np.random.default_rng(0).random((2, *shape))
    sewn = sew(shape, ((b, data[(slice(None), *b.slices)]) for b in tiles(shape, size, overlap)))
    assert np.allclose(sewn, data)


@st.composite
def cohorts(draw):
    """Up to 80 exams of up to 30 subjects, and each subject's stratum."""
    subjects = draw(st.lists(st.integers(0, 29), min_size=1, max_size=80))
    exams = tuple(Exam(str(i), str(s), (View({"image": f"{i}.png"}),)) for i, s in enumerate(subjects))
    strata = {str(s): draw(st.sampled_from("abc")) for s in sorted(set(subjects))}
    return Cohort("c", Path(), exams), strata


@given(cohorts(), st.integers(), st.booleans())
def test_no_subject_is_on_both_sides(drawn, seed, stratified):
    cohort, strata = drawn
    parts = cohort.split([6, 2, 2], seed, strata if stratified else None)
    sides = [set(p.subjects) for p in parts]
    assert sum(map(len, parts)) == len(cohort)
    assert all(a.isdisjoint(b) for i, a in enumerate(sides) for b in sides[i + 1 :])
    assert all(abs(len(side) - len(strata) * share) <= 1 for side, share in zip(sides, (0.6, 0.2, 0.2), strict=True))


@given(cohorts(), st.integers())
def test_every_part_of_a_split_holds_its_share_of_every_stratum(drawn, seed):
    cohort, strata = drawn
    sizes = Counter(strata.values())
    for part, share in zip(cohort.split([6, 2, 2], seed, strata), (0.6, 0.2, 0.2), strict=True):
        found = Counter(strata[s] for s in part.subjects)
        assert all(abs(found[name] - n * share) <= 2 for name, n in sizes.items())


@given(cohorts(), st.integers(2, 6), st.integers())
def test_folds_are_even_as_a_whole_and_in_every_stratum(drawn, k, seed):
    cohort, strata = drawn
    folds = cohort.folds(k, seed, strata)
    assert set(folds) == set(cohort.subjects)
    for group in [set(strata), *({s for s in strata if strata[s] == name} for name in set(strata.values()))]:
        sizes = Counter(folds[s] for s in group)
        assert max(sizes.values()) - min(sizes[i] for i in range(k)) <= 1


@given(cohorts(), st.integers(), st.randoms())
def test_a_split_does_not_depend_on_the_order_of_the_table(drawn, seed, random):
    cohort, strata = drawn
    shuffled = random.sample(cohort.exams, len(cohort))
    other = replace(cohort, exams=tuple(shuffled))
    assert [p.subjects for p in other.split([1, 1], seed, strata)] == [
        p.subjects for p in cohort.split([1, 1], seed, strata)
    ]
    assert other.folds(3, seed, strata) == cohort.folds(3, seed, strata)
    assert other.digest == cohort.digest


# Text as people type it, with what TOML must escape; no lone surrogates, which no file can hold.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.lists(texts, min_size=2, max_size=4, unique=True).map(tuple)
numbers = st.floats(-1e9, 1e9) | st.integers(-1000, 1000)
maybe = st.none() | numbers
outputs = (
    st.builds(Quantity, texts, maybe, maybe, st.none() | names, st.none() | st.integers(0, 4), maybe)
    | st.builds(Category, names, st.booleans())
    | st.builds(Partition, names, st.booleans(), st.booleans(), maybe)
    | st.builds(Picture, names, st.none() | texts)
)
tasks = st.builds(Task, texts, st.dictionaries(texts, outputs, min_size=1, max_size=3), names, names, st.booleans())
sizes = st.none() | st.tuples(st.integers(1, 999), st.integers(1, 999))
looks = st.builds(
    Look,
    channels=st.sampled_from([1, 3]),
    range=st.sampled_from(["dtype", "percentile", "fixed"]),
    low=maybe,
    high=maybe,
    erase=st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=2).map(tuple),
    spacing=st.none() | st.tuples(lengths, lengths),
    size=sizes,
)
trains = st.builds(Train, steps=st.integers(1, 10**9), rate=st.floats(1e-12, 1), patch=sizes, balance=st.booleans())
recipes = st.builds(
    Recipe,
    tasks,
    looks,
    st.builds(Net, texts, pretrained=st.booleans()),
    st.builds(Augment, flip=st.sampled_from([(), ("vertical",), ("horizontal", "vertical")]), rotate=numbers),
    trains,
    st.builds(Validate, mode=st.sampled_from(["cross_fit", "split", "none"])),
    st.builds(Trust, alpha=st.floats(0.001, 0.999)),
    st.builds(Statement, intended_use=st.none() | texts, licence=texts),
    st.builds(Decode, prior=texts, voxels=st.lists(st.integers(1, 99), max_size=2).map(tuple)),
    st.integers(0, 2**40),
)


@given(recipes)
def test_a_recipe_survives_being_written_and_read(recipe):
    for plain in (asdict(recipe), tomllib.loads(to_toml(recipe))):
        back = decode(Recipe, plain)
        assert back == recipe
        assert back.digest == recipe.digest


@given(recipes, texts, texts)
def test_heads_and_remarks_are_comments_only(recipe, head, remark):
    remarks = {f"train.{f.name}": remark for f in fields(Train)}
    assert tomllib.loads(to_toml(recipe, head, remarks)) == tomllib.loads(to_toml(recipe))
