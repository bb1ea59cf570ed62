"""`minisyncml phone list` and `minisyncml phone info`: what is there, and what it can do."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Optional

from minisyncml.cli.output import Progress
from minisyncml.cli.phone.backup import add_line, line_of
from minisyncml.cli.phone.common import add_port, identity_of, port_of
from minisyncml.cli.tracing import trace_of
from minisyncml.errors import Error
from minisyncml.gateway.doctor import ask
from minisyncml.gateway.report import visible
from minisyncml.gateway.survey import Service, Survey, name_of, store_words
from minisyncml.message.devinf import DevInf
from minisyncml.profile import Identity, Row, explain, find
from minisyncml.transport.ports import Port, list_ports

if TYPE_CHECKING:
    import argparse

EXAMPLE = "phone info /dev/ttyACM0"


def add_list(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of `list`.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("list", help="show what is plugged in or paired, and what to call it")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each port")
    parser.set_defaults(run=run_list)
    return parser


def run_list(args: "argparse.Namespace") -> int:
    """Show the ports.

    :param args: the options
    :returns: 0
    """
    ports = list_ports()
    if args.json:
        import json
        for port in ports:
            print(json.dumps({**port._asdict(), "profile": _guess(port)}, ensure_ascii=False))
        return 0
    width = max([4, *(len(port.port) for port in ports)])
    for port in ports:
        guess = _guess(port)
        print(f"{port.port:{width}}  {port.kind:9}  {visible(port.label)}" + (f"  (profile {guess})" if guess else ""))
    if not ports:
        print("nothing is plugged in or paired that could be a phone. USB phones want a mode named PC Suite or Phone; "
              "Bluetooth phones have to be paired, and only root sees which are")
    return 0


def _guess(port: Port) -> str:
    profile = find(Identity(man=port.label, usb=f"{port.vendor:04x}:{port.product:04x}" if port.vendor else ""))
    return profile.name if profile.layers else ""


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> "argparse.ArgumentParser":
    """The parser of `info`.

    :param actions: where to add it
    :returns: the parser
    """
    parser = actions.add_parser("info", help="show what a phone says of itself, and what is known of it")
    add_port(parser)
    add_line(parser)
    parser.set_defaults(run=run)
    return parser


class _Facts:
    """What was found out."""

    def __init__(self) -> None:
        self.identity = Identity()
        self.switch = ""
        self.services: "list[Service]" = []
        self.devinf: Optional[DevInf] = None
        self.rows: "list[Row]" = []
        self.profile = find()
        self.error: Optional[Error] = None

    def as_dict(self) -> "dict[str, Any]":
        return {"identity": self.identity._asdict(), "switch": self.switch,
                "services": [service._asdict() for service in self.services],
                "databases": [store_words(store) for store in self.devinf.datastores] if self.devinf else [],
                "profile": self.profile.name, "title": self.profile.title,
                "values": [row._asdict() for row in self.rows], "error": str(self.error) if self.error else None}


def run(args: "argparse.Namespace") -> int:
    """Ask a phone.

    :param args: the options
    :returns: 0; 3 when there is no phone
    :raises UsageError: when something is missing
    """
    port_of(args, EXAMPLE)
    progress, trace = Progress(quiet=args.verbose), trace_of(args)
    facts = _Facts()
    line = line_of(args, progress, trace)
    try:
        with Survey(line.opener(), time.sleep) as survey:
            if line.at and survey.answers(line.patience):
                facts.identity = survey.identify()
                profile = find(facts.identity, args.profile)
                facts.switch = survey.enter("" if profile.at_switch == "none" else profile.at_switch)
            facts.services = survey.services(args.obex_password)
        if any(one.there for one in facts.services if one.name == "SyncML"):
            facts.devinf, facts.profile = ask(line, facts.identity.merged(identity_of(args.port)))
    except Error as error:
        facts.error = error
    finally:
        progress.clear()
        if trace is not None:
            trace.close()
    if not facts.profile.layers:
        facts.profile = find(facts.identity.merged(identity_of(args.port)), args.profile)
    facts.rows = explain(facts.profile)
    if args.json:
        import json
        print(json.dumps(facts.as_dict(), ensure_ascii=False), flush=True)
    else:
        _tell(facts)
    if facts.error is not None:
        raise facts.error
    return 0


def _tell(facts: _Facts) -> None:
    firmware = facts.identity.fwv or (facts.devinf.fwv if facts.devinf is not None else "") or "not told"
    print(visible(f"{name_of(facts.devinf, facts.identity)}, firmware {firmware}"))
    if facts.switch:
        print(f"enters OBEX by {facts.switch}")
    for service in facts.services:
        print(visible(f"{service.name}: {service.words}"))
    for store in facts.devinf.datastores if facts.devinf is not None else ():
        print(visible(f"database {store_words(store)}"))
    print(f"profile {facts.profile.name} ({facts.profile.title}); each value with its proof and the layer it is from:")
    width = max(len(row.switch) for row in facts.rows)
    for row in facts.rows:
        why = f"  {row.why}" if row.why else ""
        print(visible(f"  {row.switch:{width}}  {row.value or '-':24}  {row.proof:9}  {row.layer}{why}"), flush=True)
