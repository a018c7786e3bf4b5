"""The tables of maps: what was checked stands apart from what was only compared with masks, each with its n."""

import numpy as np
import pytest

from benchmarks.explain import _localised, tables


def row(name, subject, **found):
    names = ("passed", "deletion", "insertion", "randomised_weights", "pointing", "auprc", "prevalence")
    plain = dict.fromkeys(names, "")
    return {"run": "r", "fill": "blurred", "exam": f"{subject}-1", "subject": subject, "map": name, **plain, **found}


def rows():
    checked = {"passed": "1", "deletion": "0.2", "insertion": "0.1", "randomised_weights": "0.3"}
    places = {"pointing": "1", "auprc": "0.5", "prevalence": "0.1"}
    made = [row("occlusion", f"s{i}", **checked, **places) for i in range(6)]
    made += [row("occlusion", f"t{i}", **places | {"pointing": "0"}) for i in range(6)]
    return made + [row("noise", f"s{i}", passed="0", deletion="-0.1", insertion="0.0", **places) for i in range(6)]


def test_tables_count_what_was_measured():
    checks, blind, found = tables(rows())
    assert checks.rows[0][2:4] == ("occlusion", "1.00 [0.54, 1.00]")
    assert checks.rows[0][-1] == 6
    assert [r[2] for r in blind.rows] == ["noise"]
    assert blind.rows[0][3].startswith("0.00 [0.00,")
    by_name = {r[2]: r for r in found.rows}
    assert by_name["occlusion"][-2:] == (12, 12)
    assert by_name["occlusion"][3].startswith("0.50 [")
    for table in (checks, blind, found):
        assert all(len(r) == len(table.columns) for r in table.rows)


def test_without_masks_there_is_no_table_of_places():
    plain = [r | {"auprc": "", "pointing": "", "prevalence": ""} for r in rows()]
    assert len(tables(plain)) == 2


def test_a_perfect_map_is_perfect_and_a_flat_one_is_chance():
    mask = np.zeros((20, 20), bool)
    mask[3:7, 4:9] = True
    perfect = _localised(mask.astype(np.float32), mask)
    assert (perfect["pointing"], perfect["auprc"]) == (1, 1.0)
    flat = _localised(np.ones((20, 20), np.float32), mask)
    assert flat["auprc"] == pytest.approx(mask.mean())
    assert _localised(-mask.astype(np.float32), mask)["pointing"] == 0
