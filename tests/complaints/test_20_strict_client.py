"""Complaint 20: a K750i and its siblings refuse a server after its second message. Such phones want each element where
the DTD has it, and the sizes in the header.
"""

from __future__ import annotations

from hub import Handset, Hub
from samples import CARD

from minisyncml import codec
from minisyncml.codec.node import Node
from minisyncml.profile import find
from minisyncml.transport.base import Packet

#: what stands in what, in the order of the DTD of SyncML 1.1
ORDER = {
    "SyncML": "SyncHdr SyncBody", "SyncHdr": "VerDTD VerProto SessionID MsgID Target Source RespURI NoResp Cred Meta",
    "Status": "CmdID MsgRef CmdRef Cmd TargetRef SourceRef Cred Chal Data Item",
    "Alert": "CmdID NoResp Cred Data Correlator Item",
    "Sync": "CmdID NoResp Cred Target Source Meta NumberOfChanges Add",
    "Add": "CmdID NoResp Cred Meta Item", "Item": "Target Source Meta Data MoreData", "Target": "LocURI LocName",
    "Source": "LocURI LocName", "Results": "CmdID MsgRef CmdRef Meta TargetRef SourceRef Item",
}


def check(node: Node) -> int:
    """Expect the order everywhere; how many elements were looked at."""
    order = ORDER.get(node.tag.partition("}")[2] or node.tag, "").split()
    tags = [child.tag for child in node.elements()]
    if order:
        assert set(tags) <= set(order), (node.tag, tags)
        assert tags == sorted(tags, key=order.index), (node.tag, tags)
    return bool(order) + sum(check(child) for child in node.elements())


def test_every_message_has_the_order_of_the_dtd() -> None:
    hub = Hub({"contacts": (CARD,), "calendar": (), "tasks": (), "notes": ()})
    phone = Handset(find(user="sony-ericsson-k750i"))
    raw: "list[bytes]" = []
    handle = hub.server.handle

    def listen(packet: Packet, sender: str) -> "Packet | None":
        answer = handle(packet, sender)
        raw.extend([answer.body] if answer is not None else [])
        return answer
    hub.server.handle = listen      # type: ignore[method-assign]
    phone.fine(hub)
    answers = [message for way, message in hub.passed if way == "<-"]
    assert len(raw) == len(answers) > 1 and sum(check(codec.decode(body).root) for body in raw) > 20
    assert answers[0].header.version == "1.1" and answers[0].header.resp_uri
    assert answers[0].header.meta is not None and answers[0].header.meta.max_msg_size
    assert len(phone.items("contacts")) == 1
