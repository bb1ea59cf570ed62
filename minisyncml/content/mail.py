"""Mail: a message as it is (RFC 822 and its successors), and the email object of OMA DS 1.2 around it.

Nobody looks into a message: not a byte of it changes. What the object knows beside it (read, replied...) has no place
in the message and is not put there.
"""

from __future__ import annotations

import binascii
from typing import Sequence

from minisyncml.content.form import Form
from minisyncml.content.formats import Format
from minisyncml.content.lines import Property
from minisyncml.content.omads import Content, content_of, read, write


class Email(Format):
    """The object with its flags. The message goes in quoted-printable, in a CDATA section: clients look for both."""

    type = "application/vnd.omads-email+xml"
    family = "mail"

    def read(self, body: bytes, form: Form) -> "list[Property]":
        return read(body, ("Email",), "emailitem")

    def write(self, found: "Sequence[Property]", form: Form) -> bytes:
        body = content_of(found)
        shell = write("Email", found, None)
        if body is None:
            return shell
        if _is_text(body):
            data = binascii.b2a_qp(body, istext=False).replace(b"]]>", b"]]=3E")
            item = b'<emailitem enc="quoted-printable"><![CDATA[' + data + b"]]></emailitem>"
        else:
            item = b'<emailitem enc="base64">' + binascii.b2a_base64(body, newline=False) + b"</emailitem>"
        end = len(shell) - len(b"</Email>")
        return shell[:end] + item + shell[end:]


def _is_text(body: bytes) -> bool:
    """Whether quoted-printable is shorter than base64: each byte that is no printable ASCII takes three."""
    sample = body[:65_536]
    return sum(sign > 126 or sign < 32 or sign == 61 for sign in sample) * 6 <= len(sample)


FORMATS = (Content("message/rfc822", "mail", "EMAIL"), Email())
