"""A backup back onto a phone. By default only what the phone lacks is added, compared by what the items say; nothing on
it is changed or deleted. Nothing in the backup changes either.
"""

from __future__ import annotations

import os
from typing import Callable, Mapping, Optional

from minisyncml import status as codes
from minisyncml.content.keys import key_of
from minisyncml.content.kind import kind as type_of
from minisyncml.content.pieces import without
from minisyncml.digest import digest
from minisyncml.errors import Error, ObexError, PeerError, TransportError, UsageError
from minisyncml.gateway import irmcclient
from minisyncml.gateway.archive import MARK, Saved, items, manifest, types_of
from minisyncml.gateway.backup import KINDS, WAYS, Line, Taken
from minisyncml.gateway.exchange import Exchange
from minisyncml.gateway.irmcfiles import LUID, from_vnote
from minisyncml.gateway.report import Failure, Report
from minisyncml.store.base import PENDING, Store
from minisyncml.store.peers import Peers
from minisyncml.store.place import open_store

PAGE = 200      # items that are read at a time


class Restored(Taken):
    """What a restore did; `counts` are the items that were added.

    :ivar titles: what would be added, by kind, when it was only tried
    """

    def __init__(self) -> None:
        super().__init__()
        self.titles: "dict[str, list[str]]" = {}

    def as_dict(self) -> "dict[str, object]":
        return {**super().as_dict(), "files": self.titles}


def restore(line: Line, folder: str, *, via: str = "auto", replace: bool = False, dry_run: bool = False) -> Restored:
    """Put a backup on a phone.

    :param line: how to reach it
    :param folder: of the backup, or any folder with `contacts/`, `calendar/`, `tasks/` or `notes/`
    :param via: `syncml`, `irmc` or `auto`
    :param replace: delete on the phone what is not in the backup
    :param dry_run: change nothing, and say what would be added
    :returns: what was done
    :raises UsageError: when there is nothing to restore, or only part of what there was and `replace` is given
    :raises StoreError: when the backup cannot be read
    """
    if via not in WAYS:
        raise UsageError(f"a restore goes by {', '.join(WAYS)}, not by {via!r}")
    folder = os.path.abspath(os.path.expanduser(folder))
    manifest(folder)        # of a newer version it is not understood
    if replace and os.path.exists(os.path.join(folder, MARK)):
        raise UsageError(f"the backup in {folder} broke off; a phone's items are not replaced by part of them")
    import tempfile
    done = Restored()
    with tempfile.TemporaryDirectory(prefix="minisyncml-") as scratch:
        job = _Job(line, folder, scratch, done, replace, dry_run)
        try:
            return job.run(via)
        finally:
            job.close()


class _Job:
    """One restore. The items stand in databases of their own, so that the backup stays as it is."""

    def __init__(self, line: Line, folder: str, scratch: str, done: Restored, replace: bool, dry: bool) -> None:
        self._line, self._folder, self._done = line, folder, done
        self._replace, self._dry = replace, dry
        self._stores: "dict[str, Store]" = {}
        self._paths: "dict[tuple[str, str], str]" = {}      # kind and id to the file
        page: "list[Saved]" = []
        for one in items(folder):
            page.append(one)
            if len(page) >= PAGE:
                self._load(page, scratch)
        self._load(page, scratch)
        if not self._stores:
            raise UsageError(f"there is nothing to restore in {folder}: no {'/, '.join(KINDS)}/ with items")

    def _load(self, page: "list[Saved]", scratch: str) -> None:
        for kind in dict.fromkeys(one.kind for one in page):
            store = self._stores.get(kind)
            if store is None:
                store = open_store(f"tinydb:{os.path.join(scratch, kind)}", kind, scratch)
                store.types, store.form = types_of(kind), ("", "")
                self._stores[kind] = store
            with store.begin("restore") as batch:
                for one in page:
                    if one.kind == kind:
                        body = without(one.body, LUID)
                        row = batch.put(None, type_of(body, store.types[0][0]), body)
                        self._paths[kind, row.id] = one.path
                batch.commit()
        page.clear()

    def close(self) -> None:
        """Forget the items."""
        for store in self._stores.values():
            store.close()

    def run(self, via: str) -> Restored:
        """Do it, the first way that works.

        :param via: which ways there are
        :returns: what was done
        """
        done, words = self._done, []
        for way, put in (("syncml", self._by_syncml), ("irmc", self._by_irmc)):
            if via not in ("auto", way):
                continue
            done.via = way
            try:
                done.error = put()
            except UsageError:
                raise
            except Error as error:
                done.error = error
            if done.error is None or any(done.counts.values()):
                return done
            words.append(str(done.error))
        if len(set(words)) > 1:
            done.error = TransportError(f"SyncML: {words[0]}. IrMC: {words[1]}")
        return done

    # -- SyncML

    def _by_syncml(self) -> Optional[Error]:
        mode = "refresh-from-server" if self._replace else "slow"
        peers = self._line.peers()
        report = self._session(dict(self._stores), peers, mode)
        part = report.datastores.get("tasks")
        if part is not None and getattr(part.error, "code", 0) == codes.NOT_FOUND and report.error is None:
            # most phones without a place for tasks keep them among the appointments
            more = self._session({"calendar": self._stores["tasks"]}, peers, "slow", "tasks")
            report.error = more.error
            report.datastores["tasks"] = more.datastore("calendar")
        return self._judge(report, peers)

    def _session(self, stores: "Mapping[str, Store]", peers: Peers, mode: str, owner: str = "") -> Report:
        # the phone's own version of an item stays as it is
        enough = self._look(stores, owner) if self._dry else lambda exchange: False
        return self._line.phone(stores, peers, conflict="client-wins", enough=enough).sync(mode)

    def _look(self, stores: "Mapping[str, Store]", owner: str) -> "Callable[[Exchange], bool]":
        """Hangs up when the phone said all it has, and notes what it lacks."""
        def enough(exchange: Exchange) -> bool:
            if not exchange.runs or not all(run.complete or run.failed for run in exchange.runs):
                return False
            for run in exchange.runs:
                kind, store = owner or run.name, stores[run.name]
                if not run.failed:
                    self._done.titles[kind] = [self._paths[kind, row.id] for row in store.rows()
                                               if (kind, row.id) in self._paths and _lacks(store, run.peer, row.id)]
            return True
        return enough

    def _judge(self, report: Report, peers: Peers) -> Optional[Error]:
        done = self._done
        values = peers.get(report.peer).get("devinf") if report.peer else None
        if isinstance(values, dict):
            done.phone = {"device": report.peer, **{key: str(values.get(key) or "") for key in ("man", "mod", "fwv")}}
        for name, part in report.datastores.items():
            done.counts[name] = part.remote.added
            done.failures += part.remote.failures
            if part.error is not None and getattr(part.error, "code", 0) == codes.NOT_FOUND:
                done.failures.append(Failure(name, codes.NOT_FOUND, str(part.error)))
            else:
                report.error = report.error or part.error
        return report.error

    # -- IrMC

    def _by_irmc(self) -> Optional[Error]:
        done = self._done
        with self._line.call(lambda count: self._line.progress(f"{count:,} bytes")) as call:
            service = irmcclient.IrMC(call)
            said = call.identity.merged(service.identity())
            done.phone = {"man": said.man, "mod": said.mod, "fwv": said.fwv}
            if self._replace:
                return self._replace_all(service)
            there = _Known()
            for whole in service.whole():
                for kind, body in irmcclient.single(whole):
                    there.add(kind, body)
            refused = {kind: error for kind, error in service.refusals.items() if kind and error.code != 0x44}
            for saved in items(self._folder):
                if saved.kind in refused:
                    return PeerError(f"what the phone has there is not to be read: {refused[saved.kind]}")
                if not there.take(saved.kind, _text(saved)):
                    self._put(service, saved)
                if done.failures and not any(done.counts.values()):
                    return PeerError(f"the phone takes no single items by IrMC: {done.failures[0].words}; --replace "
                                     "writes whole files, which deletes what else it has")
        return None

    def _put(self, service: irmcclient.IrMC, saved: Saved) -> None:
        done = self._done
        if self._dry:
            done.titles.setdefault(saved.kind, []).append(saved.path)
            return
        try:
            service.add(saved.kind, saved.body)
            done.counts[saved.kind] = done.counts.get(saved.kind, 0) + 1
            self._line.progress(f"{sum(done.counts.values())} items added")
        except ObexError as error:
            done.failures.append(Failure(os.path.basename(saved.path), error.code, str(error)))

    def _replace_all(self, service: irmcclient.IrMC) -> Optional[Error]:
        done = self._done
        files: "dict[str, list[Saved]]" = {}
        for saved in items(self._folder):
            files.setdefault("calendar" if saved.kind == "tasks" else saved.kind, []).append(saved)
            if self._dry:
                done.titles.setdefault(saved.kind, []).append(saved.path)
        for kind, found in files.items() if not self._dry else ():
            service.replace(kind, [saved.body for saved in found])
            for saved in found:
                done.counts[saved.kind] = done.counts.get(saved.kind, 0) + 1
        return None


def _lacks(store: Store, peer: str, id: str) -> bool:
    """Whether a phone that told all it has did not name an item of ours; some may stand in an answer to it already."""
    entry = store.entry(peer, id)
    return entry is None or not entry.remote and bool(entry.flags & PENDING)


class _Known:
    """What is on the phone already, by bytes and by what it says; each counts once, as twins do."""

    def __init__(self) -> None:
        self._left: "dict[tuple[str, bytes], int]" = {}

    def add(self, kind: str, body: bytes) -> None:
        key = _key(kind, body)
        self._left[key] = self._left.get(key, 0) + 1

    def take(self, kind: str, body: bytes) -> bool:
        key = _key(kind, body)
        if not self._left.get(key):
            return False
        self._left[key] -= 1
        return True


def _key(kind: str, body: bytes) -> "tuple[str, bytes]":
    body = without(body, LUID)
    key = key_of(type_of(body, "text/plain"), body)
    return kind, key.encode() if key else digest(b"\n".join(body.split()))


def _text(saved: Saved) -> bytes:
    return from_vnote(saved.body) if saved.body[:11].upper() == b"BEGIN:VNOTE" else saved.body
