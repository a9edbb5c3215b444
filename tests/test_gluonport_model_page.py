"""``gluonport models NAME``: one page about one name, true to the records, without torch."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from architectures import MODELS, find_model
from architectures.catalogue.counted import COUNTED
from architectures.catalogue.outline import outline_of
from gluonport.commands.main import main
from tests.conftest import smallest

SHARED = Path(os.environ.get("GLUONPORT_SHARED", Path(__file__).parents[2] / "shared"))
NAME = "gluon_seresnext50_32x4d"


def run(*arguments: str, columns: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(main, ["models", *arguments])


def page(name: str, columns: int = 100) -> str:
    done = run(name, columns=columns)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def facts(name: str) -> dict[str, Any]:
    done = run(name, "--json")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_page_of_a_model_has_its_numbers_drawing_figures_weights_clients_and_commands() -> None:
    text = page(NAME)
    for part in (
        "27,559,896 in",
        "4,232,994,816 for one image",
        "50 convolutions and dense layers",
        "╭─ layer3",
        "6 x (1x1 512, 3x3 512 in 32 groups, 1x1 1024, a gate)",
        "1024x14x14   1/16 ─╯",
        "79.95 / 94.93 % top-1 / top-5, 50,000 images (GluonCV model zoo",
        "79.916 / 94.816",
        "7906e0e16013ef8d195cbc05463cc37783ec7a8a",
        'timm.create_model("seresnext50_32x4d")',
        "seresnext50_32x4d.gluon_in1k",
        "answers of mxnet 1.9.1",
        f"gluonport convert {NAME} out.safetensors --from mine.params",
        f"gluonport convert {NAME} back.params --from out.safetensors",
    ):
        assert part in text, part


def test_json_is_one_object_with_the_same() -> None:
    found = facts(NAME)
    model = find_model(NAME)
    assert found["name"] == NAME and found["route"] == "table"
    assert found["parameters"] == model.parameters
    assert found["architecture"]["depth"] == 50
    assert [s["maps"] for s in found["architecture"]["stages"]][-1] == [[2048, 7, 7]]
    assert [f["printed"] for f in found["figures"]] == list(map(str, model.source.figures))
    assert found["weights"]["timm_port"] == "timm/seresnext50_32x4d.gluon_in1k"
    assert found["proven"]["golden"]["images"] == 8 and found["proven"]["counted"] is None


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("name", [NAME, "gluon_ssd_512_mobilenet1.0_voc"])
def test_the_page_fits_the_terminal(name: str, columns: int) -> None:
    described, _, commands = page(name, columns).partition("\nCommands\n")
    assert max(map(len, described.splitlines())) <= columns
    assert all(f"  {c}" in commands.splitlines() for c in facts(name)["commands"])  # in one line


def test_the_recipe_is_that_of_the_card() -> None:
    recipe = facts("seresnext26t_32x4d")["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (100, 1024, 0.6)
    assert "SGD with Momentum, Weight Decay, Label Smoothing" in page("seresnext26t_32x4d")
    assert facts(NAME)["recipe"] is None and "no model card names the recipe" in page(NAME)


def test_only_what_was_counted_is_called_counted() -> None:
    assert "8,337 of 10,000 right" in page("gluon_cifar_resnet20_v1")
    assert "352 of 360 right" in page("gluon_seresnext8_digits")
    assert "not counted" in page(NAME)
    described = (Path(__file__).parents[1] / "docs" / "cifar.md").read_text()
    for name, done in COUNTED.items():
        if done.source != "docs/cifar.md":
            continue
        source = find_model(name).source.name
        row = f"| `{source}` | {done.top1} | {done.top1} | {done.top5} | {done.top5} |"
        assert row in described


def test_a_packaged_graph_has_a_page() -> None:
    found = facts("ssd_512_mobilenet1.0_voc")
    assert found["route"] == "graph" and found["task"] == "detection"
    assert found["architecture"]["parameters"] > 10_000_000
    text = page("ssd_512_mobilenet1.0_voc")
    assert "47 convolutions and dense layers" in text and "mAP 75.4" in text
    assert "the table prints no hash" in text


def test_other_weights_of_a_network_have_a_page_and_stand_on_the_networks_own() -> None:
    other = facts("mxnet_mobilenet1.0")
    assert other["network"] == "gluon_mobilenet1.0" and other["sha1"].startswith("6b8c5106")
    assert other["clients"]["timm_weights"] is None
    own = facts("gluon_mobilenet1.0")
    assert "mxnet_mobilenet1.0" in [one["name"] for one in own["weights"]["others"]]
    assert other["sha1"] in page("gluon_mobilenet1.0")


def test_a_refused_name_says_why_and_an_unknown_one_what_is_near() -> None:
    listed = json.loads(run("*", "--json").stdout)["files"]
    refused = next(one for one in listed if one["route"] == "refused")
    assert refused["why"][:40] in page(refused["name"], 240)
    assert facts(refused["name"])["why"] == refused["why"]
    done = run("gluon_resnext50_32x4")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: no model is called 'gluon_resnext50_32x4': did you mean")


def test_it_needs_no_torch() -> None:
    program = (
        "import sys; sys.modules['torch'] = None\n"
        "from gluonport.commands.main import main\n"
        f"main(['models', '{NAME}', '--json'], standalone_mode=False)\n"
        "main(['models', 'ssd_512_mobilenet1.0_voc'], standalone_mode=False)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_model_has_an_outline_whose_head_gives_its_classes() -> None:
    for model in MODELS:
        found = outline_of(model)
        assert found.input == (3, model.input_size, model.input_size)
        assert found.multiply_adds > 0 and found.stages and found.head
        assert found.head[-1].layers.endswith(f" {model.num_classes}")


def outline_is_the_networks(name: str) -> None:
    from architectures.networks.outlining import outline

    assert outline_of(find_model(name)) == outline(find_model(name))


@pytest.mark.parametrize("name", ["gluon_seresnext8_digits", "gluon_cifar_resnet20_v2"])
def test_an_outline_is_the_networks(name: str) -> None:
    outline_is_the_networks(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("model", smallest().values(), ids=lambda model: model.name)
def test_an_outline_of_each_family_is_the_networks(model: Any) -> None:
    outline_is_the_networks(model.name)


def test_multiply_adds_are_those_that_are_known_of_the_cards() -> None:
    path = SHARED / "facts" / "models.json"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    known = json.loads(path.read_text())["seed_models"]
    assert len(known) > 8
    for name, about in known.items():
        assert outline_of(find_model(name)).multiply_adds == about["macs_224"]
