"""Random graphs agree with MXNet in every way, and a wrong operator is found among others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from architectures.graph.expression import Apply, Expression
from architectures.graph.operator import Call, Operator
from architectures.graph.operators import OPERATORS
from scripts.random_graphs.drawn import sketch
from scripts.random_graphs.judged import judged

SOME = range(1000, 1006)
MANY = range(5000, 5120)


@pytest.mark.parametrize("seed", SOME)
def test_a_random_graph_agrees_with_mxnet(seed: int, tmp_path: Path) -> None:
    verdict = judged(sketch(seed), tmp_path)
    assert verdict.kind in ("agrees", "float32 apart"), verdict


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", MANY)
def test_many_random_graphs_agree_with_mxnet(seed: int, tmp_path: Path) -> None:
    """Some mix dtypes, which MXNet refuses, or take the sine of integers, which is refused."""
    verdict = judged(sketch(seed), tmp_path)
    assert verdict.kind not in ("differs", "fails"), verdict


def test_a_seed_is_all_of_a_graph() -> None:
    assert sketch(3).operators() == sketch(3).operators() != sketch(4).operators()


def test_a_wrong_operator_is_found_at_its_node(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    operators = cast(dict[str, Operator], OPERATORS)
    right = operators["transpose"]
    seed = next(seed for seed in range(1000) if "transpose" in sketch(seed).operators())

    def shifted(call: Call) -> Expression:
        found = right.becomes(call)
        assert not isinstance(found, tuple)
        return Apply("+", (found, 1))

    monkeypatch.setitem(operators, "transpose", replace(right, becomes=shifted))
    verdict = judged(sketch(seed), tmp_path)
    assert verdict.kind == "differs" and "(transpose)" in verdict.detail
