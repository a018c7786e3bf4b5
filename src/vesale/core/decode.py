"""Plain data to typed records and back: TOML in, checked once, at the border; commented TOML out."""

import difflib
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from .errors import RecipeError

T = TypeVar("T")


def read_toml(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """The tree of a TOML file after `a.b=value` overrides; a missing file and bad TOML are RecipeErrors."""
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        near = difflib.get_close_matches(path.name, [p.name for p in _neighbours(path)], n=1)
        hint = f"did you mean {path.parent / near[0]}?" if near else "check the path"
        raise RecipeError(f"{path}: no such recipe file", hint) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read as text ({error})", "a recipe is a TOML file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: not valid TOML: {error}", "strings need quotes; lists look like [1, 2]") from None
    for override in overrides:
        _set(tree, override)
    return tree


def decode(kind: type[T], value: Any, where: str = "") -> T:
    """Turn plain data into a typed value, or say exactly where it does not fit."""
    return _decode(kind, value, where)  # type: ignore[no-any-return]


def _neighbours(path: Path) -> list[Path]:
    return list(path.parent.glob("*.toml")) if path.parent.is_dir() else []


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin, args = get_origin(kind), get_args(kind)
    if kind is Any:
        return value
    if origin is Literal:
        # True == 1 == 1.0, but they are not one setting.
        good = any(type(value) is type(a) and value == a for a in args)
        return value if good else _fail(where, f"one of {', '.join(map(str, args))}", value)
    if origin in (Union, types.UnionType):
        return _decode_union(args, value, where)
    if origin is tuple:
        return _decode_tuple(args, value, where)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            return _fail(where, "a table", value)
        return {str(k): _decode(args[1], v, _join(where, str(k))) for k, v in value.items()}
    if is_dataclass(kind):
        return _decode_record(kind, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    good = isinstance(value, kind) and not (kind in (int, float) and isinstance(value, bool))
    return value if good else _fail(where, kind.__name__, value)


def _decode_tuple(args: tuple[Any, ...], value: Any, where: str) -> Any:
    if not isinstance(value, (list, tuple)):
        return _fail(where, "a list", value)
    kinds = [args[0]] * len(value) if len(args) == 2 and args[1] is Ellipsis else list(args)
    if len(kinds) != len(value):
        return _fail(where, f"a list of {len(kinds)}", value)
    return tuple(_decode(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))


def _decode_union(args: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in args:
        return None
    options = [a for a in args if a is not type(None)]
    if len(options) == 1:
        return _decode(options[0], value, where)
    if not all(is_dataclass(a) for a in options):
        for option in options:
            try:
                return _decode(option, value, where)
            except RecipeError:
                continue
        return _fail(where, " or ".join(getattr(a, "__name__", str(a)) for a in options), value)
    tags = {get_args(get_type_hints(a)["kind"])[0]: a for a in options}
    tag = value.get("kind") if isinstance(value, Mapping) else None
    return _decode(tags[tag], value, where) if tag in tags else _fail(f"{where}.kind", f"one of {', '.join(tags)}", tag)


def _decode_record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        return _fail(where, f"a table of {kind.__name__}", value)
    hints, known = get_type_hints(kind), {f.name: f for f in fields(kind)}
    for name in value:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(known)}"
            raise RecipeError(f"{_join(where, name)}: no such setting{hint}")
    for name, f in known.items():
        if name not in value and f.default is MISSING and f.default_factory is MISSING:
            raise RecipeError(f"{_join(where, name)}: missing")
    return kind(**{n: _decode(hints[n], v, _join(where, n)) for n, v in value.items()})


def _set(tree: dict[str, Any], override: str) -> None:
    path, sign, text = override.partition("=")
    if not sign:
        raise RecipeError(f"{override!r}: an override looks like train.steps=2000")
    *parents, leaf = path.split(".")
    for name in parents:
        tree = tree.setdefault(name, {})
        if not isinstance(tree, dict):
            raise RecipeError(f"{path}: {name} is a value, not a table")
    try:
        tree[leaf] = tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        tree[leaf] = text


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _fail(where: str, wanted: str, got: Any) -> Any:
    raise RecipeError(f"{where}: expected {wanted}, got {got!r}")
