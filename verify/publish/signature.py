"""The signature of a release: OpenSSF model signing with a key, without any network access."""

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
MAX_KEY = 1 << 16  # bytes: an elliptic-curve key in PEM has less than a hundredth of it


def sign(folder: Path, key: Path) -> None:
    """Sign every file of ``folder`` with a private EC key (PEM; P-256, P-384 or P-521).

    The password of an encrypted key is read from GLUONPORT_KEY_PASSWORD. The list of sums is not
    signed, because it contains the signature's sum. Raises PublishError for another kind of key.
    """
    from model_signing import signing

    check_key(key)
    password = os.environ.get(PASSWORD)
    config: Any = signing.Config()  # type: ignore[no-untyped-call]
    config.use_elliptic_key_signer(private_key=key, password=password)
    config.set_hashing_config(_hashing()).sign(folder, folder / SIGNATURE)


def check_key(key: Path) -> Any:
    """The private key in a file. Raises PublishError if it cannot sign releases."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    password, data = os.environ.get(PASSWORD), read_bytes(key, MAX_KEY)
    try:
        private = load_pem_private_key(data, password.encode() if password else None)
    except (ValueError, TypeError) as error:
        raise PublishError(
            f"{key}: the file cannot be read as a private key ({error}): give an EC key in PEM, "
            f"and the password of an encrypted key in {PASSWORD}"
        ) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise PublishError(
            f"{key}: the key is not an elliptic-curve key: make one with "
            f"'openssl ecparam -name prime256v1 -genkey -noout -out key.pem'"
        )
    return private


def public_pem(key: Path) -> bytes:
    """The public half of a private key, in PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem: bytes = (
        check_key(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return pem


def check_signature(folder: Path, public_key: bytes) -> None:
    """Check that ``folder`` is what the holder of the key (PEM) signed.

    Raises PublishError if it is not signed, is signed with another key, or was changed afterwards.
    """
    from model_signing import verifying

    signature = folder / SIGNATURE
    if not signature.is_file():
        raise PublishError(
            f"{folder}: the release is not signed: {SIGNATURE} is missing: check it without --key, "
            "or ask its publisher for the signed release"
        )
    config: Any = verifying.Config()  # type: ignore[no-untyped-call]
    with tempfile.NamedTemporaryFile(suffix=".pem") as held:
        held.write(public_key)
        held.flush()
        try:
            config.use_elliptic_key_verifier(public_key=held.name)
        except Exception as error:  # the readers of a file that is not a key raise anything
            raise PublishError(
                f"the public key cannot be read: give an EC key in PEM ({error})"
            ) from error
    try:
        # The hub's cache holds files as links, and its downloader writes notes beside them.
        hashing = _hashing(*("/".join(parts) for parts in BOOKKEEPING)).set_allow_symlinks(True)
        config.set_hashing_config(hashing).verify(folder, signature)
    except Exception as error:  # the readers of a damaged signature raise anything
        said = " ".join(str(error).split()) or type(error).__name__
        raise PublishError(
            f"{signature}: this is not a signature of this folder with this key: {said}"
        ) from error


def _hashing(*more_ignored: str) -> Any:
    from model_signing import hashing

    config: Any = hashing.Config()  # type: ignore[no-untyped-call]
    config.use_file_serialization(hashing_algorithm="sha256")
    return config.set_ignored_paths(paths=[SIGNATURE, SUMS, *more_ignored], ignore_git_paths=True)
