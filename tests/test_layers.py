"""Who imports whom: a module imports only from rooms with a smaller number, or from its own room without a cycle."""

from __future__ import annotations

import ast
import functools
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "minisyncml"
ROOMS = {
    "status": 0, "limits": 0, "digest": 0, "version": 0,
    "errors": 1,
    "codec": 2, "content": 2, "profile": 2, "obex": 2, "store": 2,
    "message": 3, "transport": 3,
    "engine": 4, "notify": 4,
    "sync": 5,
    "gateway": 6,
    "cli": 7,
}
MODULES = sorted(path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").replace(".__init__", "")
                 for path in PACKAGE.rglob("*.py"))
# heavy at import (4 to 10 MiB) or third party: these are imported in the function that needs them
HEAVY = {"lxml", "serial", "tinydb", "waitress", "tomli", "tomllib", "http", "ssl", "urllib", "json", "logging",
         "hashlib", "dataclasses", "asyncio", "threading", "argparse", "enum", "email", "socket", "sqlite3",
         "subprocess", "tempfile", "importlib", "cffi", "wsgiref"}
# argparse belongs to cli/main, which only a command imports; __main__ is that command
AT_TOP = {"minisyncml.cli.main": {"argparse"}}


def source(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def is_module(name: str) -> bool:
    return source(name).is_file()


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def imported(node: ast.AST, module: str) -> "set[str]":
    """The full names of the modules that one import statement names."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{module} line {node.lineno}: relative import"
        base = node.module or ""
        return {f"{base}.{alias.name}" if is_module(f"{base}.{alias.name}") else base for alias in node.names}
    return set()


@functools.lru_cache(maxsize=None)
def imports(module: str, inside_functions: bool) -> "list[tuple[str, int]]":
    tree = ast.parse(source(module).read_text("utf-8"))
    inner = {id(node) for function in ast.walk(tree) if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
             for node in ast.walk(function)}
    typing_only = {id(node) for block in ast.walk(tree) if isinstance(block, ast.If)
                   and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
                   for node in ast.walk(block)}
    return [(name, getattr(node, "lineno", 0)) for node in ast.walk(tree)
            if id(node) not in typing_only and (id(node) in inner) == inside_functions
            for name in imported(node, module)]


@pytest.mark.parametrize("module", MODULES)
def test_room_order(module: str) -> None:
    if module in ("minisyncml", "minisyncml.__main__"):
        return
    mine = ROOMS[room(module)]
    for name, line in imports(module, inside_functions=False):
        if name.split(".")[0] != "minisyncml":
            continue
        assert name != "minisyncml", f"{module}:{line} imports from the package root"
        theirs = room(name)
        allowed = theirs == room(module) or ROOMS[theirs] < mine
        assert allowed, f"{module}:{line} imports {name}: room {ROOMS[theirs]} is not below {mine}"


@pytest.mark.parametrize("module", MODULES)
def test_ours_are_never_imported_inside_functions(module: str) -> None:
    for name, line in imports(module, inside_functions=True):
        # the C extension may be missing; its one importer may look for it late
        assert name.split(".")[0] != "minisyncml" or name == "minisyncml.codec._wbxml", f"{module}:{line}: {name}"


@pytest.mark.parametrize("module", MODULES)
def test_heavy_and_foreign_modules_only_inside_functions(module: str) -> None:
    fallback = {"minisyncml.digest"}  # hashlib only where the interpreter lacks the built-in modules
    for name, line in imports(module, inside_functions=False):
        top = name.split(".")[0]
        if top in HEAVY and top not in AT_TOP.get(module, set()) and module not in fallback:
            raise AssertionError(f"{module}:{line} imports {name} at the top: do it in the function that needs it")
        if hasattr(sys, "stdlib_module_names"):
            known = top in sys.stdlib_module_names or top == "minisyncml" or top == "_cffi_backend"
            assert known or top in HEAVY, f"{module}:{line}: {name} is no core dependency"


def test_no_cycles() -> None:
    graph = {module: {name for name, _ in imports(module, inside_functions=False)
                      if name.startswith("minisyncml.") and is_module(name)} for module in MODULES}
    done: "set[str]" = set()

    def visit(module: str, path: "tuple[str, ...]") -> None:
        assert module not in path, " -> ".join(path[path.index(module):] + (module,))
        if module in done:
            return
        for name in graph.get(module, ()):
            visit(name, path + (module,))
        done.add(module)

    for module in MODULES:
        visit(module, ())
