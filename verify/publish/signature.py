"""The signature of a release: OpenSSF model signing with a key, nothing asked of a network."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from convert.formats.regular import read_bytes
from mappings.errors import PublishError
from verify.publish.sums import BOOKKEEPING, SUMS

SIGNATURE = "model.sig"
PASSWORD = "GLUONPORT_KEY_PASSWORD"
MAX_KEY = 1 << 16  # bytes: an elliptic-curve key in PEM has less than a thousandth of it


def sign(folder: Path, key: Path) -> None:
    """Sign every file of ``folder`` with a private EC key (PEM; P-256, P-384 or P-521).

    An encrypted key's password is taken from GLUONPORT_KEY_PASSWORD. The list of sums is left out,
    because it names the signature; it follows from the files. Raises PublishError for another key.
    """
    from model_signing import signing

    check_key(key)
    password = os.environ.get(PASSWORD)
    config: Any = signing.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_signer(private_key=key, password=password)
    config.set_hashing_config(_hashing()).sign(folder, folder / SIGNATURE)


def check_key(key: Path) -> Any:
    """The private key of a file, as a key that signs releases. Raises PublishError otherwise."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    password, data = os.environ.get(PASSWORD), read_bytes(key, MAX_KEY)
    try:
        private = load_pem_private_key(data, password.encode() if password else None)
    except (ValueError, TypeError) as error:
        raise PublishError(
            f"{key}: cannot be read as a private key ({error}): give an EC key in PEM, and the "
            f"password of an encrypted one in {PASSWORD}"
        ) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise PublishError(
            f"{key}: is no elliptic-curve key: make one with "
            f"'openssl ecparam -name prime256v1 -genkey -noout -out key.pem'"
        )
    return private


def public_pem(key: Path) -> bytes:
    """The public half of a private key, PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = (
        check_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return pem


def check_signature(folder: Path, public_key: bytes) -> None:
    """Check that ``folder`` is what the holder of the key (PEM) signed.

    Raises PublishError when it is not signed, by another key, or was changed since.
    """
    from model_signing import verifying

    signature = folder / SIGNATURE
    if not signature.is_file():
        raise PublishError(f"{folder}: is not signed: there is no {SIGNATURE}")
    config: Any = verifying.Config()  # type: ignore[no-untyped-call]
    with tempfile.NamedTemporaryFile(suffix=".pem") as held:
        held.write(public_key)
        held.flush()
        try:
            config.use_elliptic_key_verifier(public_key=held.name)
        except Exception as error:  # whatever a file that is no key makes its readers raise
            raise PublishError(
                f"the public key is none: give an EC key in PEM ({error})"
            ) from error
    try:
        # A hub's cache holds its files as links, and its downloader keeps notes beside them.
        hashing = _hashing(*("/".join(parts) for parts in BOOKKEEPING)).set_allow_symlinks(True)
        config.set_hashing_config(hashing).verify(folder, signature)
    except Exception as error:  # a damaged bundle fails in whatever reads it first
        said = " ".join(str(error).split()) or type(error).__name__
        raise PublishError(f"{signature}: is not of this folder by this key: {said}") from error


def _hashing(*more_ignored: str) -> Any:
    from model_signing import hashing

    config: Any = hashing.Config()  # type: ignore[no-untyped-call]
    config.use_file_serialization(hashing_algorithm="sha256")
    return config.set_ignored_paths(paths=[SIGNATURE, SUMS, *more_ignored], ignore_git_paths=True)
