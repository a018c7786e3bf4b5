"""A name gives what it names, a wrong one its near miss, and many threads may ask for the first time at once."""

import subprocess
import sys

import pytest

from vesale.core.errors import NotRegistered
from vesale.core.registry import Registry

FIRST = """
from concurrent.futures import ThreadPoolExecutor
from vesale.io import READERS
with ThreadPoolExecutor(8) as pool:
    found = list(pool.map(lambda _: READERS["dicom"], range(8)))
print(len(set(found)))
"""


def test_a_name_gives_what_it_names():
    registry: Registry[object] = Registry("thing", {"join": "os.path:join"})
    import os

    assert registry["join"] is os.path.join
    assert list(registry) == ["join"]
    with pytest.raises(NotRegistered, match="no thing called 'joint'; did you mean join"):
        registry["joint"]


def test_many_threads_may_open_the_first_file_at_once():
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", FIRST], capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "1", done.stderr
