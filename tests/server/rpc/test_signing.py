import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rpc.signing import Refusal, TokenError, TokenKind, TokenSigner, digest

BINDING = digest(b"this request")
SIGNER = TokenSigner(b"k" * 32)


def _seal(body: bytes = b"body") -> str:
    return SIGNER.seal(TokenKind.SEARCH, body, binding=BINDING, expires_seconds=1_000)


@given(st.binary(max_size=2_000))
def test_what_is_sealed_is_opened_by_every_replica(body: bytes) -> None:
    replica = TokenSigner(b"k" * 32)
    opened = replica.open(TokenKind.SEARCH, _seal(body), binding=BINDING, now_seconds=999)
    assert (opened.body, opened.expires_seconds) == (body, 1_000)


@given(st.data())
def test_no_edited_token_is_opened(data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(_seal()))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    edited = base64.urlsafe_b64encode(bytes(raw)).decode()
    with pytest.raises(TokenError) as caught:
        SIGNER.open(TokenKind.SEARCH, edited, binding=BINDING, now_seconds=0)
    assert caught.value.refusal is Refusal.MALFORMED


@given(st.text(max_size=300))
def test_no_other_text_is_opened(token: str) -> None:
    with pytest.raises(TokenError) as caught:
        SIGNER.open(TokenKind.SEARCH, token, binding=BINDING, now_seconds=0)
    assert caught.value.refusal is Refusal.MALFORMED


@pytest.mark.parametrize(
    ("signer", "kind", "binding", "now", "refusal"),
    [
        (TokenSigner(b"x" * 32), TokenKind.SEARCH, BINDING, 0, Refusal.MALFORMED),
        (SIGNER, TokenKind.LIST, BINDING, 0, Refusal.MALFORMED),
        (SIGNER, TokenKind.SEARCH, digest(b"another"), 0, Refusal.OTHER_BINDING),
        (SIGNER, TokenKind.SEARCH, BINDING, 1_000, Refusal.EXPIRED),
    ],
)
def test_what_a_token_is_not_for(
    signer: TokenSigner, kind: TokenKind, binding: bytes, now: int, refusal: Refusal
) -> None:
    with pytest.raises(TokenError) as caught:
        signer.open(kind, _seal(), binding=binding, now_seconds=now)
    assert caught.value.refusal is refusal


def test_a_token_of_a_million_characters_is_not_looked_at() -> None:
    with pytest.raises(TokenError):
        SIGNER.open(TokenKind.SEARCH, "A" * 1_000_001, binding=BINDING, now_seconds=0)
