"""A name gives what it names, a wrong one its near miss."""

import os

import pytest

from vesale.core.errors import NotRegistered
from vesale.core.registry import Registry


def test_a_name_gives_what_it_names():
    registry: Registry[object] = Registry("thing", {"join": "os.path:join"})
    assert registry["join"] is os.path.join
    assert list(registry) == ["join"]
    with pytest.raises(NotRegistered, match="no thing called 'joint'; did you mean join"):
        registry["joint"]
