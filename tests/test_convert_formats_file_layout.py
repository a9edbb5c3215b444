"""A file has the very bytes that the safetensors library writes."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from convert.formats.file_layout import ORDER, layout
from convert.formats.given_values import Values
from convert.formats.safetensors import DTYPES
from mappings.errors import ConversionError

TYPES = {name: ml_dtypes.bfloat16 if name == "bfloat16" else name for name in DTYPES.values()}
SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
ARRAYS = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5).filter(
        lambda name: name != "__metadata__"
    ),
    st.tuples(st.sampled_from(sorted(TYPES)), SHAPES),
    max_size=6,
)


def written(path: Path, arrays: dict[str, Values]) -> bytes:
    pieces = layout(path, arrays)
    return b"".join(p if isinstance(p, bytes) else arrays[p].array().tobytes() for p in pieces)


@given(ARRAYS)
def test_names_types_and_shapes_are_laid_out_as_the_library_does(
    drawn: dict[str, tuple[str, tuple[int, ...]]],
) -> None:
    arrays = {name: np.ones(shape, TYPES[kind]) for name, (kind, shape) in drawn.items()}
    values = {name: Values.of(array) for name, array in arrays.items()}
    assert written(Path("out.safetensors"), values) == save(arrays, {"format": "pt"})


def test_every_type_has_its_place() -> None:
    assert sorted(ORDER) == sorted(DTYPES)
    arrays = {kind: np.ones(2, TYPES[kind]) for kind in TYPES}
    values = {name: Values.of(array) for name, array in arrays.items()}
    assert written(Path("out.safetensors"), values) == save(arrays, {"format": "pt"})


def test_a_type_that_the_format_lacks_is_refused(tmp_path: Path) -> None:
    from convert.proven import _save

    with pytest.raises(ConversionError, match="has no values of type complex128"):
        _save(
            {"a": Values.of(np.ones(2, complex))}, tmp_path / "out.safetensors", lambda size: None
        )
    assert not list(tmp_path.iterdir())
