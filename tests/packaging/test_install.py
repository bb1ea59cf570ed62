"""From the source tree to a wheel to an environment, with a compiler and without one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from helpers import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.skipif(
    subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0
    or shutil.which("cc") is None, reason="needs pip and a C compiler")]


def run(*command: object, cwd: Path, **environ: str) -> str:
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MINISYNCML_PURE")}
    env.update(environ)
    done = subprocess.run([str(word) for word in command], cwd=cwd, env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=500)
    text = done.stdout.decode("utf-8", "replace")
    assert done.returncode == 0, text
    return text


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with what builds, so that each build need not fetch it again."""
    folder = tmp_path_factory.mktemp("tools")
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "setuptools>=77", "wheel", "cffi>=1.15", cwd=folder)
    return python


@pytest.fixture(scope="module")
def sdist(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of what git knows, built outside the tree, and unpacked."""
    folder = tmp_path_factory.mktemp("sdist")
    tree = folder / "tree"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if names.returncode != 0:
        pytest.skip("not a git clone")
    for name in filter(None, names.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    run(tools, "setup.py", "-q", "sdist", "-d", folder, cwd=tree)
    archive, = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        if sys.version_info >= (3, 12):
            tar.extractall(folder / "unpacked", filter="data")
        else:
            tar.extractall(folder / "unpacked")
    unpacked, = (folder / "unpacked").iterdir()
    return unpacked


def build_and_install(tools: Path, source: Path, folder: Path, **environ: str) -> "tuple[Path, Path]":
    """The wheel, and a Python that has it."""
    run(tools, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source, cwd=folder,
        **environ)
    wheel, = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", wheel, cwd=folder)
    return wheel, python


def test_sdist_to_wheel_to_environment(tools: Path, sdist: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(sdist, source)
    wheel, python = build_and_install(tools, source, tmp_path)
    assert "-cp39-abi3-" in wheel.name
    names = zipfile.ZipFile(wheel).namelist()
    assert any(name.startswith("minisyncml/codec/_wbxml.abi3") for name in names)
    assert "minisyncml/py.typed" in names
    assert not [name for name in names if name.startswith(("tests/", "native/", "benchmarks/"))]
    command = python.parent / "minisyncml"
    assert run(command, "--version", cwd=tmp_path).splitlines()[1:] == ["codec: C"]
    assert run(command, "--version", cwd=tmp_path, MINISYNCML_PURE="1").splitlines()[1:] == ["codec: Python"]
    assert run(python, "-m", "minisyncml", "--version", cwd=tmp_path).startswith("minisyncml 0.")
    run(command, "demo", cwd=tmp_path)


def test_without_a_compiler(tools: Path, sdist: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(sdist, source)
    _, python = build_and_install(tools, source, tmp_path, CC="false", CXX="false")
    command = python.parent / "minisyncml"
    assert run(command, "--version", cwd=tmp_path).splitlines()[1:] == ["codec: Python"]
    run(command, "demo", cwd=tmp_path)


def test_the_sdist_has_what_it_needs(sdist: Path) -> None:
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "native/build_wbxml.py", "native/wbxml.h", "native/wbxml.cdef",
                 "minisyncml/py.typed", "tests/helpers.py"):
        assert (sdist / name).is_file(), name
    assert not list(sdist.rglob("*.so")) and not list(sdist.rglob("__pycache__"))
