"""A disk that remembers: it records every effect of :mod:`minisyncml.store.files` and builds the states that a power
cut may leave. What was not synced is there, or lost, or torn, in any combination; names and contents apart.
"""

from __future__ import annotations

import os
import random
from typing import Any, Iterable, Iterator, Optional, Sequence

from minisyncml.store.files import Files


class Quick(Files):
    """The real disk, in no hurry: no test here pulls the plug."""

    def sync(self, fd: int) -> None:
        pass

    def sync_folder(self, path: str) -> None:
        pass

    def sync_all(self, paths: "Sequence[str]", folders: "Iterable[str]") -> None:
        pass


class Recorder(Quick):
    """Quick, with a log of what was done."""

    def __init__(self) -> None:
        self.log: "list[tuple[Any, ...]]" = []
        self.fds: "dict[int, int]" = {}
        self.inodes: "dict[str, int]" = {}
        self.count = 0
        self.now = 1            # this run of the machine

    def boot(self) -> int:
        return self.now

    def open(self, path: str, fresh: bool = False, mode: int = 0o600) -> int:
        new = not os.path.lexists(path)
        fd = super().open(path, fresh, mode)
        if new or path not in self.inodes:
            self.count += 1
            self.inodes[path] = self.count
            self.log.append(("create", path, self.count))
        elif fresh:
            self.log.append(("truncate", self.inodes[path], 0))
        self.fds[fd] = self.inodes[path]
        return fd

    def write(self, fd: int, data: bytes, at: int) -> None:
        super().write(fd, data, at)
        self.log.append(("write", self.fds[fd], bytes(data), at))

    def truncate(self, fd: int, size: int) -> None:
        super().truncate(fd, size)
        self.log.append(("truncate", self.fds[fd], size))

    def sync(self, fd: int) -> None:
        self.log.append(("sync", self.fds[fd]))

    def replace(self, old: str, new: str) -> None:
        super().replace(old, new)
        self.inodes[new] = self.inodes.pop(old)
        self.log.append(("replace", old, new))

    def unlink(self, path: str) -> None:
        super().unlink(path)
        self.inodes.pop(path, None)
        self.log.append(("unlink", path))

    def sync_folder(self, path: str) -> None:
        self.log.append(("sync_folder", path))

    def sync_all(self, paths: "Sequence[str]", folders: "Iterable[str]") -> None:
        inodes = [self.inodes[path] for path in paths if path in self.inodes]
        self.log.append(("sync_all", inodes, list(folders)))

    def user(self, path: str, data: Optional[bytes]) -> None:
        """The user writes a file, or deletes it; his editor syncs."""
        if data is None:
            os.unlink(path)
            self.inodes.pop(path, None)
            self.log.append(("user", path, None, 0))
            return
        with open(path + "~", "wb") as file:
            file.write(data)
        os.replace(path + "~", path)
        self.count += 1
        self.inodes[path] = self.count
        self.log.append(("user", path, data, self.count))

    def syncs(self, start: int = 0) -> int:
        """How often something was synced since."""
        return sum(effect[0].startswith("sync") for effect in self.log[start:])


class Disk:
    """What is durable, and what is under way."""

    def __init__(self, log: "list[tuple[Any, ...]]") -> None:
        self.contents: "dict[int, bytes]" = {}
        self.writes: "dict[int, list[tuple[Any, ...]]]" = {}
        self.names: "dict[str, int]" = {}
        self.volatile: "dict[str, int]" = {}
        self.moves: "list[tuple[Any, ...]]" = []
        for effect in log:
            getattr(self, effect[0])(*effect[1:])

    def create(self, path: str, inode: int) -> None:
        self.contents[inode] = b""
        self.writes[inode] = []
        self.volatile[path] = inode
        self.moves.append(("link", path, inode))

    def write(self, inode: int, data: bytes, at: int) -> None:
        self.writes[inode].append(("write", data, at))

    def truncate(self, inode: int, size: int) -> None:
        self.writes[inode].append(("truncate", size))

    def sync(self, inode: int) -> None:
        self.contents[inode] = content(self.contents[inode], self.writes[inode])
        self.writes[inode] = []

    def replace(self, old: str, new: str) -> None:
        inode = self.volatile.pop(old)
        self.volatile[new] = inode
        self.moves.append(("move", old, new, inode))

    def unlink(self, path: str) -> None:
        self.volatile.pop(path, None)
        self.moves.append(("unlink", path))

    def sync_folder(self, path: str) -> None:
        here = [move for move in self.moves if os.path.dirname(move[1]) == path]
        self.names = named(self.names, here)
        self.moves = [move for move in self.moves if move not in here]

    def sync_all(self, inodes: "list[int]", folders: "list[str]") -> None:
        for inode in inodes:
            self.sync(inode)
        for folder in folders:
            self.sync_folder(folder)

    def user(self, path: str, data: Optional[bytes], inode: int) -> None:
        self.sync_folder(os.path.dirname(path))
        if data is None:
            self.volatile.pop(path, None)
            self.names.pop(path, None)
        else:
            self.contents[inode], self.writes[inode] = data, []
            self.volatile[path] = self.names[path] = inode

    def states(self, chance: random.Random, some: int) -> "Iterator[dict[str, bytes]]":
        """States after a cut: nothing of what was under way, all of it, and some random mixtures."""
        yield self.state(lambda: 0.0)
        yield self.state(lambda: 1.0)
        for _ in range(some):
            yield self.state(chance.random)

    def state(self, draw: "Any") -> "dict[str, bytes]":
        names = named(self.names, [move for move in self.moves if draw() >= 0.5])
        return {path: content(self.contents[inode], list(torn(self.writes[inode], draw)))
                for path, inode in names.items()}


def named(names: "dict[str, int]", moves: "list[tuple[Any, ...]]") -> "dict[str, int]":
    names = dict(names)
    for move in moves:
        if move[0] == "link":
            names[move[1]] = move[2]
        elif move[0] == "unlink":
            names.pop(move[1], None)
        else:
            names.pop(move[1], None)
            names[move[2]] = move[3]
    return names


def torn(writes: "list[tuple[Any, ...]]", draw: "Any") -> "Iterator[tuple[Any, ...]]":
    """Each write is done, lost, cut, done without its beginning, or there as zeros."""
    for write in writes:
        fate = draw()
        if fate >= 0.5 or write[0] == "truncate":
            if fate >= 0.5:
                yield write
            continue
        _, data, at = write
        part = int(draw() * len(data))
        if 0.1 < fate <= 0.3:
            yield "write", data[:part], at
        elif 0.3 < fate <= 0.4:
            yield "write", data[part:], at + part
        elif 0.4 < fate:
            yield "write", bytes(len(data)), at


def content(data: bytes, writes: "list[tuple[Any, ...]]") -> bytes:
    for write in writes:
        if write[0] == "truncate":
            data = data[:write[1]].ljust(write[1], b"\0")
        else:
            _, new, at = write
            if new:
                data = data[:at].ljust(at, b"\0") + new + data[at + len(new):]
    return data


def rebuild(state: "dict[str, bytes]", *folders: str) -> None:
    """Put a state on the disk, in place of what is there; folders stay the ones they are."""
    for folder in folders:
        for name in os.listdir(folder):
            if os.path.isfile(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
    for path, data in state.items():
        with open(path, "wb") as file:
            file.write(data)
