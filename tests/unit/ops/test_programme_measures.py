"""What a programme measures on outlines, on made photographs whose disc, fovea and exudates lie where they were put."""

import numpy as np
import pytest

import phantoms_programme as made
from vesale.core.errors import NotRegistered
from vesale.ops.fundus_measures import disc_margin, fundus
from vesale.ops.measurements import MEASUREMENTS, Given, lit_of, regions


def given(eye, side=None, exudates=()):
    picture = made.photograph(eye, np.random.default_rng(0)).transpose(2, 0, 1)
    y, x = np.mgrid[: made.SHAPE[0], : made.SHAPE[1]]
    row, column = made.disc_at(eye)
    marked = np.zeros(made.SHAPE, bool)
    for at in exudates:
        marked |= np.hypot(y - at[0], x - at[1]) <= 2
    disc = np.hypot(y - row, x - column) <= made.DISC
    return Given(picture, {"disc": disc, "exudates": marked}, side)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_side_is_told_from_the_disc(side):
    found = fundus(given(made.Eye(side)))
    assert found.facts["side"] == side
    assert [n.key for n in found.notes] == ["programme.note.side_told"]
    row, column = found.points["fovea"]
    planted = made.fovea_at(made.Eye(side))
    assert np.hypot(row - planted[0], column - planted[1]) < 0.5 * 2 * made.DISC


def test_the_table_is_believed_and_a_contradiction_told():
    found = fundus(given(made.Eye("right"), "left"))
    assert found.facts["side"] == "left"
    assert [(n.key, n.values["seen"]) for n in found.notes] == [("programme.note.other_side", "right")]


def test_a_centred_disc_tells_no_side_and_no_distance():
    eye = made.Eye("right", centred=True)
    found = fundus(given(eye, exudates=[(60.0, 110.0)]))
    assert "side" not in found.facts
    assert found.numbers["edema_measured"] is None
    assert [n.key for n in found.notes] == ["programme.note.centred"]


@pytest.mark.parametrize(("away", "edema"), [(0.4, 2.0), (1.8, 1.0)])
def test_the_nearest_exudate_decides_the_risk(away, edema):
    eye = made.Eye("left")
    row, column = fundus(given(eye)).points["fovea"]
    far = (row + 3.5 * 2 * made.DISC, column)
    found = fundus(given(eye, exudates=[(row - away * 2 * made.DISC, column), far]))
    assert found.numbers["edema_measured"] == edema
    assert found.numbers["exudate_distance"] == pytest.approx(away, abs=0.2)


def test_no_exudate_is_no_risk_and_an_unknown_one_is_unknown():
    assert fundus(given(made.Eye())).numbers["edema_measured"] == 0.0
    bare = given(made.Eye())
    without = Given(bare.picture, {"disc": bare.masks["disc"]})
    assert fundus(without).numbers["edema_measured"] is None
    blind = Given(bare.picture, {"disc": np.zeros(made.SHAPE, bool), "exudates": bare.masks["exudates"]})
    assert fundus(blind).numbers == {"disc_diameter": None, "exudate_distance": None, "edema_measured": 0.0}


def test_a_blurred_margin_is_wider():
    widths = [disc_margin(given(made.Eye(blur=blur))).numbers["margin_width"] for blur in (0.0, 4.0, 8.0)]
    assert all(w is not None for w in widths)
    assert widths == sorted(widths)
    assert widths[2] > 1.5 * widths[0]


def test_regions_are_counted_with_their_share_of_what_is_lit():
    picture = np.full((3, 40, 50), 200, np.uint8)
    picture[:, :, :10] = 0  # a dark frame
    mask = np.zeros((40, 50), bool)
    mask[5:7, 20:22] = mask[20, 30] = mask[21, 31] = True  # the last two touch at a corner
    found = regions(Given(picture, {"spots": mask})).numbers
    assert found == {"spots.count": 2.0, "spots.samples": 6.0, "spots.permille": pytest.approx(1000 * 6 / (40 * 40))}
    assert lit_of(picture).sum() == 40 * 40


def test_a_measurement_that_there_is_not_is_told():
    with pytest.raises(NotRegistered, match="regions"):
        MEASUREMENTS["region"]
