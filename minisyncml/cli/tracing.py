"""The options `--trace` and `--anonymise` of the verbs that run sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from minisyncml.cli.output import log
from minisyncml.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from minisyncml.gateway.traced import Trace


def add_trace(parser: "argparse.ArgumentParser") -> None:
    """The options that write a trace.

    :param parser: the parser of a verb that runs sessions
    """
    parser.add_argument("--trace", metavar="FILE", help="write down what happens, without passwords, for a bug report; "
                        "see the verb trace")
    parser.add_argument("--anonymise", action="store_true", help="put made-up data of the same shape into the trace")


def trace_of(args: "argparse.Namespace") -> "Optional[Trace]":
    """The trace that was asked for. What writes it is loaded only then: it costs 0.6 MB.

    :param args: options of :func:`add_trace`
    :returns: the open file, None when none was asked for
    :raises UsageError: when it cannot be written
    """
    if not args.trace:
        if args.anonymise:
            raise UsageError("--anonymise wants --trace FILE")
        return None
    from importlib import import_module
    trace: Trace = import_module("minisyncml.gateway.traced").Trace(
        args.trace, anonymise=args.anonymise, log=log)
    return trace
