"""SSH keys: what is accepted as one, and how it is recognised without being shown."""

import base64
import hashlib
import warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from assethub.domain.errors import Invalid

LONGEST = 16 << 10
WEAKEST_RSA = 2048
OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"
Key = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


def read_key(text: str) -> tuple[str, str]:
    """The key as OpenSSH keeps it, and its fingerprint, such as `ssh-ed25519 SHA256:…`. Invalid says what is wrong."""
    key = parsed(text.strip() + "\n")
    if isinstance(key, RSAPrivateKey) and key.key_size < WEAKEST_RSA:
        raise Invalid(f"This RSA key has {key.key_size} bits; make one with at least {WEAKEST_RSA}, or an Ed25519 key.")
    kept = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    kind, body = public.split()[:2]
    digest = base64.b64encode(hashlib.sha256(base64.b64decode(body)).digest()).decode().rstrip("=")
    return kept, f"{kind} SHA256:{digest}"


def parsed(text: str) -> Key:
    if len(text) > LONGEST:
        raise Invalid(f"This has {len(text)} characters; a private key has at most {LONGEST}.")
    if text.startswith(("ssh-", "ecdsa-")):
        raise Invalid("This is a public key; give the private key, the file without .pub.")
    if not text.startswith("-----BEGIN ") or "PRIVATE KEY-----" not in text:
        raise Invalid("This is not a private key; it begins with -----BEGIN OPENSSH PRIVATE KEY----- or the like.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old kinds of keys, which are refused below
            load = load_ssh_private_key if text.startswith(OPENSSH) else load_pem_private_key
            key = load(text.encode(), password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        if "encrypted" in str(error).lower() or "password" in str(error).lower():
            raise Invalid(
                "This key has a passphrase, which nobody could type for a run; make a key without one for the hub "
                "(ssh-keygen -t ed25519 -N '')."
            ) from None
        raise Invalid("This private key cannot be read; give the whole file as ssh-keygen wrote it.") from None
    if not isinstance(key, Key):
        raise Invalid("Git servers take Ed25519, ECDSA and RSA keys; this is another kind.")
    return key
