"""What the verbs share: options, and what these name. What is shown stands in output.py."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator

from minisyncml.cli.output import log
from minisyncml.cli.tracing import add_trace
from minisyncml.errors import StoreError, UsageError
from minisyncml.gateway.config import data_folder, pairs
from minisyncml.gateway.kept import find, open_kept
from minisyncml.gateway.zone import unknown, zone_of
from minisyncml.limits import DEFAULT, Limits
from minisyncml.store.base import Store
from minisyncml.store.files import FILES
from minisyncml.store.peers import Peers
from minisyncml.store.peersfile import FilePeers
from minisyncml.store.place import open_store
from minisyncml.store.rehearsal import Inside
from minisyncml.store.spool import FOLDER, Spools
from minisyncml.sync.conflict import DEFAULT as DEFAULT_POLICY
from minisyncml.sync.conflict import policies

if TYPE_CHECKING:
    import argparse


def add_common(parser: "argparse.ArgumentParser") -> None:
    """Options that every verb with data has.

    :param parser: the parser of the verb
    """
    parser.add_argument("--data", metavar="DIR", help="where state and items live (default: the XDG data folder)")
    parser.add_argument("--config", metavar="FILE", help="TOML file that sets options, by their names without --")
    parser.add_argument("--json", action="store_true", help="print each report as one line of JSON")
    parser.add_argument("--verbose", action="store_true", help="tell each message on standard error")


def add_sync_options(parser: "argparse.ArgumentParser") -> None:
    """Options of both ends of a sync, with those of :func:`add_common`.

    :param parser: the parser of the verb
    """
    parser.add_argument("--password-file", metavar="FILE", help="file with the password; - is standard input. "
                        "MINISYNCML_PASSWORD is another way")
    parser.add_argument("--conflict", choices=policies(), default=DEFAULT_POLICY,
                        help="what happens when both sides changed an item (default: %(default)s)")
    parser.add_argument("--zone", metavar="NAME", help="the time zone you live in, as Europe/Berlin, for phones that "
                        "know local time only (default: that of this machine, but for UTC)")
    parser.add_argument("--allow-empty", action="store_true", help="go on when one side turned up empty")
    parser.add_argument("--rescan", action="store_true", help="read every file of a folder, trust no time stamp")
    parser.add_argument("--max-msg-size", metavar="BYTES", type=int, default=DEFAULT.max_msg_size,
                        help="largest message that we take (default: %(default)s)")
    add_trace(parser)
    add_common(parser)


def home_zone(args: "argparse.Namespace") -> str:
    """The time zone that phones are in. Says so where this machine can know of none.

    :param args: has zone, may be None
    :returns: an IANA name; empty when nobody said it
    :raises UsageError: when there is no such zone
    """
    zone = zone_of(args.zone)
    if not zone and unknown():
        log(f"{unknown()}. Until then times stay as they are written")
    return zone


def limits_of(args: "argparse.Namespace") -> Limits:
    """The limits with what the user changed.

    :param args: options of :func:`add_sync_options`
    :returns: a copy of the defaults
    :raises UsageError: when a size is out of bounds
    """
    size: int = args.max_msg_size
    if not DEFAULT.min_msg_size <= size <= DEFAULT.max_message:
        raise UsageError(f"--max-msg-size must be from {DEFAULT.min_msg_size} to {DEFAULT.max_message}")
    return DEFAULT._replace(max_msg_size=size)


def data_of(args: "argparse.Namespace", make: bool = True) -> str:
    """The folder of state, made when it is missing; only its owner may read it.

    :param args: options of :func:`add_common`
    :param make: whether to make it
    :returns: an absolute path
    :raises UsageError: when it cannot be made
    """
    path = os.path.abspath(os.path.expanduser(args.data or data_folder()))
    try:
        if make:
            os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot make the folder {path}: {(error.strerror or str(error)).lower()}") from None
    return path


def data_to_read(args: "argparse.Namespace") -> str:
    """The data folder, for those who only look.

    :param args: the options of :func:`add_common`
    :returns: its path; it may not be there yet, unless the user named it
    :raises UsageError: when the folder that was named is not there
    """
    data = data_of(args, make=False)
    if args.data and not os.path.isdir(data):
        raise UsageError(f"{data} does not exist")
    return data


def locals_of(args: "argparse.Namespace") -> "dict[str, str]":
    """The LOCAL arguments.

    :param args: has `local`
    :returns: places by name; an empty place means a file under the data folder
    :raises UsageError: when two datastores would share a database
    """
    places = pairs(args.local or [], "NAME=PLACE")
    files = [os.path.realpath(os.path.expanduser(place[7:])) for place in places.values() if place[:7] == "tinydb:"]
    if len(set(files)) < len(files):
        raise UsageError("two datastores cannot share one tinydb file")
    return places


@contextmanager
def datastores_of(args: "argparse.Namespace", writing: bool) -> "Iterator[list[tuple[str, Store]]]":
    """The datastores that the user names, or all whose state is under the data folder.

    :param args: has `local`, `user` and the options of :func:`add_common`
    :param writing: whether they may be changed; else files that wait to be written wait on
    :returns: a context with names and open stores
    :raises UsageError: when the folder that was named is not there
    :raises StoreError: when one cannot be read
    """
    data = data_to_read(args)
    places, files = locals_of(args), FILES if writing else Inside(data)
    stores: "list[tuple[str, Store]]" = []
    try:
        for name, place in places.items():
            if place:
                stores.append((name, open_store(place, name, data, args.user or "", files=files)))
        known = [one for one in find(data) if args.user in (None, one.user) and not places.get(one.name)]
        for name in places:
            if not places[name] and name not in [one.name for one in known]:
                raise UsageError(f"there is no {name} under {data}; say where it is: {name}=PLACE")
        stores += [(one.name, open_kept(one, files)) for one in known if not places or one.name in places]
        yield stores
    finally:
        for _, store in stores:
            if writing:
                store.close()
            else:
                close_quietly(store)


def close_quietly(store: Store) -> None:
    """Let what waits to be written wait on: it is a copy of our state, or the report has said so.

    :param store: which is needed no more
    """
    try:
        store.close()
    except StoreError:
        pass


def spool_of(data: str) -> Spools:
    """Where the parts of large objects wait for the rest.

    :param data: the folder for our state
    :returns: what makes the files
    :raises StoreError: when the folder cannot be made
    """
    return Spools(os.path.join(data, FOLDER))


def peers_of(data: str) -> Peers:
    """What is known of devices, and our own device id.

    :param data: the folder of state
    :returns: the open file
    :raises StoreError: when it cannot be read
    """
    return FilePeers(os.path.join(data, "peers"))


def sessions_of(data: str, most: int) -> "list[dict[str, Any]]":
    """The last sessions.

    :param data: the data folder
    :param most: at most so many
    :returns: what was recorded of each, the last one first
    :raises StoreError: when it cannot be read
    """
    if not os.path.isfile(os.path.join(data, "peers")):
        return []
    peers = peers_of(data)
    try:
        return peers.history(most)
    finally:
        peers.close()


def ask_password(prompt: str) -> str:
    """Ask a person at a terminal.

    :param prompt: the question
    :returns: the password
    :raises UsageError: when nobody is there
    """
    import getpass
    if not sys.stdin or not sys.stdin.isatty():
        raise UsageError("no password: use --password-file or MINISYNCML_PASSWORD")
    return getpass.getpass(prompt)
