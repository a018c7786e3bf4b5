"""The shape of the code base, kept by tests so that nobody has to remember it."""

import ast
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vesale.core.recipe import load

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "vesale"
FILES = sorted(SOURCE.rglob("*.py"))
TREES = {f: ast.parse(f.read_text(encoding="utf-8")) for f in FILES}
NODES = {f: list(ast.walk(tree)) for f, tree in TREES.items()}
HELP_SECONDS = 0.3
"""What `vesale --help` may take on a quiet machine; on a shared one the test allows twice that."""


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for file, nodes in NODES.items():
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{file.relative_to(ROOT)}:{node.lineno} {node.name}", node


def screen_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def code_lines(text: str) -> int:
    return sum(1 for line in text.splitlines() if line.strip() and not line.strip().startswith("#"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_code_is_found():
    assert len(FILES) > 20
    assert sum(1 for _ in functions()) > 50


def test_a_file_fits_in_the_head():
    assert {str(f): n for f in FILES if (n := code_lines(f.read_text(encoding="utf-8"))) > 400} == {}


def test_a_function_fits_on_a_screen():
    assert {where: n for where, node in functions() if (n := screen_lines(node)) > 40} == {}


def test_a_file_says_what_it_is_for():
    assert [str(f) for f, tree in TREES.items() if tree.body and not ast.get_docstring(tree)] == []


def test_types_are_declared_not_guessed():
    asked = [
        f"{file.relative_to(ROOT)}:{n.lineno}"
        for file, nodes in NODES.items()
        for n in nodes
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "hasattr"
    ]
    assert asked == []


def test_no_error_is_swallowed_unnamed():
    bare = [
        f"{file.relative_to(ROOT)}:{n.lineno}"
        for file, nodes in NODES.items()
        for n in nodes
        if isinstance(n, ast.ExceptHandler) and n.type is None
    ]
    assert bare == []


def test_there_are_no_drawers():
    names = {p.stem for p in SOURCE.rglob("*")}
    assert names.isdisjoint({"utils", "util", "helpers", "common", "misc", "internal"})


def test_imports_go_down_only():
    linter = run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")
    assert linter.returncode == 0, linter.stdout + linter.stderr


def test_importing_brings_no_heavy_library():
    probe = (
        "import sys, pkgutil, importlib, vesale, vesale.core as c, vesale.cli.__main__\n"
        "[importlib.import_module('vesale.core.' + m.name) for m in pkgutil.iter_modules(c.__path__)]\n"
        "heavy = {'torch', 'onnxruntime', 'scipy', 'skimage', 'matplotlib', 'pydicom', 'nibabel', 'highdicom', 'PIL'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    found = run(sys.executable, "-c", probe)
    assert found.stdout.strip() == "[]", found.stdout + found.stderr


def test_help_answers_at_once(record_property):
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        answer = run(sys.executable, "-m", "vesale.cli", "--help")
        seconds.append(time.perf_counter() - start)
        assert answer.returncode == 0, answer.stderr
        assert "study" in answer.stdout
    median = statistics.median(seconds)
    record_property("figure", f"vesale --help: {median:.2f} s, median of 5 (target {HELP_SECONDS} s)")
    assert median < 2 * HELP_SECONDS


RECIPES = sorted((ROOT / "recipes").glob("*.toml"))


@pytest.mark.skipif(not RECIPES, reason="no recipe is published yet")
def test_every_published_recipe_is_sound():
    digests = {path.name: load(path).digest for path in RECIPES}
    assert len(set(digests.values())) == len(RECIPES), "two recipes are the same"


def test_only_the_named_environment_variables_are_read():
    allowed = {"VESALE_HOME", "VESALE_DATA"}
    named = {
        n.value
        for nodes in NODES.values()
        for n in nodes
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and n.value.startswith("VESALE_")
    }
    assert named <= allowed
