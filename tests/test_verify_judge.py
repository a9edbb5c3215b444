"""Each criterion by itself, on made-up arrays: when it passes, and everything it must refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from verify.parity import criteria as judge
from verify.parity.layers import find_imprecise, judge_layers
from verify.parity.result import Criterion, LayerError
from verify.parity.trace import Trace
from verify.reference.answers import Reference

Array = Any
Judge = Callable[[Reference, Trace], Criterion]

IMAGES, CLASSES = 4, 10
EXACT = np.random.default_rng(0).normal(size=(IMAGES, CLASSES))
STEP = 2.0**-20  # of float32 numbers near 1, up to a small factor
STATISTICS = {"bn1.running_mean": np.array([0.1, -0.2]), "bn1.running_var": np.array([0.9, 1.1])}


def reference(logits64: Array = EXACT, logits32: Array | None = None) -> Reference:
    logits32 = logits64 + STEP if logits32 is None else logits32
    none = np.empty(0)
    return Reference("golden", logits64, logits32, (), none, none, none, {}, {})


def port(logits64: Array = EXACT, logits32: Array | None = None) -> Trace:
    return Trace(logits64, logits64 - STEP if logits32 is None else logits32, {}, {})


def evidence(source: Reference, ours: Trace) -> Criterion:
    return judge.evidence(source, ours, STATISTICS)


def top1(source: Reference, ours: Trace) -> Criterion:
    judged = judge.top1(source, ours)
    assert judged is not None
    return judged[0]


def changed(array: Array, value: float, at: tuple[int, int] = (1, 2)) -> Array:
    array = array.copy()
    array[at] = value
    return array


COMPARING = [judge.structure, judge.arithmetic, evidence]


@pytest.mark.parametrize("criterion", [*COMPARING, top1])
def test_a_right_port_passes_every_criterion(criterion: Judge) -> None:
    assert criterion(reference(), port()).passed


@pytest.mark.parametrize("criterion", COMPARING)
@pytest.mark.parametrize("shape", [(0, CLASSES), (IMAGES, 0), (0, 0)])
def test_nothing_to_compare_is_no_pass(criterion: Judge, shape: tuple[int, int]) -> None:
    nothing = np.empty(shape)
    assert not criterion(reference(nothing), port(nothing)).passed
    assert judge.top1(reference(nothing), port(nothing)) is None


@pytest.mark.parametrize("criterion", COMPARING)
@pytest.mark.parametrize("ours", [EXACT[:3], EXACT[:, :9], EXACT[:1], EXACT[0], EXACT[:, :1]])
def test_unequal_shapes_are_no_pass(criterion: Judge, ours: Array) -> None:
    found = criterion(reference(), port(ours))
    assert not found.passed and str(ours.shape) in found.detail
    assert judge.top1(reference(), port(ours)) is None


@pytest.mark.parametrize("criterion", COMPARING)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("sides", ["source", "port", "both"])
def test_what_is_not_finite_is_no_pass(criterion: Judge, value: float, sides: str) -> None:
    broken = changed(EXACT, value)
    source = reference(EXACT if sides == "port" else broken)
    ours = port(EXACT if sides == "source" else broken)
    assert not criterion(source, ours).passed
    assert judge.top1(source, ours) is None


def test_a_network_that_fails_is_no_pass_and_says_why() -> None:
    failed = replace(port(np.empty((0, 0))), failure="sizes 3 and 4 do not fit")
    assert not any(criterion(reference(), failed).passed for criterion in COMPARING)
    assert "sizes 3 and 4 do not fit" in judge.structure(reference(), failed).detail


def test_structure_passes_at_its_limit_and_not_beyond() -> None:
    exact = changed(changed(EXACT / np.abs(EXACT).max() / 2, 1.0), 0.0, (0, 0))
    for error, passes in ((1e-11, True), (np.nextafter(1e-11, 1), False)):
        found = judge.structure(reference(exact), port(changed(exact, error, (0, 0))))
        assert (found.passed, found.figure, found.limit) == (passes, error, 1e-11)
        assert found.needed == error  # the smallest limit that passes this port


def test_structure_is_relative_to_the_largest_logit() -> None:
    for scale in (1e-3, 1.0, 1e6):
        wrong = changed(EXACT * scale, EXACT[1, 2] * scale + 2e-11 * np.abs(EXACT).max() * scale)
        assert not judge.structure(reference(EXACT * scale), port(wrong)).passed
        assert judge.structure(reference(EXACT * scale), port(EXACT * scale * (1 + 1e-13))).passed


@pytest.mark.parametrize(
    ("ratio", "passes"),
    [(0.0, False), (0.099, False), (0.101, True), (1.0, True), (2.0, True), (2.001, False)],
)
def test_arithmetic_is_as_far_from_the_truth_as_the_source(ratio: float, passes: bool) -> None:
    exact = np.round(EXACT * 256) / 256  # sums with a few steps are exact
    found = judge.arithmetic(
        reference(exact, exact + STEP * 1024), port(exact, exact - ratio * STEP * 1024)
    )
    assert found.passed is passes
    assert found.figure == pytest.approx(ratio, abs=1e-9) and found.limit == (0.1, 2.0)
    if ratio:
        assert found.needed == pytest.approx(max(ratio, 1 / ratio), abs=1e-4)


def test_arithmetic_needs_a_source_that_rounds() -> None:
    assert not judge.arithmetic(reference(EXACT, EXACT), port(EXACT, EXACT)).passed


def test_arithmetic_takes_no_closeness_to_the_source_for_an_excuse() -> None:
    both = EXACT + 1e-3
    assert judge.arithmetic(reference(EXACT, both), port(EXACT, both)).passed
    assert not judge.arithmetic(reference(EXACT, EXACT + STEP), port(EXACT, both)).passed


@pytest.mark.parametrize("side", ["source", "port"])
@pytest.mark.parametrize(
    ("logits", "complaint"),
    [
        (np.repeat(EXACT[:1], IMAGES, axis=0), "between images"),
        (np.repeat(EXACT[:, :1], CLASSES, axis=1), "between classes"),
        (np.concatenate([EXACT[:3], np.full((1, CLASSES), 0.5)]), "between classes"),
        (np.zeros((IMAGES, CLASSES)), "between classes"),
    ],
)
def test_evidence_needs_logits_that_vary_on_both_sides(
    side: str, logits: Array, complaint: str
) -> None:
    source = reference(logits if side == "source" else EXACT)
    found = evidence(source, port(logits if side == "port" else EXACT))
    assert not found.passed and complaint in found.detail


def test_evidence_takes_one_image_or_one_class_for_what_it_is() -> None:
    for logits in (EXACT[:1], EXACT[:, :1]):
        assert evidence(reference(logits), port(logits)).passed


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("bn2.running_mean", [0.0, 0.0]),
        ("bn2.running_var", [1.0, 1.0]),
        ("bn2.running_var", [0.0, 0.0]),
        ("bn2.weight", [1.0, 1.0]),
        ("bn2.bias", [0.0, 0.0]),
    ],
)
def test_evidence_refuses_batchnorm_as_initialised(name: str, values: list[float]) -> None:
    fresh = STATISTICS | {name: np.array(values)}
    found = judge.evidence(reference(), port(), fresh)
    assert not found.passed and name in found.detail
    loaded = STATISTICS | {name: np.array([values[0], 0.3])}
    assert judge.evidence(reference(), port(), loaded).passed


def test_evidence_takes_ones_for_what_a_shift_may_have_learned() -> None:
    for name in ("bn2.bias", "bn2.running_mean"):
        assert judge.evidence(reference(), port(), STATISTICS | {name: np.ones(2)}).passed


def test_evidence_needs_batchnorm_statistics() -> None:
    assert not judge.evidence(reference(), port(), {}).passed


def winner_by(margin: float) -> Array:
    """One image whose class 0 wins by ``margin``."""
    return np.array([[1.0, 1.0 - margin, 0.0]])


def test_top1_fails_when_a_clear_winner_loses() -> None:
    exact = winner_by(0.5)
    ours = np.array([[0.4, 0.5, 0.0]])
    found = top1(reference(exact, exact + STEP), port(exact, ours))
    assert (found.passed, found.figure, found.limit) == (False, 1, 0.0)


def test_top1_does_not_excuse_a_port_by_its_own_error() -> None:
    exact = EXACT + 5 * np.eye(IMAGES, CLASSES)
    wrong = exact[:, ::-1].copy()  # no figure is anywhere near
    assert top1(reference(exact, exact + STEP), port(exact, wrong)).figure == IMAGES


def test_top1_leaves_a_draw_within_float32_undecided() -> None:
    for margin, decidable in ((4 * STEP, 0), (5 * STEP, 1)):
        exact = winner_by(margin)
        ours = exact[:, [1, 0, 2]]
        judged = judge.top1(reference(exact, exact + STEP), port(exact, ours))
        assert judged and judged[0].passed is (not decidable)
        assert (judged[1].top1_decidable, judged[1].top1_equal) == (decidable, 0)


def test_top1_needs_two_classes() -> None:
    assert judge.top1(reference(EXACT[:, :1]), port(EXACT[:, :1])) is None


def test_observed_figures_equal_independent_formulas() -> None:
    ours = EXACT + np.random.default_rng(1).normal(scale=0.3, size=EXACT.shape)
    judged = judge.top1(reference(), port(EXACT, ours))
    assert judged is not None
    seen = judged[1]
    log_p, log_q = (torch.from_numpy(logits).log_softmax(1) for logits in (EXACT, ours))
    kl = torch.nn.functional.kl_div(log_q, log_p, reduction="none", log_target=True).sum(1)
    assert seen.kl_divergence == pytest.approx(float(kl.max()), rel=1e-12)
    assert seen.kl_divergence > 0

    def ranks(logits: Array) -> list[list[int]]:
        return [sorted(range(CLASSES), key=row.__getitem__, reverse=True) for row in logits]

    pairs = list(zip(ranks(EXACT), ranks(ours), strict=True))
    assert seen.top5_sets_equal == sum(set(p[:5]) == set(q[:5]) for p, q in pairs)
    assert seen.top1_equal == sum(p[0] == q[0] for p, q in pairs)
    same = sum(a == b for p, q in pairs for a, b in zip(p, q, strict=True))
    assert seen.rank_agreement == same / EXACT.size
    assert 0 < seen.rank_agreement < 1


def layers(*errors: float | None, single: float = 1e-7) -> list[LayerError]:
    names = ["conv1", "layer1.0.conv1", "layer1.0.bn1", "layer1.0", "fc"]
    blocks = ["stem", "layer1.0", "layer1.0", "layer1.0", "fc"]
    every = [*errors, *[1e-15] * (len(names) - len(errors))]
    return [
        LayerError(f"features.{name}", name, block, error, single, 1e-7)
        for name, block, error in zip(names, blocks, every, strict=True)
    ]


def test_layers_pass_at_their_limit_and_not_beyond() -> None:
    found, finding = judge_layers(layers(1e-12))
    assert (found.passed, found.figure, found.limit, finding) == (True, 1e-12, 1e-12, None)
    found, finding = judge_layers(layers(2e-12))
    assert finding and (found.passed, finding.block, finding.layers) == (False, "stem", ("conv1",))
    assert found.needed == 2e-12


@pytest.mark.parametrize("wrong", [1e-3, np.nan, np.inf, None])
def test_layers_place_the_first_that_is_wrong(wrong: float | None) -> None:
    alone, _ = judge_layers(layers(0.0, 1e-15, wrong))
    assert alone.needed is not None and not alone.needed <= 1e-12
    found, finding = judge_layers(layers(0.0, 1e-15, wrong, 0.5, 0.5))
    assert not found.passed
    assert finding and (finding.block, finding.here) == ("layer1.0", True)
    assert finding.layers == ("layer1.0.bn1",)


def test_a_block_whose_layers_are_right_is_still_named() -> None:
    _, finding = judge_layers(layers(0.0, 0.0, 0.0, 0.5, 0.5))
    assert finding and (finding.block, finding.layers) == ("layer1.0", ("layer1.0",))


def test_no_layers_are_no_pass() -> None:
    assert not judge_layers([])[0].passed


def test_float32_goes_astray_where_it_is_far_from_the_sources_own() -> None:
    right = layers()
    assert find_imprecise(right) is None
    for wrong in (3e-6, np.nan, None):
        errors = [*right[:3], replace(right[3], port32=wrong), replace(right[4], port32=wrong)]
        finding = find_imprecise(errors)
        assert finding and (finding.block, finding.layers) == ("layer1.0", ("layer1.0",))
