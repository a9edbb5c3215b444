"""Why a model hub did not give a file, in our own words.

A server's words are not repeated: they may hold anything, even the token of the request.
"""

from __future__ import annotations

import errno

from convert.sources.hub_name import HubFile
from mappings.errors import DownloadError

MEANINGS = {
    400: "it does not accept the request",
    401: "it does not accept the token: check HF_TOKEN or run 'hf auth login'",
    403: "the token may not read the repository: check HF_TOKEN and the conditions on its page",
    404: "it has no such repository or file, or the token may not read it",
    408: "it is too slow: try later",
    429: "too many requests: try later, or with a token in HF_TOKEN",
}
BUSY = "it is not available: try later"
LOGIN = "set HF_TOKEN or run 'hf auth login'"


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error of the hub's library is about."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def is_unreachable(error: BaseException) -> bool:
    """Whether the hub gave no answer of its own: another time it may."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    status = status_of(error)
    if status is not None:
        return status >= 500 or status in (408, 429)
    if "ProxyError" in _kinds(error):
        return False
    return isinstance(error, OfflineModeIsEnabled) or "TransportError" in _kinds(error)


def refusal(wanted: HubFile, error: BaseException) -> DownloadError:
    """The error for a request that failed, with what to do."""
    return DownloadError(f"{wanted}: {why(wanted, error)}")


def why(wanted: HubFile, error: BaseException) -> str:
    """The reason alone."""
    from huggingface_hub import errors

    status = status_of(error)
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, and the file is not in the cache: unset it, or fetch it once"
    if isinstance(error, errors.GatedRepoError):
        return f"the repository is gated: accept the conditions on its page, and {LOGIN}"
    if isinstance(error, errors.DisabledRepoError):
        return "the repository was disabled by the hub"
    if isinstance(error, errors.RepositoryNotFoundError):
        return (
            f"the hub has no repository {wanted.repository}, or it is private: check the name; "
            f"for a private one {LOGIN}"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"the repository has no revision {wanted.revision or 'main'}: check the name"
    if isinstance(error, errors.EntryNotFoundError) and status is not None:
        return "the hub lists the file and does not have it: try later, or another revision"
    if status is not None:
        meaning = BUSY if status >= 500 else MEANINGS.get(status, "unexpected of a hub")
        return f"the hub answered HTTP {status} ({meaning})"
    if "ProxyError" in _kinds(error):
        return "the proxy does not let the request through: check HTTPS_PROXY and NO_PROXY"
    if "TransportError" in _kinds(error):
        return f"the hub cannot be reached ({_cause(error)}): check the network and HF_ENDPOINT"
    if isinstance(error, OSError) and error.errno is not None:
        full = "; free some, or name another place in HF_HOME" * (error.errno == errno.ENOSPC)
        return f"the hub's cache cannot be written ({error.strerror}){full}"
    if isinstance(error, OSError) and str(error).startswith("Consistency check failed"):
        return "the file did not arrive whole: try again"
    return f"it does not answer like a hub ({type(error).__name__}): check HF_ENDPOINT"


def _kinds(error: BaseException) -> set[str]:
    """The names of an error's classes: those of the library's HTTP client, whose package has had
    two names."""
    return {kind.__name__ for kind in type(error).__mro__}


def _cause(error: BaseException) -> str:
    """The system's word for it, or the kind of error."""
    cause: BaseException = error
    while (below := cause.__cause__ or cause.__context__) is not None:
        cause = below
    said = cause.strerror if isinstance(cause, OSError) else None
    return said or type(error).__name__
