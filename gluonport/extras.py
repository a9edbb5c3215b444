"""The packages that the light install does not have, and how to install them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gluonport.rooms import HOME
from mappings.errors import GluonportError

EXTRAS = {
    **dict.fromkeys(("torch", "cv2", "PIL", "jinja2", "markupsafe"), "verify"),
    "huggingface_hub": "hub",
    **dict.fromkeys(("pyarrow", "google_crc32c", "zstandard"), "datasets"),
    **dict.fromkeys(("fsspec", "s3fs", "gcsfs"), "cloud"),
    **dict.fromkeys(("model_signing", "cryptography", "OpenSSL"), "publish"),
}
"""The extra that installs each package that the light install does not have."""

PUBLISHING = {
    package: "publish" if extra in ("verify", "hub") else extra for package, extra in EXTRAS.items()
}
"""The same for releases: gluonport[publish] has what [verify] and [hub] have."""


class MissingPackageError(GluonportError, ModuleNotFoundError):
    """A package of an extra that is not installed."""


def install_command(extra: str) -> str:
    """The command that installs an extra: in a checkout, in an environment that 'uv tool' or pipx
    made, or in any other."""
    if (HOME / "pyproject.toml").is_file():
        return f"uv sync --extra {extra}"
    if (Path(sys.prefix) / "uv-receipt.toml").is_file():
        return f"uv tool install 'gluonport[{extra}]'"
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return f"pipx runpip gluonport install 'gluonport[{extra}]'"
    return f"pip install 'gluonport[{extra}]'"


def how_to_install(error: ImportError, extras: dict[str, str] = EXTRAS) -> str | None:
    """What is said of a package that cannot be imported, if an extra installs it."""
    package = (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or (extra := extras.get(package)) is None:
        return None
    return f"the package {package}, which gluonport[{extra}] installs: {install_command(extra)}"


@contextmanager
def telling_the_extra() -> Iterator[None]:
    """Raise MissingPackageError for a missing package that an extra installs."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (needed := how_to_install(error)) is None:
            raise
        raise MissingPackageError(f"this needs {needed}", name=error.name) from error
