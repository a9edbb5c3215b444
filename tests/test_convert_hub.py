"""Checkpoints from a hub on loopback, fetched by the real huggingface_hub."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from huggingface_hub import constants
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import gluonport
from convert.sources import hub_pace, pace
from gluonport.commands.main import main
from tests.support.hub import ECHO, TOKEN, Hub, Wrong, loopback_hub

NAME = "gluon_seresnext8_digits"
REPOSITORY = "timm/digits.gluon_in1k"
SOURCE = f"hf-hub:{REPOSITORY}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packaged sample, converted: under timm's names, as timm's ports are."""
    folder = tmp_path_factory.mktemp("sample")
    gluonport.convert(NAME, folder / "model.safetensors")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    return folder


@pytest.fixture(scope="module")
def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The hub's cache, as HF_HUB_CACHE names it when the library is imported."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, weights: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the library waits between attempts
    with loopback_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        server.hold(REPOSITORY, {"model.safetensors": weights, "README.md": b"a port"})
        yield server


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def convert(out: Path, source: str = SOURCE, *options: str) -> Result:
    return run("convert", "auto", out, "--from", source, *options)


def refused(result: Result, *words: str) -> bool:
    """Whether a command ended with one line on stderr that has these words."""
    one = result.exit_code == 1 and result.stderr.startswith("error: ")
    return one and result.stderr.count("\n") == 1 and all(word in result.stderr for word in words)


def kept(cache: Path) -> list[str]:
    """The contents in the cache, and what is left of downloads."""
    files = [p for p in cache.rglob("blobs/*") if p.is_file()]
    return sorted(path.name for path in files)


def test_a_checkpoint_is_converted_and_its_origin_recorded(
    hub: Hub, weights: bytes, tmp_path: Path
) -> None:
    out, commit = tmp_path / "out.safetensors", hub.commit(REPOSITORY)
    result = convert(out)
    assert result.exit_code == 0, result.output
    exact = f"{SOURCE}@{commit}:model.safetensors"
    assert f"fetched     {exact}\n" in result.stdout
    record = json.loads((tmp_path / "out.provenance.json").read_text())
    assert record["source_hub"] == {
        "repository": REPOSITORY,
        "revision": commit,
        "file": "model.safetensors",
    }
    assert record["source_sha256"] == sha256(weights).hexdigest()
    assert record["source_url"] == f"{hub.url}/{REPOSITORY}/resolve/{commit}/model.safetensors"
    assert record["fetched"] == exact
    assert out.read_bytes() == weights


def test_looking_and_comparing_take_it(hub: Hub, folder: Path) -> None:
    found = json.loads(run("inspect", SOURCE, "--json").stdout)
    assert found["model"] == NAME and found["fetched"].startswith(f"{SOURCE}@")
    assert run("verify", "tensors", SOURCE, folder / "model.safetensors").exit_code == 0
    assert len(gluonport.load_arrays(SOURCE)) == 64


@pytest.mark.exhaustive
def test_the_commands_that_run_a_network_take_it(hub: Hub, folder: Path, tmp_path: Path) -> None:
    own = folder / "model.safetensors"
    out = tmp_path / "o.safetensors"
    assert convert(out).exit_code == 0
    assert run("verify", "parity", NAME, "--checkpoint", out).exit_code == 0  # by its provenance
    parity = run("verify", "parity", NAME, "--checkpoint", own, "--from", SOURCE)
    assert parity.exit_code == 0, parity.output
    assert gluonport.create_model(NAME, SOURCE).num_classes == 10
    assert not gluonport.load(SOURCE).training
    scan = Path(gluonport.__file__).parents[1] / "tests" / "preprocessing"
    image = next(path for path in sorted(scan.rglob("*.png")))
    answer = run("predict", SOURCE, image, "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["model"] == NAME


@pytest.mark.parametrize("name", [NAME, "graph"])
def test_where_a_source_that_is_gone_was_fetched_is_said(
    hub: Hub, cache: Path, tmp_path: Path, name: str
) -> None:
    out, source = tmp_path / "o.safetensors", SOURCE
    if name == "graph":
        hold_graph(hub, tmp_path)
        source = "hf-hub:o/graph"
    assert convert(out, source).exit_code == 0
    again = json.loads(out.with_name("o.provenance.json").read_text())["fetched"]
    assert again.startswith(f"{source}@")
    shutil.rmtree(cache)
    result = run("verify", "parity", name, "--checkpoint", out)
    assert refused(result, f"with --from {again}"), result.output
    assert convert(tmp_path / "p.safetensors", again).exit_code == 0


def test_a_pickle_is_read_by_our_own_reader_alone(
    hub: Hub, folder: Path, weights: bytes, tmp_path: Path
) -> None:
    hub.hold("o/pickled", {"pytorch_model.bin": (folder / "pytorch_model.bin").read_bytes()})
    assert convert(tmp_path / "o.safetensors", "hf-hub:o/pickled").exit_code == 0
    assert (tmp_path / "o.safetensors").read_bytes() == weights

    class Act:
        def __reduce__(self) -> Any:
            return (Path.write_text, (tmp_path / "acted", "yes"))

    torch.save({"state_dict": Act()}, tmp_path / "hostile.bin")
    hub.hold("o/hostile", {"pytorch_model.bin": (tmp_path / "hostile.bin").read_bytes()})
    assert refused(convert(tmp_path / "h.safetensors", "hf-hub:o/hostile"), "pytorch_model.bin")
    assert not (tmp_path / "acted").exists() and not (tmp_path / "h.safetensors").exists()


def test_shards_are_fetched_with_their_index(
    hub: Hub, folder: Path, weights: bytes, tmp_path: Path
) -> None:
    state = load_file(folder / "model.safetensors")
    names, shards, index = list(state), {}, {}
    for number, part in ((1, names[:30]), (2, names[30:])):
        shard = f"model-0000{number}-of-00002.safetensors"
        save_file({name: state[name] for name in part}, tmp_path / shard, {"format": "pt"})
        shards[shard] = (tmp_path / shard).read_bytes()
        index |= dict.fromkeys(part, shard)
    text = json.dumps({"metadata": {}, "weight_map": index}).encode()
    hub.hold("o/sharded", {**shards, "model.safetensors.index.json": text})
    assert convert(tmp_path / "o.safetensors", "hf-hub:o/sharded").exit_code == 0
    assert (tmp_path / "o.safetensors").read_bytes() == weights
    record = json.loads((tmp_path / "o.provenance.json").read_text())
    assert record["source_shards"] == {n: sha256(data).hexdigest() for n, data in shards.items()}
    hub.hold("o/lacking", {"model.safetensors.index.json": text})
    lacking = convert(tmp_path / "l.safetensors", "hf-hub:o/lacking")
    assert refused(lacking, "model-00001-of-00002.safetensors", "is not beside the index")


def test_a_revision_is_a_branch_a_tag_or_a_commit(hub: Hub, tmp_path: Path) -> None:
    commit = hub.commit(REPOSITORY)
    for number, revision in enumerate(("main", "v1", commit)):
        out = tmp_path / f"{number}.safetensors"
        assert convert(out, f"{SOURCE}@{revision}").exit_code == 0
        record = json.loads(out.with_suffix("").with_suffix(".provenance.json").read_text())
        assert record["source_hub"]["revision"] == commit
    missing = convert(tmp_path / "m.safetensors", f"{SOURCE}@v2")
    assert refused(missing, "the repository has no revision v2")


def test_a_commit_in_the_cache_needs_no_hub(hub: Hub, cache: Path, tmp_path: Path) -> None:
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    hub.requests.clear()
    exact = json.loads((tmp_path / "1.provenance.json").read_text())["fetched"]
    assert convert(tmp_path / "2.safetensors", exact).exit_code == 0
    assert hub.requests == []
    assert convert(tmp_path / "3.safetensors").exit_code == 0
    assert hub.asked("GET", "/objects/") == 0  # asked for the branch, and nothing was sent again


def test_a_branch_that_moved_is_fetched_again(hub: Hub, folder: Path, tmp_path: Path) -> None:
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    state = load_file(folder / "model.safetensors")
    state["fc.bias"] += 1
    save_file(state, tmp_path / "other.safetensors", {"format": "pt"})
    commit = hub.hold(
        REPOSITORY, {"model.safetensors": (tmp_path / "other.safetensors").read_bytes()}
    )
    assert convert(tmp_path / "2.safetensors").exit_code == 0
    record = json.loads((tmp_path / "2.provenance.json").read_text())
    assert record["source_hub"]["revision"] == commit
    with safe_open(tmp_path / "2.safetensors", "pt") as found:
        assert torch.equal(found.get_tensor("fc.bias"), state["fc.bias"])


def test_a_hub_that_does_not_answer_leaves_the_cache(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    hub.wrong["listing"] = Wrong(503)
    result = convert(tmp_path / "2.safetensors")
    assert result.exit_code == 0, result.output
    with socket.socket() as deaf:  # a port that is taken and where nobody listens
        deaf.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        assert convert(tmp_path / "3.safetensors").exit_code == 0
        nowhere = convert(tmp_path / "4.safetensors", "hf-hub:o/unknown")
        assert refused(nowhere, "the hub cannot be reached (Connection refused)")


def test_offline_only_the_cache_is_asked(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    hub.requests.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # as HF_HUB_OFFLINE sets it at import
    result = convert(tmp_path / "2.safetensors")
    assert result.exit_code == 0 and not result.stderr
    unknown = convert(tmp_path / "3.safetensors", "hf-hub:o/unknown")
    assert refused(unknown, "HF_HUB_OFFLINE is set, and the file is not in the cache")
    other = convert(tmp_path / "3.safetensors", f"{SOURCE}:other.bin")
    assert refused(other, "as far as it is cached, the repository has no such file")
    assert hub.requests == []


def test_a_token_reads_a_private_repository_and_goes_nowhere_else(
    hub: Hub, weights: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.private.add(REPOSITORY)
    secret = convert(tmp_path / "1.safetensors")
    assert refused(secret, "no repository timm/digits.gluon_in1k, or it is private", "HF_TOKEN")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.tokens.clear()
    result = convert(tmp_path / "2.safetensors")
    assert result.exit_code == 0, result.output
    for path, token in hub.tokens.items():  # large files are on another host
        assert token == (None if path.startswith("/objects/") else f"Bearer {TOKEN}"), path
    assert TOKEN not in result.output + (tmp_path / "2.provenance.json").read_text()


@pytest.mark.exhaustive
def test_a_release_that_was_pushed_comes_back(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.releases import converted, publish, write_accuracy

    checkpoint = converted(tmp_path)
    write_accuracy(checkpoint)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert publish(NAME, checkpoint, tmp_path / "release", "--push", "me/digits").exit_code == 0
    result = convert(tmp_path / "back.safetensors", "hf-hub:me/digits")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "back.safetensors").read_bytes() == checkpoint.read_bytes()
    from gluonport.commands.fetching import here, release_or_file

    fetched = release_or_file(here("hf-hub:me/digits"))
    assert fetched.is_dir() and (fetched / "config.json").exists()


def hold_graph(hub: Hub, tmp_path: Path) -> None:
    """Let the hub hold a graph, with parameters of two epochs."""
    from tests.support.hub import LARGE

    symbol = {
        "nodes": [
            {"op": "null", "name": "data", "inputs": []},
            {"op": "null", "name": "fc_weight", "inputs": []},
            {"op": "null", "name": "fc_bias", "inputs": []},
            {
                "op": "FullyConnected",
                "name": "fc",
                "attrs": {"num_hidden": "2"},
                "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 0]],
            },
        ],
        "arg_nodes": [0, 1, 2],
        "node_row_ptr": [0, 1, 2, 3, 4],
        "heads": [[3, 0, 0]],
        "attrs": {"mxnet_version": ["int", 10901]},
    }
    import numpy as np

    from convert.formats.write_params import write_params

    assert ".params" in LARGE
    for number in (1, 2):
        arrays = {
            "arg:fc_weight": np.full((2, 3), number, "float32"),
            "arg:fc_bias": np.zeros(2, "float32"),
        }
        write_params(tmp_path / f"net-000{number}.params", arrays)
    hub.hold(
        "o/graph",
        {
            "net-symbol.json": json.dumps(symbol).encode(),
            **{p.name: p.read_bytes() for p in tmp_path.glob("net-*.params")},
        },
    )


def test_a_graph_is_fetched_with_its_parameters(hub: Hub, tmp_path: Path) -> None:
    hold_graph(hub, tmp_path)
    result = convert(tmp_path / "g.safetensors", "hf-hub:o/graph")
    assert result.exit_code == 0, result.output
    record = json.loads((tmp_path / "g.provenance.json").read_text())
    assert record["source_hub"]["file"] == "net-symbol.json"
    assert load_file(tmp_path / "g.safetensors")["fc.weight"].unique().tolist() == [2.0]
    assert hub.asked("GET", "/objects/") == 1  # the parameters with the highest number alone


def test_several_checkpoints_are_listed_and_one_is_named(
    hub: Hub, weights: bytes, tmp_path: Path
) -> None:
    hub.hold("o/two", {"a.safetensors": weights, "sub/b.safetensors": weights, "c.pth": b"x"})
    two = convert(tmp_path / "1.safetensors", "hf-hub:o/two")
    assert refused(
        two, "several checkpoints, a.safetensors, c.pth", "as hf-hub:o/two:a.safetensors"
    )
    for file in ("a.safetensors", "sub/b.safetensors"):
        assert convert(tmp_path / "2.safetensors", f"hf-hub:o/two:{file}", "--force").exit_code == 0
    none = convert(tmp_path / "3.safetensors", "hf-hub:o/two:d.safetensors")
    assert refused(none, "has no such file", "it has a.safetensors, c.pth, sub/b.safetensors")
    hub.hold("o/none", {"README.md": b"words"})
    assert refused(convert(tmp_path / "3.safetensors", "hf-hub:o/none"), "has no checkpoint")


def test_a_hash_that_is_given_is_compared(hub: Hub, weights: bytes, tmp_path: Path) -> None:
    out = tmp_path / "o.safetensors"
    wrong = convert(out, SOURCE, "--sha256", "0" * 64)
    assert refused(wrong, sha256(weights).hexdigest(), f"expected {'0' * 64}") and not out.exists()
    assert convert(out, SOURCE, "--sha256", sha256(weights).hexdigest().upper()).exit_code == 0


def test_a_damaged_file_in_the_cache_is_fetched_again(
    hub: Hub, cache: Path, weights: bytes, tmp_path: Path
) -> None:
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    [blob] = [path for path in cache.rglob("blobs/*") if path.stat().st_size == len(weights)]
    blob.write_bytes(weights[:-1] + bytes([weights[-1] ^ 1]))
    exact = json.loads((tmp_path / "1.provenance.json").read_text())["fetched"]
    damaged = convert(tmp_path / "2.safetensors", exact)
    assert refused(damaged, "the file in the cache is damaged: remove it")
    assert convert(tmp_path / "2.safetensors").exit_code == 0
    assert blob.read_bytes() == weights


def test_a_lost_connection_is_taken_up_again(hub: Hub, weights: bytes, tmp_path: Path) -> None:
    hub.wrong["object"] = Wrong(cut=len(weights) // 2, times=1)
    assert convert(tmp_path / "1.safetensors").exit_code == 0
    assert (tmp_path / "1.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    "name",
    ["digits", "a/b/c", "/digits", "own er/digits", "o/-x", "o/n@", "o/n@../x", "o/n:", "o/n:/etc"],
)
def test_what_no_hub_takes_is_refused_before_it_is_asked(
    name: str, hub: Hub, tmp_path: Path
) -> None:
    assert refused(convert(tmp_path / "o.safetensors", f"hf-hub:{name}"), "expected hf-hub:OWNER")
    assert hub.requests == []


def listing(**changes: Any) -> bytes:
    """A listing with one file, of which something is not as it should be."""
    lfs = {"sha256": "0" * 64, "size": 100, "pointerSize": 130}
    file = {"rfilename": "model.safetensors", "size": 100, "blobId": "0" * 40, "lfs": lfs}
    file |= {name: value for name, value in changes.items() if name in file or name == "rfilename"}
    document = {"id": REPOSITORY, "sha": changes.get("sha", "0" * 40), "siblings": [file]}
    return json.dumps(document).encode()


HUGE = 10**15
SAYS = f"{ECHO} {TOKEN}".encode()
HOSTILE: dict[str, tuple[str, Wrong, str]] = {
    "a page": ("listing", Wrong(body=b"<html>"), "does not answer like a hub (JSONDecodeError)"),
    "a list": ("listing", Wrong(body=b"[]"), "does not answer like a hub (TypeError)"),
    "no id": ("listing", Wrong(body=b"{}"), "does not answer like a hub (KeyError)"),
    "deep": ("listing", Wrong(body=b"[" * 100_000), "does not answer like a hub"),
    "no files": (
        "listing",
        Wrong(body=b'{"id": "a", "sha": "' + b"0" * 40 + b'"}'),
        "no checkpoint",
    ),
    "no commit": ("listing", Wrong(body=listing(sha=None)), "the hub names no commit"),
    "commit is a path": ("listing", Wrong(body=listing(sha="../../x")), "the hub names no commit"),
    "name leads out": ("listing", Wrong(body=listing(rfilename="../x.bin")), "it has no file"),
    "name is absolute": ("listing", Wrong(body=listing(rfilename="/x.bin")), "it has no file"),
    "name has controls": (
        "listing",
        Wrong(body=listing(rfilename="\x1b[2Jx.bin")),
        "it has no file",
    ),
    "name is a number": ("listing", Wrong(body=listing(rfilename=5)), "it has no file"),
    "no size": ("listing", Wrong(body=listing(size=None)), "a file of unknown size"),
    "huge": (
        "listing",
        Wrong(body=listing(size=HUGE)),
        f"a file of {HUGE} bytes; expected at most",
    ),
    "no hash": ("listing", Wrong(body=listing(lfs=None, blobId=None)), "nothing says which hash"),
    "lies of a file": ("listing", Wrong(body=listing()), "the repository has no revision"),
    "failing": ("listing", Wrong(500), "the hub answered HTTP 500 (it is not available"),
    "busy": ("listing", Wrong(429), "the hub answered HTTP 429 (too many requests"),
    "gated": ("listing", Wrong(403, headers={"X-Error-Code": "GatedRepo"}), "is gated: accept the"),
    "no access": ("listing", Wrong(403, body=SAYS), "the hub answered HTTP 403 (the token may not"),
    "bad token": ("listing", Wrong(401, body=SAYS), "HTTP 401 (it does not accept the token"),
    "disabled": (
        "listing",
        Wrong(403, headers={"X-Error-Message": "Access to this resource is disabled."}),
        "the repository was disabled",
    ),
    "going round": (
        "listing",
        Wrong(302, headers={"Location": "/api/models/o/n"}),
        "no repository",
    ),
    "listing cut": ("listing", Wrong(cut=10), "the hub cannot be reached"),
    "gone meanwhile": (
        "head",
        Wrong(404, headers={"X-Error-Code": "EntryNotFound"}),
        "the hub lists the file and does not have it",
    ),
    "no etag": ("head", Wrong(headers={"X-Linked-Etag": ""}), "the hub names it by no hash"),
    "etag is a path": (
        "head",
        Wrong(headers={"X-Linked-Etag": '"../../../../evil"'}),
        "the hub names it by no hash",
    ),
    "no commit of the file": ("head", Wrong(headers={"X-Repo-Commit": ""}), "like a hub"),
    "commit of the file is a path": (
        "head",
        Wrong(headers={"X-Repo-Commit": "../../../evil"}),
        "like a hub",
    ),
    "another commit": ("head", Wrong(headers={"X-Repo-Commit": "1" * 40}), "changed while it was"),
    "another size": ("head", Wrong(headers={"X-Linked-Size": "7"}), "did not arrive whole"),
    "sent elsewhere": ("head", Wrong(headers={"Location": "file:///etc/passwd"}), "reached"),
    "another content": ("object", Wrong(body=b"\1" * 1000), "its content is not the one"),
    "too short": ("object", Wrong(body=b"\0" * 100), "did not arrive whole"),
    "too long": ("object", Wrong(body=b"\0" * 3000), "more bytes arrive than the"),
    "endless": ("object", Wrong(body=b"\0" * 65_536, endless=True), "more bytes arrive than the"),
    "length is a lie": ("object", Wrong(headers={"Content-Length": "9999999"}, cut=500), "reached"),
    "compressed": ("object", Wrong(headers={"Content-Encoding": "gzip"}), "like a hub"),
    "always cut": ("object", Wrong(cut=0), "the hub cannot be reached"),
    "object gone": ("object", Wrong(404, body=SAYS), "the hub answered HTTP 404"),
    "object failing": ("object", Wrong(503, body=SAYS), "the hub answered HTTP 503"),
    "in circles": (
        "object",
        Wrong(302, headers={"Location": "/objects/loop"}),
        "does not answer like",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_wrong_answer_is_one_line_and_leaves_nothing(
    case: str,
    hub: Hub,
    cache: Path,
    weights: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.hold(REPOSITORY, {"model.safetensors": b"\0" * 1000})  # it is refused before it is read
    kind, wrong, words = HOSTILE[case]
    hub.wrong[kind] = wrong
    result = convert(tmp_path / "o.safetensors")
    assert refused(result, words), result.output
    for secret in (TOKEN, ECHO, "Authorization", "Bearer"):
        assert secret not in result.output
    assert kept(cache) == []
    assert not [path for path in tmp_path.iterdir() if path != cache]
    assert {path.name for path in tmp_path.parent.iterdir() if "evil" in path.name} == set()


@pytest.mark.parametrize(
    ("kind", "part"),
    [(kind, "headers") for kind in ("listing", "head", "object")]
    + [("listing", "body"), ("object", "body")],
)
def test_a_hub_that_drips_without_end_is_too_slow(
    kind: str, part: str, hub: Hub, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte comes in time, and the next one always follows."""
    monkeypatch.setattr(hub_pace, "LOOK", 0.01)
    monkeypatch.setattr(pace, "ALLOWANCE", 0.5)
    longer = {"Content-Length": str(1 << 40)}  # h11 is strict: it would stop where the body ends
    hub.wrong[kind] = Wrong(drip=part, headers=longer if kind == "listing" else {})
    assert refused(convert(tmp_path / "o.safetensors"), f"hf-hub:{REPOSITORY}: too slow: ")
    assert kept(cache) == [] and not (tmp_path / "o.safetensors").exists()


def test_after_a_hub_that_drips_the_next_one_is_asked_as_before(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(hub_pace, "LOOK", 0.01)
        patch.setattr(pace, "ALLOWANCE", 0.5)
        hub.wrong["listing"] = Wrong(drip="headers")
        assert refused(convert(tmp_path / "o.safetensors"), "too slow: ")
    hub.wrong.clear()
    assert convert(tmp_path / "o.safetensors").exit_code == 0


def test_a_cache_that_cannot_be_written_is_one_line(hub: Hub, cache: Path, tmp_path: Path) -> None:
    cache.write_bytes(b"")  # a file where the folder should be
    assert refused(convert(tmp_path / "o.safetensors"), "the hub's cache cannot be written")
