"""Files with the beginning of their sha256 in their name, from a real HTTP server on loopback."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import convert.routes
from architectures import MODELS, Model, find_model
from architectures.catalogue.origin import GLUONCV, TIMM
from architectures.catalogue.source import Source
from architectures.networks.build import build
from convert.sources.published import fetch_published, fetch_url, largest
from gluonport.commands.convert import main
from mappings.errors import DownloadError, FormatError
from tests.support.loopback import Answer, Loopback, loopback

BODY = random.Random(0).randbytes(300_000)
NAME = f"network_8xb32-{hashlib.sha256(BODY).hexdigest()[:8]}.pth"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with loopback() as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        server.files[f"/weights/{NAME}"] = BODY
        yield server


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the file belongs."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints" / NAME


def left(cached: Path) -> set[str]:
    return {file.name for file in cached.parent.iterdir() if file.suffix != ".lock"}


def test_a_file_is_downloaded_once_into_the_cache_of_torch_hub(
    server: Loopback, cached: Path
) -> None:
    url = f"{server.url}/weights/{NAME}"
    assert fetch_url(url) == fetch_url(url) == cached
    assert cached.read_bytes() == BODY
    assert left(cached) == {NAME}
    assert len(server.seen) == 1
    assert str(cached.parent) == f"{torch.hub.get_dir()}/checkpoints"


def test_torch_hub_finds_what_we_cached_and_we_what_it_did(server: Loopback, cached: Path) -> None:
    state = io.BytesIO()
    torch.save({"weight": torch.arange(3.0)}, state)
    name = f"small-{hashlib.sha256(state.getvalue()).hexdigest()[:8]}.pth"
    server.files[f"/{name}"] = state.getvalue()
    path = fetch_url(f"{server.url}/{name}")
    load = torch.hub.load_state_dict_from_url
    assert load(f"{server.url}/{name}", check_hash=True)["weight"].tolist() == [0, 1, 2]
    assert len(server.seen) == 1
    path.unlink()
    load(f"{server.url}/{name}", check_hash=True, progress=False)
    assert fetch_url(f"{server.url}/{name}") == path
    assert len(server.seen) == 2


def test_without_torch_home_the_cache_is_where_torch_has_it(
    server: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    expected = tmp_path / "cache" / "torch" / "hub" / "checkpoints" / NAME
    assert fetch_url(f"{server.url}/weights/{NAME}") == expected
    assert str(expected.parent) == f"{torch.hub.get_dir()}/checkpoints"


def test_another_file_is_refused_and_not_kept(server: Loopback, cached: Path) -> None:
    server.files[f"/weights/{NAME}"] = BODY[:-1] + b"x"
    with pytest.raises(DownloadError) as caught:
        fetch_url(f"{server.url}/weights/{NAME}")
    assert str(caught.value) == (
        f"{server.url}/weights/{NAME}: this is not the published file: the first 8 digits of its "
        f"sha256 are not {NAME[-12:-4]}; expected the file {NAME} with a sha256 that begins with "
        f"{NAME[-12:-4]}: put it at {cached}, or give a file with --from FILE"
    )
    assert left(cached) == set()


def test_a_wrong_cached_file_stays_until_a_right_one_is_proven(
    server: Loopback, cached: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"mine")
    server.answers = [Answer(404), Answer()]
    with pytest.raises(DownloadError, match="404"):
        fetch_url(f"{server.url}/weights/{NAME}")
    assert cached.read_bytes() == b"mine"
    assert fetch_url(f"{server.url}/weights/{NAME}").read_bytes() == BODY
    assert caplog.messages[0].startswith(f"{cached}: the first 8 digits of its sha256 are not")


def test_a_name_without_a_hash_proves_nothing(server: Loopback, cached: Path) -> None:
    server.files["/weights/network.pth"] = BODY
    with pytest.raises(DownloadError, match="does not end in digits of a hash"):
        fetch_url(f"{server.url}/weights/network.pth")
    assert server.seen == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_published_file_has_at_most_twice_the_bytes_of_its_weights(model: Model) -> None:
    weights = 4 * model.parameters
    assert 2 * weights < largest(model) < 2.6 * weights + 500_000
    if model.card and model.card.file_size:
        assert model.card.file_size < 0.6 * largest(model)


def test_a_file_larger_than_the_model_is_not_downloaded(server: Loopback, cached: Path) -> None:
    source = Source("timm", "network", TIMM, f"{server.url}/weights/{NAME}")
    with pytest.raises(DownloadError, match=f"larger than {len(BODY) - 1} bytes"):
        fetch_published(source, most=len(BODY) - 1)
    assert left(cached) == set()
    assert fetch_published(source, most=len(BODY)) == cached


@pytest.mark.parametrize("name", [NAME, f"{NAME}.unproven", f"{NAME}.unproven.partial"])
def test_a_planted_link_is_never_written_through(
    name: str, server: Loopback, cached: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_bytes(b"theirs")
    cached.parent.mkdir(parents=True)
    cached.with_name(name).symlink_to(theirs)
    assert fetch_url(f"{server.url}/weights/{NAME}") == cached
    assert cached.read_bytes() == BODY and not cached.is_symlink()
    assert theirs.read_bytes() == b"theirs" and left(cached) == {NAME}


def test_a_pipe_in_the_cache_is_refused(server: Loopback, cached: Path) -> None:
    cached.parent.mkdir(parents=True)
    os.mkfifo(cached)
    with pytest.raises(FormatError, match="this is a named pipe"):
        fetch_url(f"{server.url}/weights/{NAME}")


def test_what_was_never_published_asks_for_a_file() -> None:
    with pytest.raises(DownloadError, match="never published: give a file with --from"):
        fetch_published(Source("gluoncv", "mine", GLUONCV))


def test_convert_without_a_source_fetches_converts_and_records_the_url(
    server: Loopback, cached: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = find_model("seresnext26t_32x4d")
    file = io.BytesIO()
    torch.save(build(model).state_dict(), file)
    name = f"published-{hashlib.sha256(file.getvalue()).hexdigest()[:8]}.pth"
    server.files[f"/{name}"] = file.getvalue()
    url = f"{server.url}/{name}"
    elsewhere = replace(model, source=replace(model.source, url=url, figures=()))
    monkeypatch.setattr(convert.routes, "find_network", lambda _: elsewhere)
    result = CliRunner().invoke(main, [model.name, str(tmp_path / "out.safetensors")])
    assert result.exit_code == 0, result.output
    provenance = json.loads((tmp_path / "out.provenance.json").read_text())
    assert provenance["source_url"] == url
    assert provenance["source_sha256"] == hashlib.sha256(file.getvalue()).hexdigest()
    shutil.rmtree(cached.parent)
    server.files[f"/{name}"] = b"something else"
    result = CliRunner().invoke(main, [model.name, str(tmp_path / "new.safetensors")])
    assert result.exit_code == 1 and result.stderr.startswith("error: ")
    assert not (tmp_path / "new.safetensors").exists()


def test_what_was_never_published_is_asked_for_by_one_line(tmp_path: Path) -> None:
    out = tmp_path / "o.safetensors"
    result = CliRunner().invoke(main, ["gluon_se_resnet18_v1", str(out)])
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: se_resnet18_v1 was never published: ")
    assert "--from FILE" in result.stderr
    assert list(tmp_path.iterdir()) == []
