"""`minisyncml wbxml decode|encode`: the wire made readable, and back."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from minisyncml.codec.text import wbxml_to_xml, xml_to_wbxml
from minisyncml.errors import UsageError
from minisyncml.limits import DEFAULT

if TYPE_CHECKING:
    import argparse

VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def _add(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    parser = verbs.add_parser("wbxml", help="show a WBXML document as XML, or make one of XML")
    parser.add_argument("direction", choices=("decode", "encode"),
                        help="decode: WBXML to XML; encode: XML to WBXML")
    parser.add_argument("file", nargs="?", default="-", metavar="FILE", help="the document; - is standard input")
    parser.add_argument("--wbxml-version", choices=VERSIONS, default="1.2",
                        help="of the document that encode writes (default: %(default)s)")
    parser.add_argument("--output", "-o", metavar="FILE", default="-", help="where to write; - is standard output")
    parser.set_defaults(run=run)
    return parser


VERBS = {"wbxml": _add}


def run(args: "argparse.Namespace") -> int:
    """Convert one document.

    :param args: direction, file, output
    :returns: 0
    :raises DecodeError: when the document is none
    :raises UsageError: when a file cannot be read or written
    """
    data = _read(args.file)
    if args.direction == "decode":
        result = wbxml_to_xml(data).encode()
    else:
        result = xml_to_wbxml(data, VERSIONS.index(args.wbxml_version))
    if args.output == "-":
        sys.stdout.buffer.write(result)
    else:
        _write(args.output, result)
    return 0


def _read(path: str) -> bytes:
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as file:
            return file.read(DEFAULT.max_message + 1)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from None


def _write(path: str, data: bytes) -> None:
    try:
        with open(path, "wb") as file:
            file.write(data)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
