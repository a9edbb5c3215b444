"""A published number is reproduced within known drift, in its own regime, by a whole run alone."""

from __future__ import annotations

import math
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from architectures import MODELS, find_model
from architectures.catalogue.figure import GLUONCV_TABLE, TIMM_TABLE, Figure, Undecided
from mappings.errors import AccuracyError
from verify.accuracy.identity import Identity
from verify.accuracy.outcome import accuracy
from verify.accuracy.prediction import Prediction
from verify.accuracy.proof import prove
from verify.accuracy.reducer import Count, count
from verify.accuracy.task import Task
from verify.accuracy.verdict import Z, judge, mcnemar, pair, wilson
from verify.datasets import Entry, LabelledImages
from verify.datasets.expectation import Expectation

TIMM = Figure.printed("4ecf62e2", "timm", "79.354 / 94.424", TIMM_TABLE)
GLUON = Figure.printed("4ecf62e2", "gluon", "79.32 / 94.53", GLUONCV_TABLE)


@pytest.mark.parametrize(
    ("figure", "off", "reproduced"),
    [
        *[(TIMM, 0, True), (TIMM, 21, True), (TIMM, -21, True)],
        *[(TIMM, 22, False), (TIMM, -22, False)],
        *[(GLUON, 23, True), (GLUON, -23, True), (GLUON, 24, False), (GLUON, -24, False)],
    ],
)
def test_drift_and_the_rounding_of_the_print_are_all_that_is_allowed(
    figure: Figure, off: int, reproduced: bool
) -> None:
    right, five = round(figure.top1 * 500), round(figure.top5 * 500)
    for counts in (Count(50_000, right + off, five), Count(50_000, right, five + off)):
        verdict = judge(counts, figure, None)
        assert verdict.reproduced is reproduced
        assert verdict.top1 is not None and verdict.top5 is not None
        assert {verdict.top1.images, verdict.top5.images} == {0, off}
        assert f"{off:+d} images" in verdict.why or f"{off:+d} and" in verdict.why


def test_a_small_set_has_no_drift_to_allow() -> None:
    figure = Figure.printed("b5c1dcaa", "gluon", "97.78 / 100.00", "a count of 352", images=360)
    assert judge(Count(360, 352, 360), figure, None).reproduced is True
    assert judge(Count(360, 351, 360), figure, None).reproduced is False
    assert judge(Count(360, 353, 360), figure, None).reproduced is False
    assert judge(Count(360, 352, 359), figure, None).reproduced is False


@pytest.mark.parametrize(
    ("name", "top1", "top5", "others"),
    [
        ("gluon_resnet50_v1", 38_680, 46_785, (38_430, 46_730)),  # its int8 version's
        ("gluon_resnet50_v1b", 38_835, 46_910, (38_680, 46_795)),  # the GroupNorm network's
        ("gluon_resnet50_v1b_gn", 38_680, 46_795, (38_835, 46_910)),  # the BatchNorm network's
        ("gluon_resnet50_v1d", 39_575, 47_290, (39_240, 47_100)),  # the row "by hash"
    ],
)
def test_a_right_port_is_reproduced_and_the_counts_of_other_weights_are_not(
    name: str, top1: int, top5: int, others: tuple[int, int]
) -> None:
    figure = find_model(name).figure("gluon")
    assert judge(Count(50_000, top1, top5), figure, None).reproduced is True
    assert judge(Count(50_000, *others), figure, None).reproduced is False


def recorded(name: str, top1: int, top5: int, images: int, classes: int) -> dict[str, Any]:
    """The record of a run over a whole set that found these counts."""
    model = find_model(name)
    entries = tuple(Entry(f"{k}.jpg", k % classes, 1) for k in range(images))
    expected = Expectation("the whole set", classes, images=images)
    data = LabelledImages("images", "class folders", expected, entries, ())
    identity = Identity(
        model=name,
        checkpoint_sha256="0" * 64,
        regime="gluon",
        manifest_sha256="0" * 64,
        images=images,
        batch_size=16,
        max_pixels=1 << 20,
        precision="float32",
        compiled=False,
        device="cpu AVX2",
        versions={},
    )
    predictions = [
        Prediction(entry.id, 0, (0, 1) if k < top1 else (1, 0) if k < top5 else (1, 2), (2.0, 1.0))
        for k, entry in enumerate(entries)
    ]
    task = Task(model, Path("out.safetensors"), "gluon")
    return accuracy(task, identity, data, predictions, classes, None, None).as_json()


@pytest.mark.parametrize(
    ("name", "top1", "top5"),
    [("gluon_resnet50_v1", 38_680, 46_785), ("gluon_resnet50_v1b", 38_835, 46_910)],
)
def test_the_predictions_of_a_right_port_are_recorded_as_reproduced(
    name: str, top1: int, top5: int
) -> None:
    found = recorded(name, top1, top5, 50_000, 1000)
    assert (found["top1_correct"], found["top5_correct"]) == (top1, top5)
    assert found["reproduced"] is True and found["complete"] is True
    assert found["published"]["weights"] == find_model(name).source.sha1
    assert found["undecided"] is None
    own = recorded(name, top1, top5, 50_000, 1001)
    assert own["reproduced"] is own["published"] is None


def test_a_record_of_a_network_for_cifar_has_both_figures_and_no_verdict() -> None:
    found = recorded("gluon_cifar_resnet56_v2", 8592, 9918, 10_000, 10)
    assert found["reproduced"] is found["published"] is None
    assert (found["undecided"]["vanilla"], found["undecided"]["mixup"]) == (93.7, 94.6)
    assert "93.7 % (vanilla) and 94.6 % (mix-up)" in found["why"]
    assert recorded("gluon_cifar_resnet56_v2", 90, 99, 100, 7)["undecided"] is None


def test_a_figure_that_is_printed_with_one_decimal_stands_for_what_rounds_to_it() -> None:
    figure = find_model("gluon_resnet18_v1b_0.89").figure("gluon")
    for top1, top5, reproduced in (
        (33_600 + 46, 43_725 + 23, True),
        (33_600 + 47, 43_725, False),
        (33_600, 43_725 + 24, False),
    ):
        verdict = judge(Count(50_000, top1, top5), figure, None)
        assert verdict.reproduced is reproduced and "46 and 23 allowed" in verdict.why


def test_figures_that_may_be_of_other_weights_judge_nothing() -> None:
    both = Undecided(92.1, 92.9)
    for counts in (Count(10_000, 9_210, 9_990), Count(10_000, 0, 0)):
        verdict = judge(counts, None, None, both)
        assert verdict.reproduced is None and verdict.top1 is verdict.top5 is None
        assert "92.1 % (vanilla) and 92.9 % (mix-up)" in verdict.why
        assert "nothing is judged by either" in verdict.why


def test_what_cannot_be_held_against_a_figure_is_not_judged() -> None:
    right = Count(50_000, 39_677, 47_212)
    assert judge(right, TIMM, "limited to 10 of 50,000 images").reproduced is None
    assert judge(right, None, None).reproduced is None
    assert judge(Count(49_999, 39_677, 47_212), TIMM, None).reproduced is None


def test_every_published_count_is_a_whole_number_to_the_last_printed_decimal() -> None:
    for model in MODELS:
        for figure in model.source.figures:
            for percent in (figure.top1, figure.top5):
                images = round(percent * figure.images / 100)
                assert abs(100 * images / figure.images - percent) < 0.005


@pytest.mark.parametrize(("right", "images"), [(352, 360), (39_677, 50_000), (1, 7)])
def test_both_ends_of_wilsons_interval_are_z_errors_from_the_share(right: int, images: int) -> None:
    for end in wilson(right, images):
        p = end / 100
        assert abs(right / images - p) == pytest.approx(Z * math.sqrt(p * (1 - p) / images))


def test_wilsons_interval_stays_between_nothing_and_all() -> None:
    assert wilson(0, 9)[0] == 0 and wilson(0, 9)[1] > 0
    assert wilson(9, 9)[1] == 100 and 0 < wilson(9, 9)[0] < 100


@pytest.mark.parametrize("changed", range(1, 11))
def test_mcnemar_is_the_share_of_coin_tosses_at_least_as_uneven(changed: int) -> None:
    tosses = [sum(toss) for toss in product((0, 1), repeat=changed)]
    for gained in range(changed + 1):
        uneven = abs(2 * gained - changed)
        share = sum(abs(2 * heads - changed) >= uneven for heads in tosses) / len(tosses)
        assert mcnemar(gained, changed - gained) == pytest.approx(share)


def test_mcnemar_holds_where_floats_do_not() -> None:
    assert mcnemar(0, 0) == 1 and mcnemar(25_000, 25_000) == 1
    assert 0 <= mcnemar(0, 5_000) < 1e-300
    assert mcnemar(2_400, 2_600) == pytest.approx(0.0049, abs=2e-4)


def test_the_images_that_changed_sides_are_named() -> None:
    def answered(*right: bool) -> list[Prediction]:
        return [Prediction(f"{k}.jpg", 1, (1 if r else 0,), (2.0,)) for k, r in enumerate(right)]

    found = pair(answered(True, True, False, False), answered(True, False, True, False))
    assert (found.images, found.gained, found.lost) == (4, ("1.jpg",), ("2.jpg",))


def test_an_image_that_does_not_decode_counts_nowhere() -> None:
    assert count([Prediction("a", 3, (3, 1), (2.0, 1.0)), Prediction("b", 3, (), ())]) == (
        Count(1, 1, 1)
    )


def test_a_fast_path_may_round_and_nothing_else() -> None:
    plain = np.random.RandomState(0).randn(8, 20).astype(np.float32)
    rounded = plain + np.float32(1e-6)
    assert prove(plain, rounded, "float32").top5_equal == 8
    close = plain.copy()
    order = np.argsort(-plain[0])
    close[0, order[1]] = plain[0, order[0]] + np.float32(1e-6)
    with pytest.raises(AccuracyError, match="1 of 8 images beyond the rounding of float32"):
        prove(plain, close, "float32")
    plain[0, order[1]] = plain[0, order[0]] - np.float32(1e-6)
    proof = prove(plain, close, "float32")
    assert (proof.top1_equal, proof.top5_equal) == (7, 7)
    with pytest.raises(AccuracyError, match="not finite"):
        prove(plain, np.full_like(plain, np.nan), "float32")
