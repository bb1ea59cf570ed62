"""Describes the C codec to cffi; `python setup.py build_ext --inplace` builds it, running this file prints the tables.

The token tables are generated from minisyncml/codec/tokens.py, which alone holds them. All paths are relative to the
root of the source tree, so that a source distribution builds anywhere.
"""

import os
import runpy

import cffi

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = ["native/wbxml_walk.c", "native/wbxml_records.c", "native/wbxml_runs.c", "native/wbxml_chars.c",
           "native/wbxml_xml.c"]
DEPENDS = ["native/wbxml.h", "native/wbxml.cdef", "native/wbxml_walk.h", "native/wbxml_chars.h",
           "native/build_wbxml.py", "minisyncml/codec/tokens.py"]


def declarations():
    """The declarations without their comments, which cffi takes for code in a #define."""
    with open(os.path.join(HERE, "wbxml.cdef"), encoding="ascii") as file:
        text = file.read()
    while "/*" in text:
        before, _, rest = text.partition("/*")
        text = before + rest.partition("*/")[2]
    return text


def tables():
    """The token tables as C source: names and their lengths, of SyncML, MetInf and DevInf."""
    tokens = runpy.run_path(os.path.join(HERE, os.pardir, "minisyncml", "codec", "tokens.py"))
    pages = [tokens[name] for name in ("SYNCML", "METINF", "DEVINF")]

    def table(declaration, value):
        rows = ("".join(f"[0x{token:02X}] = {value(tag)}, " for tag, token in page.items()) for page in pages)
        return f"extern {declaration};\n{declaration} = {{{', '.join(f'{{{row}}}' for row in rows)}}};\n"

    return (table("const char wbxml_names[3][64][24]", lambda tag: f'"{tag}"')
            + table("const unsigned char wbxml_lengths[3][64]", len))


ffi = cffi.FFI()
ffi.cdef(declarations())
ffi.set_source("minisyncml.codec._wbxml", '#include "wbxml.h"\n' + tables(), sources=SOURCES, depends=DEPENDS,
               include_dirs=["native"], py_limited_api=True,
               extra_compile_args=["-O3", "-std=c99", "-Wall", "-Wextra", "-fvisibility=hidden"])

if __name__ == "__main__":
    print(tables())
