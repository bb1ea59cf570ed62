"""Docstrings of everything public, in field lists; and that importing stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Iterator

import pytest
from helpers import ROOT

MODULES = sorted(path for path in (ROOT / "minisyncml").rglob("*.py"))
FORBIDDEN = ("lxml", "serial", "http", "ssl", "tinydb", "waitress", "asyncio", "logging", "hashlib", "dataclasses",
             "json", "argparse", "email", "urllib.request", "sqlite3", "subprocess", "socket", "threading")


def public(tree: ast.Module) -> "Iterator[tuple[str, ast.AST]]":
    """Public classes and functions of a module, and public methods of its public classes."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            yield node.name, node
            if isinstance(node, ast.ClassDef):
                for method in node.body:
                    if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                        yield f"{node.name}.{method.name}", method


def parameters(function: ast.FunctionDef) -> "list[str]":
    args = function.args
    names = [arg.arg for arg in (*args.posonlyargs, *args.args, *args.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls") and not name.startswith("_")]


def starred(function: ast.FunctionDef) -> "list[str]":
    return [arg.arg for arg in (function.args.vararg, function.args.kwarg) if arg is not None]


def returns_something(function: ast.FunctionDef) -> bool:
    returned = function.returns
    is_property = any(isinstance(mark, ast.Name) and mark.id == "property" for mark in function.decorator_list)
    is_none = returned is None or isinstance(returned, ast.Constant) and returned.value is None
    return not is_none and not is_property


def overrides(path: Path, name: str, tree: ast.Module) -> bool:
    """Whether a method stands in a class with a base: what it promises is written at the base."""
    owner = name.partition(".")[0] if "." in name else ""
    return any(isinstance(node, ast.ClassDef) and node.name == owner
               and any(getattr(base, "id", getattr(base, "attr", "")) not in ("NamedTuple", "object", "Exception")
                       for base in node.bases) for node in tree.body)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_docstrings(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree), "a module begins by saying what belongs there"
    missing = []
    for name, node in public(tree):
        text = ast.get_docstring(node)  # type: ignore[arg-type]
        if text is None:
            if not (isinstance(node, ast.FunctionDef) and (overrides(path, name, tree) or small_property(node))):
                missing.append(f"{name}: no docstring")
        elif isinstance(node, ast.FunctionDef) and not refers(text) and not (
                overrides(path, name, tree) and ":param" not in text and ":returns:" not in text):
            absent = [f":param {arg}:" for arg in parameters(node) if f":param {arg}:" not in text]
            if returns_something(node) and ":returns:" not in text:
                absent.append(":returns:")
            missing += [f"{name}: {field}" for field in absent]
            wrong = [line for line in text.splitlines() if line.strip().startswith(":param ")
                     and line.strip().split(":")[1][6:] not in [*parameters(node), *starred(node)]]
            missing += [f"{name}: {line.strip()} is no parameter" for line in wrong]
    assert not missing, "\n".join(missing)


def refers(text: str) -> bool:
    """A docstring of one line that says where the rest is written."""
    return "\n" not in text and text.startswith(("As :", "See :")) and ":`" in text


def small_property(node: ast.FunctionDef) -> bool:
    """A property of one line says what it is by its name."""
    return len(node.body) == 1 and any(isinstance(mark, ast.Name) and mark.id == "property"
                                       for mark in node.decorator_list)


def loaded_after(code: str) -> "set[str]":
    """The modules that a fresh interpreter has loaded after some code."""
    program = f"import sys\n{code}\nprint(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("code", [
    "import minisyncml",
    "import minisyncml; minisyncml.Server({'notes': minisyncml.MemoryStore()}).wsgi_app",
    "import minisyncml; minisyncml.Client('http://127.0.0.1/', {'notes': minisyncml.MemoryStore()})",
])
def test_importing_is_light(code: str) -> None:
    assert sorted(loaded_after(code) & set(FORBIDDEN)) == []


def test_importing_compiles_no_annotation() -> None:
    """The first compile() makes the types of all of Python's AST; a named tuple calls it for annotations in quotes."""
    assert "minisyncml.gateway.exchange" in loaded_after(
        "import typing; typing.ForwardRef.__init__ = None; import minisyncml")


def test_public_names() -> None:
    import minisyncml
    assert sorted(minisyncml.__all__) == sorted(set(minisyncml.__all__))
    for name in minisyncml.__all__:
        assert getattr(minisyncml, name).__doc__ or isinstance(getattr(minisyncml, name), (str, tuple)), name
