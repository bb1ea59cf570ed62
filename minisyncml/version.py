"""The version of this package, as a literal that the build reads without importing anything."""

VERSION = "0.1.0"
