"""Challenge and response: the example of the formula, both ways, and what is malformed."""

from __future__ import annotations

import pytest

from minisyncml.errors import DecodeError
from minisyncml.obex import auth, codes, headers
from minisyncml.obex.headers import Headers

NONCE = bytes(range(16))
CHALLENGE = "4d00180010000102030405060708090a0b0c0d0e0f010100"
RESPONSE = "4e0015001082d59fb96d7d74afc3ab11c3bc77b2e7"


def test_the_example() -> None:
    assert auth.digest(NONCE, "1234").hex() == "82d59fb96d7d74afc3ab11c3bc77b2e7"
    challenge = auth.Challenge(NONCE)
    assert headers.encode(codes.CHALLENGE, auth.build_challenge(challenge)).hex() == CHALLENGE
    assert auth.parse_challenge(headers.parse(bytes.fromhex(CHALLENGE))) == challenge
    assert headers.encode(codes.RESPONSE, auth.build_proof(NONCE, "1234")).hex() == RESPONSE
    proof = auth.parse_proof(headers.parse(bytes.fromhex(RESPONSE)))
    assert auth.proves(proof, NONCE, "1234") and not auth.proves(proof, NONCE, "12345")
    assert not auth.proves(proof, b"", "1234") and not auth.proves(None, NONCE, "1234")


def test_user_and_realm() -> None:
    challenge = auth.Challenge(NONCE, True, "my phone")
    assert auth.parse_challenge(Headers([(codes.CHALLENGE, auth.build_challenge(challenge))])) == challenge
    wide = headers.build_tags([(0, NONCE), (2, b"\xff" + "ß€".encode("utf-16-be"))])
    assert auth.parse_challenge(Headers([(codes.CHALLENGE, wide)])) == auth.Challenge(NONCE, False, "ß€")
    proof = auth.parse_proof(Headers([(codes.RESPONSE, auth.build_proof(NONCE, "x", "a" * 30))]))
    assert proof is not None and proof.user == b"a" * 20


def test_a_proof_may_repeat_the_nonce() -> None:
    for echo, good in ((NONCE, True), (NONCE[::-1], False), (b"", True)):
        assert auth.proves(auth.Proof(auth.digest(NONCE, "1234"), b"", echo), NONCE, "1234") is good


def test_none_and_malformed() -> None:
    assert auth.parse_challenge(Headers()) is None and auth.parse_proof(Headers()) is None
    for value in (b"", b"\0\5short", b"\0\x10short"):
        with pytest.raises(DecodeError):
            auth.parse_challenge(Headers([(codes.CHALLENGE, value)]))
    with pytest.raises(DecodeError):
        auth.parse_proof(Headers([(codes.RESPONSE, b"\0\x10short")]))
    empty = auth.parse_proof(Headers([(codes.RESPONSE, b"")]))
    assert empty == auth.Proof(b"") and not auth.proves(empty, NONCE, "1234")
