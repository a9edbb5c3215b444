"""The table of operators in docs/graphs.md is that of the code and of the packaged goldens."""

import re

from architectures.graph.operators import GROUPS
from scripts.operator_table import BEGIN, END, PAGE, table

SIZE = r"below 1e-\d\d"


def test_the_table_has_every_operator_with_its_cases_and_its_limit() -> None:
    _, _, rest = PAGE.read_text().partition(BEGIN)
    written, end, _ = rest.partition(END)
    assert end
    without_sizes = re.compile(rf"\| {SIZE} \|")
    names = [operator.names[0] for group in GROUPS.values() for operator in group]
    made = table(dict.fromkeys(names, 0.0))
    assert without_sizes.sub("| ? |", written.strip()) == without_sizes.sub("| ? |", made.strip())
