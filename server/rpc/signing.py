"""Opaque tokens: bytes that a caller carries for us and that nobody else can have written.

Layout before base64: version (1 byte), kind (1), expiry in Unix seconds (8, big endian), digest of
what the token is bound to (16), HMAC-SHA256 of all the rest (32), body as a zlib stream.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import zlib
from dataclasses import dataclass
from enum import Enum, IntEnum

_VERSION = 2
_HEADER = struct.Struct(">BBQ16s")
_MAC_BYTES = 32
_MOST_CHARACTERS = 1_000_000
_STORED, _FAST = 0, 1


class TokenKind(IntEnum):
    """What a token is for; one kind is never taken for another."""

    SEARCH = 1
    LIST = 2


class Refusal(Enum):
    """Why a token is not taken."""

    MALFORMED = "malformed"
    OTHER_BINDING = "other_binding"
    EXPIRED = "expired"


class TokenError(Exception):
    """A token that is not ours, not for this, or too old."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a token carried, and until when it may be shown again (Unix seconds)."""

    body: bytes
    expires_seconds: int


def digest(content: bytes) -> bytes:
    """16 bytes that stand for what a token is bound to."""
    return hashlib.blake2b(content, digest_size=16).digest()


class TokenSigner:
    """Writes and reads tokens under one key; replicas that share the key read each other's."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(
        self,
        kind: TokenKind,
        body: bytes,
        *,
        binding: bytes,
        expires_seconds: int,
        compress: bool = True,
    ) -> str:
        """A token for ``body``, bound to the 16 bytes ``binding``.

        Without ``compress`` it is as long as the body: for what does not get shorter.
        """
        header = _HEADER.pack(_VERSION, kind, expires_seconds, binding)
        packed = zlib.compress(body, _FAST if compress else _STORED)
        return base64.urlsafe_b64encode(header + self._mac(header, packed) + packed).decode()

    def open(self, kind: TokenKind, token: str, *, binding: bytes, now_seconds: float) -> Opened:
        """What `seal` was given.

        Raises:
            TokenError: Not written under this key for this kind, bound to something else, or
                expired.
        """
        raw = _decoded(token)
        header, rest = raw[: _HEADER.size], raw[_HEADER.size :]
        mac, packed = rest[:_MAC_BYTES], rest[_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(header, packed)):
            raise TokenError(Refusal.MALFORMED)
        version, found_kind, expires_seconds, found_binding = _HEADER.unpack(header)
        if (version, found_kind) != (_VERSION, kind):
            raise TokenError(Refusal.MALFORMED)
        if found_binding != binding:
            raise TokenError(Refusal.OTHER_BINDING)
        if now_seconds >= expires_seconds:
            raise TokenError(Refusal.EXPIRED)
        return Opened(body=zlib.decompress(packed), expires_seconds=expires_seconds)

    def _mac(self, header: bytes, packed: bytes) -> bytes:
        return hmac.digest(self._key, header + packed, "sha256")


def _decoded(token: str) -> bytes:
    if len(token) > _MOST_CHARACTERS:
        raise TokenError(Refusal.MALFORMED)
    try:
        raw = base64.b64decode(token.encode(), altchars=b"-_", validate=True)
    except binascii.Error:
        raise TokenError(Refusal.MALFORMED) from None
    if len(raw) < _HEADER.size + _MAC_BYTES:
        raise TokenError(Refusal.MALFORMED)
    return raw
