"""Token tables and public identifiers of WBXML as SyncML uses it: the only place that holds them.

The C tables are generated from this file. Sources: Representation Protocol 1.2.2, Meta Information 1.2.2, Device
Information 1.2. The 1.2 tables serve all versions: they only grew.
"""

from __future__ import annotations

#: code page 0 of a SyncML document
SYNCML: "dict[str, int]" = {name: 0x05 + i for i, name in enumerate(
    "Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName LocURI Map "
    "MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel Source "
    "SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData Field "
    "Filter Record FilterType SourceParent TargetParent Move Correlator".split()) if name != "-"}

#: code page 1 of a SyncML document
METINF: "dict[str, int]" = {name: 0x05 + i for i, name in enumerate(
    "Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type Version "
    "MaxObjSize FieldLevel".split())}

#: code page 2 in the first SyncML 1.0 text (December 2000); decoded, never written
METINF_10: "dict[str, int]" = {name: 0x05 + i for i, name in enumerate(
    "Anchor Format Last Mark MetInf Next NextNonce Size Type Version MaxMsgSize".split())}

#: code page 0 of a DevInf document; 0x1C is Size before 1.2
DEVINF: "dict[str, int]" = {name: 0x05 + i for i, name in enumerate(
    "CTCap CTType DataStore DataType DevID DevInf DevTyp DisplayName DSMem Ext FwV HwV Man MaxGUIDSize MaxID MaxMem "
    "Mod OEM ParamName PropName Rx Rx-Pref SharedMem MaxSize SourceRef SwV SyncCap SyncType Tx Tx-Pref ValEnum VerCT "
    "VerDTD XNam XVal UTC SupportNumberOfChanges SupportLargeObjs Property PropParam MaxOccur NoTruncate - Filter-Rx "
    "FilterCap FilterKeyword FieldLevel SupportHierarchicalSync".split()) if name != "-"}

#: DevInf token whose name depends on the version
DEVINF_SIZE = 0x1C

#: (kind, SyncML version) -> numeric public identifier; MetInf documents have one in 1.2 only
PUBLIC_IDS: "dict[tuple[str, str], int]" = {
    ("syncml", "1.0"): 0x0FD1, ("devinf", "1.0"): 0x0FD2,
    ("syncml", "1.1"): 0x0FD3, ("devinf", "1.1"): 0x0FD4,
    ("syncml", "1.2"): 0x1201, ("metinf", "1.2"): 0x1202, ("devinf", "1.2"): 0x1203,
}

#: (kind, SyncML version) of each numeric public identifier
PUBLIC: "dict[int, tuple[str, str]]" = {number: key for key, number in PUBLIC_IDS.items()}

#: XML namespace of each kind of document; SyncML has one for each version
NAMESPACES: "dict[str, str]" = {"syncml": "SYNCML:SYNCML", "devinf": "syncml:devinf", "metinf": "syncml:metinf"}

#: IANA MIBenum -> Python codec, for charsets that are neither UTF-8 nor a subset of it
CHARSETS: "dict[int, str]" = {
    4: "iso8859-1", 5: "iso8859-2", 6: "iso8859-3", 7: "iso8859-4", 8: "iso8859-5", 9: "iso8859-6", 10: "iso8859-7",
    11: "iso8859-8", 12: "iso8859-9", 17: "shift_jis", 1000: "utf-16-be", 1013: "utf-16-be", 1014: "utf-16-le",
    1015: "utf-16-be", 2026: "big5", 2250: "cp1250", 2251: "cp1251", 2252: "cp1252",
}

#: UTF-8, US-ASCII and "unknown", which is read as UTF-8
UTF8_CHARSETS = frozenset((0, 3, 106))

UTF8 = 106

# global tokens, valid in every code page
SWITCH_PAGE, END, ENTITY, STR_I, LITERAL, PI, STR_T, OPAQUE = 0x00, 0x01, 0x02, 0x03, 0x04, 0x43, 0x83, 0xC3
CONTENT, ATTRIBUTES = 0x40, 0x80


def public_of(fpi: str) -> "tuple[str, str]":
    """What a formal public identifier names; spelling variants of the family and any case are taken.

    :param fpi: for example ``-//SYNCML//DTD SyncML 1.1//EN``
    :returns: (kind, version), ("", "") when it names nothing known
    """
    words = fpi.upper().split("DTD ")[-1].split("//")[0].split()
    if len(words) != 2:
        return "", ""
    name, version = words
    for part, kind in (("DEVINF", "devinf"), ("METINF", "metinf"), ("METAINF", "metinf"), ("SYNCML", "syncml")):
        if part in name:
            return (kind, version[:3]) if version[:3] in ("1.0", "1.1", "1.2") else ("", "")
    return "", ""


def fpi_of(kind: str, version: str) -> str:
    """The formal public identifier of a document.

    :param kind: "syncml", "devinf" or "metinf"
    :param version: "1.0", "1.1" or "1.2"
    :returns: the identifier
    """
    name = {"syncml": "SyncML", "devinf": "DevInf", "metinf": "MetInf"}[kind]
    return f"-//SYNCML//DTD {name} {version}//EN"
