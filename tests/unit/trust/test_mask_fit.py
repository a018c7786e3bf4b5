"""Masks that were exchanged, moved, mirrored, inverted or emptied are told; those in place are not."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms_shortcuts as made
from vesale.trust.mask_fit import Pair, misfits


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    rng = np.random.default_rng(0)
    return [Pair(*made.blobs(rng), scale=2.0) for _ in range(24)]


NAMES = [f"s{i}" for i in range(24)]


def told(pairs: list[Pair]) -> dict[int, str]:
    return {m.index: m.kind for m in misfits(pairs, NAMES)[0]}


def test_masks_in_place_are_left_alone(pairs: list[Pair]) -> None:
    found, agreement = misfits(pairs, NAMES)
    assert found == []
    assert agreement > 0.5


def test_two_that_were_exchanged(pairs: list[Pair]) -> None:
    changed = list(pairs)
    changed[3], changed[9] = replace(pairs[3], mask=pairs[9].mask), replace(pairs[9], mask=pairs[3].mask)
    found = misfits(changed, NAMES)[0]
    assert {(m.index, m.kind, m.other) for m in found} == {(3, "swapped", 9), (9, "swapped", 3)}


def test_one_that_was_moved_is_told_by_how_much(pairs: list[Pair]) -> None:
    changed = list(pairs)
    changed[5] = replace(pairs[5], mask=np.roll(pairs[5].mask, (4, -3), axis=(0, 1)))
    (found,) = misfits(changed, NAMES)[0]
    assert (found.index, found.kind) == (5, "shifted")
    assert found.shift == pytest.approx((8, -6), abs=1.5)  # in samples of the image, twice as fine


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda m: np.ascontiguousarray(m[:, ::-1]), "mirrored"),
        (lambda m: 1 - m, "inverted"),
        (lambda m: m * 0, "empty"),
        (lambda m: m * 0 + 1, "full"),
    ],
)
def test_one_that_was_spoilt(pairs: list[Pair], change: object, kind: str) -> None:
    changed = list(pairs)
    changed[7] = replace(pairs[7], mask=change(pairs[7].mask))  # type: ignore[operator]
    assert told(changed) == {7: kind}


def test_masks_of_nothing_that_shows_are_not_judged() -> None:
    rng = np.random.default_rng(1)
    blind = [Pair(np.moveaxis(made.clouds(rng), -1, 0), made.blobs(rng)[1], 1.0) for _ in range(12)]
    found, agreement = misfits(blind, NAMES[:12])
    assert found == []
    assert agreement < 0.25
