"""Every operator agrees with what MXNet computed for its cases."""

import pytest

from architectures.graph.operators import GROUPS
from verify.operators.operator_goldens import operator_answers, packaged_groups
from verify.operators.operator_verdict import verdicts


@pytest.mark.parametrize("group", GROUPS)
def test_every_operator_agrees_with_mxnet(group: str) -> None:
    found = verdicts(operator_answers(group))
    judged = {verdict.operator.names[0] for verdict in found}
    assert judged == {operator.names[0] for operator in GROUPS[group]}
    failures = [failure for verdict in found for failure in verdict.failures]
    assert not failures, "\n".join(failures[:20])


def test_no_golden_is_left_of_a_group_that_is_gone() -> None:
    assert set(packaged_groups()) <= set(GROUPS)
