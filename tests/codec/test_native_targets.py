"""The C codec on other machines and under sanitizers: the records of the twin, at a forbidden page; a short fuzz."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from codec.documents import vectors
from codec.test_malformed import HEAD, MALFORMED

from minisyncml.codec import native, pure, text, wbxml
from minisyncml.errors import DecodeError, Error, LimitError
from minisyncml.limits import DEFAULT

NATIVE = Path(__file__).resolve().parent.parent.parent / "native"
SOURCES = [str(NATIVE / name) for name in ("wbxml_walk.c", "wbxml_records.c", "wbxml_runs.c", "wbxml_chars.c",
                                              "wbxml_xml.c")]
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror", "-g",
          f"-I{NATIVE}"]
SANITIZE = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]

TARGETS = {
    "gcc": (["gcc", "-O2"], []),
    "clang": (["clang", "-O2"], []),
    "gcc sanitizers": (["gcc", *SANITIZE], []),
    "clang sanitizers": (["clang", *SANITIZE], []),
    "armhf": (["arm-linux-gnueabihf-gcc", "-O2", "-static"], ["qemu-arm"]),
    "big-endian": (["s390x-linux-gnu-gcc", "-O2", "-static"], ["qemu-s390x"]),
}
CODES = {"cut short": -1, "unexpected token": -2, "too long or": -3, "string without": -4, "opaque data": -5,
         "beyond the string": -6, "no character": -7, "too deep": -8}


class Case(NamedTuple):
    ctx: wbxml.Context
    content: int

    def frame(self) -> bytes:
        devinf = int(self.ctx.version.replace(".", "")) if self.ctx.kind == "devinf" else 0
        return struct.pack(">5I", len(self.ctx.data), self.content, len(self.ctx.table), self.ctx.body,
                           devinf) + self.ctx.data

    def expected(self) -> "list[str]":
        lines = []
        try:
            for record in pure.records(self.ctx.data, self.content, len(self.ctx.table), 64, 1 << 20):
                lines.append(" ".join(map(str, record)))
        except LimitError as error:
            lines.append(f"error -8 {error.offset}")
        except DecodeError as error:
            code = next(code for words, code in CODES.items() if words in str(error))
            lines.append(f"error {code} {error.offset}")
        else:
            lines.append("end")
        return lines


def cases() -> "list[Case]":
    found = []
    for data in [*(vector.data for vector in vectors()),
                 *(bytes.fromhex(case[0]) for case in MALFORMED if case[0].startswith(HEAD + "6d"))]:
        ctx = wbxml.context(data)
        content = wbxml._root(ctx) if ctx.kind == "syncml" and ctx.charset in (0, 3, 106) else -1
        if content >= 0:
            found.append(Case(ctx, content))
    return found


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("tables") / "wbxml_tables.c"
    made = subprocess.run([sys.executable, str(NATIVE / "build_wbxml.py")], check=True, capture_output=True)
    path.write_bytes(made.stdout)
    return str(path)


def build(command: "list[str]", sources: "list[str]", out: Path) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    subprocess.run([*command, *STRICT, *sources, "-o", str(out)], check=True)
    return str(out)


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str, tables: str, tmp_path: Path) -> None:
    compiler, runner = TARGETS[name]
    if runner and shutil.which(runner[0]) is None:
        pytest.skip(f"{runner[0]} is not installed")
    program = build(compiler, [str(NATIVE / "test_wbxml.c"), *SOURCES, tables], tmp_path / "test_wbxml")
    documents = cases()
    assert len(documents) > 40
    out = subprocess.run([*runner, program], input=b"".join(case.frame() for case in documents), check=True,
                         capture_output=True).stdout
    printed = 0
    for case in documents:
        for line in case.expected():
            got, _, out = out.partition(b"\n")
            assert got.decode() == line, case.ctx.data.hex()
        got, _, out = out.partition(b"\n")
        length = int(got.split()[1])
        if length >= 0:
            space = f' xmlns="SYNCML:SYNCML{case.ctx.version}"'
            assert out[:length].decode() == text._Indented(DEFAULT).document(case.ctx).replace(space, "")
            out = out[length + 1:]
            printed += 1
    assert out == b"" and printed > 15


def test_fuzz(tables: str, tmp_path: Path) -> None:
    program = build(["clang", "-O1", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all"],
                    [str(NATIVE / "fuzz_wbxml.c"), *SOURCES, tables], tmp_path / "fuzz_wbxml")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, case in enumerate(cases()):
        (corpus / str(number)).write_bytes(b"\x08\x02" + case.ctx.data[case.content:])
    subprocess.run([program, "-runs=20000", "-seed=1", "-max_len=2048", "-timeout=5", str(corpus)], check=True,
                   capture_output=True, cwd=tmp_path)


@pytest.mark.skipif(native.lib is None, reason="no C codec")
def test_error_words() -> None:
    """Every malformed document has the words of the twin."""
    for case in cases():
        outcomes = []
        for make in (native.records, pure.records):
            try:
                outcomes.append(list(make(case.ctx.data, case.content, len(case.ctx.table), 64, 1 << 20)))
            except Error as error:
                outcomes.append([type(error), str(error)])
        assert outcomes[0] == outcomes[1]
