"""The machinery of the schema: how a table of rows turns an element into a named tuple and back.

Knows trees and kinds of values, no SyncML element by name: those tables stand in `schema` and `devinf`. Reading accepts
any order of children and steps over what it does not know; where an element may stand once, the first one counts.
Writing keeps the order of the rows, which is that of the DTD, and leaves out rows that the version does not have.
"""

# No `from __future__ import annotations`: named tuples would compile every annotation, 0.4 MiB in all.
from typing import Any, Callable, NamedTuple, Optional, Sequence, Union

from minisyncml.codec.node import Node
from minisyncml.errors import ItemError, LimitError
from minisyncml.limits import DEFAULT, Limits

_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r")
_ABSENT: Any = object()


class Reading:
    """What one reading may still use up.

    :param limits: bounds: `max_commands` repeated elements in all, `max_uri` bytes for an address
    """

    __slots__ = ("left", "max_uri")

    def __init__(self, limits: Limits = DEFAULT) -> None:
        self.left = limits.max_commands
        self.max_uri = limits.max_uri

    def take(self) -> None:
        """Count one command, item or other element that may be repeated.

        :raises LimitError: when there were too many
        """
        self.left -= 1
        if self.left < 0:
            raise LimitError("too many commands and items in one message")


class Writing(NamedTuple):
    """How to write: the SyncML (or DevInf) version, and whether bytes must become text because the target is XML."""

    version: str = "1.2"
    xml: bool = False


WRITING = Writing()


class Kind(NamedTuple):
    """A kind of value: how to read it from its element, how to write it as children. None is "leave it out"."""

    read: Callable[[Node, Reading], Any]
    write: Callable[[Any, Writing], Optional[list[Union[Node, str, bytes]]]]
    absent: Any = None


class Row(NamedTuple):
    """One line of a schema: where an element stands, which field holds it.

    :param path: element name, or `Wrapper/Name` for a field that lies one level down
    :param field: name in the named tuple
    :param kind: kind of value
    :param since: first version that has the element
    :param many: whether it may be repeated; the field then is a tuple
    :param until: last version that has the element; "" for a spelling that is read and never written
    """

    path: str
    field: str
    kind: Kind
    since: str = "1.0"
    many: bool = False
    until: str = "9"


def xml_safe(data: bytes) -> bool:
    """Whether XML 1.0 can hold these bytes as text.

    :param data: any bytes
    :returns: True for UTF-8 without control characters other than tab, line feed and carriage return
    """
    if len(data.translate(None, _CONTROLS)) != len(data) or b"\xef\xbf\xbe" in data or b"\xef\xbf\xbf" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def number(text: str) -> Optional[int]:
    """A decimal number as SyncML writes it.

    :param text: any text
    :returns: the number, or None when the text is none (signs, other digits and more than 18 places included)
    """
    return int(text) if text.isdigit() and text.isascii() and len(text) <= 18 else None


def _read_uri(node: Node, reading: Reading) -> str:
    data = node.data()
    if len(data) > reading.max_uri:
        raise LimitError(f"an address of {len(data)} bytes")
    return data.decode("utf-8", "replace").strip()


def _write_text(value: str, writing: Writing) -> "list[Union[Node, str, bytes]]":
    return [value] if value else []


def _write_bytes(value: Union[bytes, Node], writing: Writing) -> "list[Union[Node, str, bytes]]":
    if isinstance(value, Node):
        return value.children
    if not writing.xml or not value:
        return [value] if value else []
    if not xml_safe(value):
        raise ItemError("data that XML cannot hold as text")
    return [value.decode("utf-8")]


def _read_markup(node: Node, reading: Reading) -> Union[bytes, Node]:
    return node if next(node.elements(), None) is not None else node.data()


def _write_cred(value: bytes, writing: Writing) -> "list[Union[Node, str, bytes]]":
    if value.isascii() and xml_safe(value):
        return [value.decode("ascii")] if value else []
    return _write_bytes(value, writing)


TEXT = Kind(lambda node, _: node.text(), _write_text)
NEEDED = TEXT._replace(absent="")           #: text that has no None: an empty string when missing
URI = Kind(_read_uri, _write_text)
NEEDED_URI = URI._replace(absent="")
NUMBER = Kind(lambda node, _: number(node.text()), lambda value, _: [str(value)])
FLAG = Kind(lambda node, _: True, lambda value, _: [] if value else None, False)
DATA = Kind(_read_markup, _write_bytes)     #: bytes as sent, or the node when it holds elements
SECRET = Kind(lambda node, _: node.data(), _write_cred, b"")
NODE = Kind(lambda node, _: node, lambda value, _: value.children)


class Schema:
    """The rows of one element, compiled for reading and writing.

    :param make: the named tuple class of the value
    :param rows: in DTD order
    :param rest: field and kind for child elements that no row names, such as the commands inside a Sync
    :param transparent: element that may wrap all the others and means nothing (MetInf inside Meta)
    """

    def __init__(self, make: Any, rows: Sequence[Row], rest: "Optional[tuple[str, Kind]]" = None,
                 transparent: str = "") -> None:
        self.make = make
        names: "Sequence[str]" = make._fields
        self._table: "dict[str, Any]" = {}
        self._plan: "list[tuple[str, list[tuple[str, int, Row]]]]" = []
        self._absent = [make._field_defaults.get(name) for name in names]
        self._rest = None if rest is None else (names.index(rest[0]), rest[1])
        for row in rows:
            self._add(row, names.index(row.field))
        if transparent:
            self._table[transparent] = self._table

    def _add(self, row: Row, index: int) -> None:
        wrapper, _, tag = row.path.rpartition("/")
        table = self._table
        if wrapper:
            table = table.setdefault(wrapper, {})
            if wrapper == "Meta":
                table["MetInf"] = table
        table[tag] = (index, row.kind, row.many)
        if not self._plan or not wrapper or self._plan[-1][0] != wrapper:
            self._plan.append((wrapper, []))
        self._plan[-1][1].append((tag, index, row))
        if row.kind.absent is not None and self._absent[index] is None:
            self._absent[index] = row.kind.absent

    def read(self, node: Node, reading: Reading) -> Any:
        """The value of an element.

        :param node: the element; its name is not looked at
        :param reading: what may still be used up
        :returns: a `make`
        :raises LimitError: too many parts, or an address too long
        """
        values = [_ABSENT] * len(self._absent)
        self._fill(node, self._table, values, reading)
        return self.make._make(default if value is _ABSENT else tuple(value) if value.__class__ is list else value
                               for value, default in zip(values, self._absent))

    def _fill(self, node: Node, table: "dict[str, Any]", values: "list[Any]", reading: Reading) -> None:
        for child in node.children:
            if not isinstance(child, Node):
                continue
            entry = table.get(child.tag)
            if entry is None:
                self._other(child, table, values, reading)
            elif entry.__class__ is dict:
                self._fill(child, entry, values, reading)
            else:
                index, kind, many = entry
                if many:
                    reading.take()
                    value = kind.read(child, reading)
                    if value is not None:
                        _append(values, index, value)
                elif values[index] is _ABSENT:
                    values[index] = kind.read(child, reading)

    def _other(self, child: Node, table: "dict[str, Any]", values: "list[Any]", reading: Reading) -> None:
        if self._rest is not None and table is self._table:
            value = self._rest[1].read(child, reading)
            if value is not None:
                reading.take()
                _append(values, self._rest[0], value)

    def write(self, value: Any, writing: Writing) -> "list[Union[Node, str, bytes]]":
        """The child elements of a value.

        :param value: a `make`
        :param writing: version and target
        :returns: the children, in DTD order
        :raises ItemError: data that XML cannot hold
        """
        children: "list[Union[Node, str, bytes]]" = []
        for wrapper, rows in self._plan:
            into = children if not wrapper else []
            for tag, index, row in rows:
                if row.since <= writing.version <= row.until:
                    _put(into, tag, row, value[index], writing)
            if wrapper and into:
                children.append(Node(wrapper, into))
        if self._rest is not None:
            index, kind = self._rest
            for part in value[index]:
                children.extend(kind.write(part, writing) or ())
        return children

    def kind(self, keep_empty: bool = True) -> Kind:
        """This schema as the kind of a row.

        :param keep_empty: whether a value without any children is written all the same
        :returns: the kind
        """
        return Kind(self.read, lambda value, writing: self.write(value, writing) or ([] if keep_empty else None))


def _append(values: "list[Any]", index: int, value: Any) -> None:
    """Add to a repeated field; a plain tuple is several values at once."""
    if values[index] is _ABSENT:
        values[index] = []
    if value.__class__ is tuple:
        values[index].extend(value)
    else:
        values[index].append(value)


def _put(into: "list[Union[Node, str, bytes]]", tag: str, row: Row, value: Any, writing: Writing) -> None:
    if value is None:
        return
    for part in value if row.many else (value,):
        children = row.kind.write(part, writing)
        if children is not None:
            into.append(Node(tag, children))
