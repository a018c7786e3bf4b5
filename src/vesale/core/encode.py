"""A record as commented TOML that a person can read and edit, and that `core/decode.py` reads back unchanged."""

import ast
import inspect
import json
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any


def to_toml(record: Any, head: str = "", remarks: Mapping[str, str] | None = None) -> str:
    """TOML of a dataclass: each field under its help; None is left out; `remarks` (a.b -> why) go beside the help."""
    lines = [f"# {_printable(line)}".rstrip() for line in head.splitlines()]
    lines += _table(record, "", dict(remarks or {}))
    return "\n".join(lines).strip() + "\n"


def _table(record: Any, where: str, remarks: Mapping[str, str]) -> list[str]:
    plain, tables, helps = [], [], _helps(record.__class__)
    for f in fields(record):
        value = getattr(record, f.name)
        path = f"{where}.{f.name}" if where else f.name
        if is_dataclass(value):
            tables += [
                "",
                f"[{path}]",
                *_comment(_summary(type(value))),
                *_remark(path, remarks),
                *_table(value, path, remarks),
            ]
        elif isinstance(value, Mapping):
            tables += ["", f"[{path}]", *_comment(helps.get(f.name, "")), *_remark(path, remarks)]
            tables += [f"{_key(k)} = {_value(v)}" for k, v in value.items()]
        else:
            plain += _comment(helps.get(f.name, ""))
            plain += _remark(path, remarks)
            plain += [f"# {f.name} = (not set)" if value is None else f"{f.name} = {_value(value)}"]
    return plain + tables


def _value(value: Any) -> str:
    if is_dataclass(value):
        items = {f.name: getattr(value, f.name) for f in fields(value)}
        inside = ", ".join(f"{_key(k)} = {_value(v)}" for k, v in items.items() if v is not None)
        return "{ " + inside + " }"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items() if v is not None) + " }"
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    return repr(float(value) if isinstance(value, float) else value)  # NumPy's floats are floats, with another repr


def _key(name: str) -> str:
    bare = name and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    return name if bare else _quoted(name)


def _quoted(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but TOML also wants DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str, mark: str = "# ") -> list[str]:
    return textwrap.wrap(" ".join(_printable(text).split()), 110, initial_indent=mark, subsequent_indent=mark)


def _printable(text: str) -> str:
    """Without control characters, which TOML allows nowhere, not even in a comment."""
    return "".join(c if c.isprintable() else " " for c in text)


def _remark(path: str, remarks: Mapping[str, str]) -> list[str]:
    return _comment(remarks.get(path, ""), mark="#: ")


def _summary(kind: type) -> str:
    doc = kind.__doc__ or ""
    return "" if doc.startswith(f"{kind.__name__}(") else doc


@cache
def _helps(kind: type) -> dict[str, str]:
    """The strings under a dataclass's fields, read from its source."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    helps: dict[str, str] = {}
    name = None
    for node in body.body if isinstance(body, ast.ClassDef) else []:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            helps[name], name = str(node.value.value), None
        else:
            name = None
    return helps
