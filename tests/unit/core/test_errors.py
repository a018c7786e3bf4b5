import re

import pytest

from vesale.core import errors
from vesale.core.errors import VesaleError
from vesale.core.report import Measure

KINDS = [
    e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, VesaleError) and e is not VesaleError
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.__name__)
def test_the_tree_in_the_docstring_is_the_tree_in_the_code(kind):
    row = re.search(rf"{kind.__name__} +(\w+) +(\d)", errors.__doc__)
    assert row is not None
    assert row.groups() == (kind.code, str(kind.exit_code))


def test_an_error_keeps_its_remedy():
    error = VesaleError("a.png: expected 3 channels, found 4", "save it without alpha")
    assert (str(error), error.remedy) == ("a.png: expected 3 channels, found 4", "save it without alpha")


def test_a_number_never_travels_without_its_interval_and_its_n():
    assert str(Measure("dice", 0.8123, 0.79, 0.834, n=40)) == "dice 0.812 [0.79, 0.834] n=40"
    assert str(Measure("auc", None, None, None, n=3, method="one class only")) == "auc unknown (one class only)"
