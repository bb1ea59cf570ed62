"""Packets as they stand on the wire, and what they say (SyncML OBEX binding; the sizes are those of real sessions)."""

from __future__ import annotations

from minisyncml.obex import codes

MESSAGE = bytes(range(139))
TYPE = b"application/vnd.syncml+wbxml\0"
BLOCK = "cb00000001" + "420020" + TYPE.hex()

#: opcode, bytes before the headers, headers, hex
REQUESTS = [
    (codes.CONNECT, bytes.fromhex("10002000"), [(codes.TARGET, codes.SYNCML)],
     "80001510002000" + "46000e53594e434d4c2d53594e43"),
    (codes.CONNECT, bytes.fromhex("10000400"), [], "80000710000400"),
    (codes.CONNECT, bytes.fromhex("10000400"), [(codes.TARGET, codes.FOLDERS)],
     "80001a10000400" + "460013f9ec7bc4953c11d2984e525400dc9e09"),
    (codes.PUT, b"", [(codes.CONNECTION, 1), (codes.TYPE, TYPE), (codes.LENGTH, 139), (codes.BODY, MESSAGE[:100])],
     "020094" + BLOCK + "c30000008b" + "480067" + MESSAGE[:100].hex()),
    (codes.PUT_FINAL, b"", [(codes.END_OF_BODY, MESSAGE[100:])], "82002d" + "49002a" + MESSAGE[100:].hex()),
    (codes.GET_FINAL, b"", [(codes.CONNECTION, 1), (codes.TYPE, TYPE)], "830028" + BLOCK),
    (codes.GET_FINAL, b"", [], "830003"),
    (codes.DISCONNECT, b"", [(codes.CONNECTION, 1)], "810008" + "cb00000001"),
    (codes.ABORT, b"", [(codes.CONNECTION, int.from_bytes(b"ATZ\r", "big"))], "ff0008" + "cb41545a0d"),
    (codes.SETPATH, b"\2\0", [(codes.CONNECTION, 1), (codes.NAME, "sub")],
     "8500150200" + "cb00000001" + "01000b0073007500620000"),
    (codes.SETPATH, b"\2\0", [(codes.NAME, ""), (codes.CONNECTION, 1)], "85000d0200" + "010003" + "cb00000001"),
    (codes.PUT_FINAL, b"", [(codes.NAME, "ü€"), (codes.DESCRIPTION, "x"), (codes.TIME, b"20300101T120000Z"),
                            (codes.COUNT, 2), (0x93, 7), (codes.APPLICATION, b"\1\2ab")],
     "820034" + "01000900fc20ac0000" + "05000700780000" + "440013" + b"20300101T120000Z".hex() + "c000000002"
     + "93074c000701026162"),
]

#: the request it answers, code, bytes before the headers, headers, hex
RESPONSES = [
    (codes.CONNECT, codes.OK, bytes.fromhex("10000400"), [(codes.CONNECTION, 1), (codes.WHO, codes.SYNCML)],
     "a0001a10000400" + "cb00000001" + "4a000e53594e434d4c2d53594e43"),
    (codes.CONNECT, codes.NOT_FOUND, b"", [], "c40003"),
    (codes.CONNECT, codes.UNAVAILABLE, bytes.fromhex("10000400"), [], "d3000710000400"),
    (codes.CONNECT, codes.UNAUTHORIZED, bytes.fromhex("10000400"),
     [(codes.CHALLENGE, bytes.fromhex("0010000102030405060708090a0b0c0d0e0f010100"))],
     "c1001f10000400" + "4d00180010000102030405060708090a0b0c0d0e0f010100"),
    (codes.PUT, codes.CONTINUE, b"", [], "900003"),
    (codes.PUT, codes.OK, b"", [(codes.APPLICATION, b"\1\0040011\2\0018")], "a0000f4c000c010430303131020138"),
    (codes.GET, codes.OK, b"", [(codes.LENGTH, 3), (codes.END_OF_BODY, b"abc")],
     "a0000e" + "c300000003" + "490006616263"),
    (codes.DISCONNECT, codes.OK, b"", [], "a00003"),
]
