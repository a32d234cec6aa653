"""Secrets that the database keeps sealed: the key is made from the hub's own secret, which lies outside of it."""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assethub.domain.errors import Damaged

FORM = b"\x01"  # AES-256-GCM: this byte, the nonce, the sealed text
NONCE = 12


def cipher(secret: bytes, purpose: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=None, info=f"assethub {purpose}".encode()).derive(secret))


def seal(secret: bytes, purpose: str, text: str, bound: str) -> bytes:
    """The text, sealed; it opens for the same purpose, and beside the same `bound`, alone."""
    nonce = secrets.token_bytes(NONCE)
    return FORM + nonce + cipher(secret, purpose).encrypt(nonce, text.encode(), bound.encode())


def unseal(secret: bytes, purpose: str, sealed: bytes, bound: str) -> str:
    nonce, content = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
    try:
        if sealed[:1] != FORM:
            raise InvalidTag
        return cipher(secret, purpose).decrypt(nonce, content, bound.encode()).decode()
    except InvalidTag:
        raise Damaged(
            "What was sealed does not open: it was changed, or the hub's file `secret` is another one than then."
        ) from None
