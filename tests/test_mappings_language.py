"""A table is a bijection, proven when it is built; what breaks it is caught."""

import dataclasses

import pytest

from architectures import MODELS, Model, find_model
from mappings.errors import MappingError
from mappings.gluon import conv, dense, every_block, norm, once, residual_positions
from mappings.language import Row, Table
from mappings.naming import recognise
from mappings.residues import Residues, reconcile
from mappings.resnext import FIRST_FEATURE, RESNEXT, SE_RESNEXT

DEPTHS = (3, 4, 6, 3)


def expand(rows: tuple[Row, ...], depths: tuple[int, ...] = DEPTHS) -> Table:
    return Table.expand(rows, residual_positions(depths, FIRST_FEATURE))


def residues(table: Table, model: Model) -> Residues:
    """A complete file of ``model`` laid against ``table``."""
    sized = model.sized()
    own = model.table
    shapes = {s: own.source_shape(target, sized[target]) for s, target in own.targets.items()}
    return reconcile(shapes, recognise(shapes, table), table, model.shapes)[0]


def test_eleven_rows_say_resnext_and_thirteen_say_se_resnext() -> None:
    assert (len(RESNEXT), len(SE_RESNEXT)) == (11, 13)


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("gluon_resnext50_32x4d", 267),
        ("gluon_seresnext50_32x4d", 331),
        ("gluon_resnext101_64x4d", 522),
        ("gluon_seresnext101_64x4d", 654),
    ],
)
def test_tables_expand_to_as_many_tensors_as_the_zoo_files_hold(name: str, arrays: int) -> None:
    assert len(find_model(name).table.targets) == arrays


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_table_covers_its_network_exactly_and_inverts(model: Model) -> None:
    for dialect, table in model.dialects:
        assert {*table.sources, *table.synthesised} == set(model.shapes)
        assert {table.sources[target]: target for target in table.sources} == dict(table.targets)
        assert len(table.flat) == (len(table.targets) if dialect in ("gluon", "mxnet") else 0)
    assert not residues(model.table, model)


def test_one_flat_name_is_another_layer_in_each_network() -> None:
    name = "stage1_conv3_weight"
    assert expand(RESNEXT).flat[name] == "features.4.0.downsample.0.weight"
    assert expand(SE_RESNEXT).flat[name] == "features.4.0.se.0.weight"


def test_two_rows_to_one_target_are_refused_when_the_table_is_built() -> None:
    twin = Row(conv, "features.9", "conv1", once)
    with pytest.raises(MappingError, match=r"two rows claim the target tensor 'conv1\.weight'"):
        expand((*RESNEXT, twin))


def test_two_rows_from_one_source_are_refused_when_the_table_is_built() -> None:
    twin = Row(conv, "features.0", "conv2", once)
    with pytest.raises(MappingError, match=r"claim the source tensor 'features\.0\.weight'"):
        expand((*RESNEXT, twin))


def test_a_template_without_the_index_it_repeats_over_is_refused() -> None:
    with pytest.raises(MappingError, match="two rows claim the source tensor"):
        expand((Row(norm, "features.{feature}.body.1", "layer{stage}.{block}.bn1", every_block),))


def test_a_template_with_an_index_its_scope_lacks_is_refused() -> None:
    with pytest.raises(MappingError, match="names the index 'block'"):
        expand((Row(dense, "output.{block}", "fc", once),))


@pytest.mark.parametrize("dropped", range(len(SE_RESNEXT)))
def test_a_dropped_row_leaves_unmapped_sources_and_unproduced_targets(dropped: int) -> None:
    table = expand(SE_RESNEXT[:dropped] + SE_RESNEXT[dropped + 1 :])
    found = residues(table, find_model("gluon_seresnext50_32x4d"))
    assert found.unmapped_source and found.unproduced_target


@pytest.mark.parametrize("place", range(len(SE_RESNEXT)))
def test_a_typo_in_a_target_is_an_unknown_and_an_unproduced_target(place: int) -> None:
    rows = list(SE_RESNEXT)
    rows[place] = dataclasses.replace(rows[place], target=rows[place].target + "x")
    found = residues(expand(tuple(rows)), find_model("gluon_seresnext50_32x4d"))
    assert found.unknown_target and found.unproduced_target


@pytest.mark.parametrize("place", range(len(SE_RESNEXT) - 1))  # the classifier may be renamed
def test_a_typo_in_a_source_is_an_absent_and_an_unmapped_source(place: int) -> None:
    rows = list(SE_RESNEXT)
    rows[place] = dataclasses.replace(rows[place], source="x" + rows[place].source)
    found = residues(expand(tuple(rows)), find_model("gluon_seresnext50_32x4d"))
    assert found.absent_source and found.unmapped_source


def test_swapped_rows_of_other_shapes_are_misshaped() -> None:
    rows = list(RESNEXT)
    first, third = 2, 6
    rows[first] = dataclasses.replace(RESNEXT[first], target=RESNEXT[third].target)
    rows[third] = dataclasses.replace(RESNEXT[third], target=RESNEXT[first].target)
    assert residues(expand(tuple(rows)), find_model("gluon_resnext50_32x4d")).misshaped


@pytest.mark.parametrize("depths", [(3, 4, 6, 2), (3, 4, 6, 4), (3, 4, 6), (3, 4, 23, 3)])
def test_a_wrong_depth_leaves_residues_on_both_sides(depths: tuple[int, ...]) -> None:
    found = residues(expand(RESNEXT, depths), find_model("gluon_resnext50_32x4d"))
    assert found.unmapped_source or found.absent_source
    assert found.unproduced_target or found.unknown_target


def test_the_digest_tells_tables_apart_and_ignores_the_order_of_rows() -> None:
    assert expand(RESNEXT).digest == expand(tuple(reversed(RESNEXT))).digest
    assert expand(RESNEXT).digest != expand(SE_RESNEXT).digest
