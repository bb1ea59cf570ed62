"""Builds the C codec through cffi. Without a C compiler the package installs all the same and uses its Python twin."""

from setuptools import setup
from setuptools.command.build_ext import build_ext


class OptionalBuildExt(build_ext):
    def pre_run(self, ext, ffi):  # called by cffi for each of its modules
        ext.optional = True


setup(
    cffi_modules=["native/build_wbxml.py:ffi"],
    cmdclass={"build_ext": OptionalBuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp39"}},
)
