"""Prefixes are found by vote, and the work grows with the names' total length alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from architectures import find_model
from mappings.prefixes import resolve

TABLE = find_model("gluon_resnext50_32x4d").table
WORD = st.text("ab.", min_size=1, max_size=6)


def by_rounds(names: set[str], space: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """What ``resolve`` must give, said plainly: every round looks at every name from the start."""
    resolved: dict[str, str] = {}
    prefixes: list[str] = []
    free = dict(space)
    while True:
        left = names - resolved.keys()
        fits = [(n[:cut], n[cut:]) for n in left for cut in range(len(n)) if n[cut:] in free]
        if not fits:
            return resolved, prefixes
        votes = Counter(prefix for prefix, _ in fits)
        best = min(votes, key=lambda prefix: (-votes[prefix], len(prefix), prefix))
        prefixes.append(best)
        for prefix, suffix in fits:
            if prefix == best:
                resolved[prefix + suffix] = free.pop(suffix)


@settings(deadline=None, max_examples=500)
@given(names=st.sets(WORD, max_size=12), words=st.sets(WORD, min_size=1, max_size=8))
def test_the_most_common_prefix_goes_first_then_the_shortest(
    names: set[str], words: set[str]
) -> None:
    space = {word: word.upper() for word in words}
    assert resolve(names, space) == by_rounds(names, space)


class Counted(dict[str, str]):
    """A mapping that counts how often somebody looks a name up."""

    looked_up = 0

    def __contains__(self, name: object) -> bool:
        self.looked_up += 1
        return super().__contains__(name)

    def __getitem__(self, name: str) -> str:
        self.looked_up += 1
        return super().__getitem__(name)


def test_a_prefix_of_its_own_for_every_name_costs_no_more_than_one_for_all() -> None:
    decoys = {f"decoy.{i}.features.body.conv.weight.of.nothing" for i in range(2000)}
    space = Counted(TABLE.targets)
    names = {f"p{i}.{name}" for i, name in enumerate(space)}
    found, prefixes = resolve(names | decoys, space)
    assert (len(found), len(prefixes)) == (len(names), len(names))
    lengths = len({len(name) for name in space})
    assert space.looked_up <= 3 * len(names | decoys) * lengths


def test_many_prefixes_of_one_name_are_settled_in_one_go() -> None:
    space = Counted({"output.weight": "output.weight"})
    found, prefixes = resolve({f"p{i}.output.weight" for i in range(5000)}, space)
    assert (found, prefixes) == ({"p0.output.weight": "output.weight"}, ["p0."])
    assert space.looked_up <= 3 * 5000


def test_a_long_name_is_looked_at_from_its_end_only() -> None:
    space = Counted(TABLE.flat)
    assert resolve({"w" * 1_000_000, "net_conv0_weight"}, space)[1] == ["net_"]
    assert space.looked_up <= 3 * 2 * len({len(name) for name in space})
