"""Values change their precision exactly, or not at all."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from convert.formats import Array, Tensor
from convert.formats.checkpoint import ELEMENTS as CHUNK
from convert.precision import Precision, convert_values
from mappings.errors import ConversionError

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
NARROW: dict[Precision, torch.dtype] = {"float16": torch.float16, "bfloat16": torch.bfloat16}
FLOATS = hnp.from_dtype(np.dtype("float32"), allow_nan=False, allow_infinity=False)


def tensor(array: Array) -> Tensor:
    return Tensor("layer.weight", array.shape, array.dtype.name, "dense", 0, lambda: array)


def bits(array: Array) -> Array:
    return np.ascontiguousarray(array).view(f"u{array.itemsize}")


def by_torch(values: Array, precision: Precision) -> Array:
    """The bits of torch's own cast."""
    cast = torch.from_numpy(values.copy()).to(NARROW[precision])
    return cast.view(torch.uint16).numpy()


def around_every_float16() -> Array:
    """Every finite float16, the middle to the next, and the float32 next to each of these."""
    values = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    middles = (values[:-1] + values[1:]) / 2  # exact: a float32 has 13 bits more
    points = np.concatenate([values, middles, [65519.996]]).astype(np.float32)
    points = np.concatenate([np.nextafter(points, np.float32(s)) for s in (-1e9, 1e9)] + [points])
    return np.concatenate([points, -points])


def around_every_bfloat16() -> Array:
    """The same for bfloat16, whose bits are the upper half of a float32's."""
    upper = np.arange(0x10000, dtype=np.uint32) << 16
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    values = (upper[:, None] | lower).view(np.float32).reshape(-1)
    return values[np.abs(values) < 2.0**128 * (1 - 2.0**-9)]


@pytest.mark.parametrize(
    ("precision", "values"),
    [("float16", around_every_float16()), ("bfloat16", around_every_bfloat16())],
    ids=["float16", "bfloat16"],
)
def test_every_value_and_every_tie_rounds_to_nearest_even_as_torch_does(
    precision: Precision, values: Array
) -> None:
    expected = by_torch(values, precision)
    held = np.isfinite(expected.view(np.float16 if precision == "float16" else BFLOAT16))
    found = convert_values(tensor(values[held]), precision).array()
    assert held.sum() > 100_000 and found.dtype.name == precision
    assert np.array_equal(bits(found), expected[held])


@pytest.mark.parametrize("precision", NARROW)
@given(values=hnp.arrays(np.float32, st.integers(1, 50), elements=FLOATS))
def test_any_float32_rounds_as_torch_does_or_is_refused(
    precision: Precision, values: Array
) -> None:
    expected = by_torch(values, precision)
    infinity = {"float16": 0x7C00, "bfloat16": 0x7F80}[precision]
    if ((expected & 0x7FFF) == infinity).any():
        with pytest.raises(ConversionError, match="overflows"):
            convert_values(tensor(values), precision).array()
    else:
        assert np.array_equal(bits(convert_values(tensor(values), precision).array()), expected)


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16])
def test_widening_is_exact(dtype: Any) -> None:
    values = np.arange(0x10000, dtype=np.uint16).view(dtype)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        values = values[np.isfinite(values)]
    found = convert_values(tensor(values), "float32").array()
    assert found.dtype == np.float32
    assert np.array_equal(bits(found.astype(dtype)), bits(values))


def test_overflow_is_refused_with_the_name_and_the_place() -> None:
    values = np.ones(CHUNK + 9, np.float32)
    values[CHUNK + 5] = 65520
    expected = f"'layer.weight': the value 65520.0 at flat index {CHUNK + 5} overflows float16"
    with pytest.raises(ConversionError, match=expected):
        convert_values(tensor(values), "float16").array()
    with pytest.raises(ConversionError, match=r"1e\+300 at flat index 0 overflows float32"):
        convert_values(tensor(np.array([1e300])), "float32").array()


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16, np.float32, np.float64])
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16", "keep"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nonfinite_values_are_refused_unless_allowed(
    dtype: Any, precision: Precision, bad: float
) -> None:
    values = np.ones(CHUNK + 9, dtype)
    values[CHUNK + 5] = bad
    expected = f"'layer.weight' holds {bad} at flat index {CHUNK + 5}, expected finite"
    with pytest.raises(ConversionError, match=expected):
        convert_values(tensor(values), precision).array()
    found = convert_values(tensor(values), precision, allow_nonfinite=True).array()
    np.testing.assert_array_equal(found.astype(np.float64), values.astype(np.float64))


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16", "keep"])
def test_a_signalling_nan_is_refused_without_a_warning(precision: Precision) -> None:
    values = np.array([0x3F80, 0x7F81], np.uint16).view(BFLOAT16)
    with pytest.raises(ConversionError, match="holds nan at flat index 1"):
        convert_values(tensor(values), precision).array()
    found = convert_values(tensor(values), precision, allow_nonfinite=True).array()
    with np.errstate(invalid="ignore"):
        assert np.isnan(found.astype(np.float64)).tolist() == [False, True]


def test_infinities_that_cancel_out_are_still_found() -> None:
    with pytest.raises(ConversionError, match="holds inf at flat index 1"):
        convert_values(tensor(np.array([1, np.inf, -np.inf], np.float32)), "keep").array()


def test_float64_is_rounded_through_float32() -> None:
    above_the_tie = np.array([1 + 2**-11 + 2**-30])  # at once it would round to 1 + 2**-10
    assert convert_values(tensor(above_the_tie), "float16").array().tolist() == [1]
    values = np.random.default_rng(0).standard_normal(CHUNK + 9)
    found = convert_values(tensor(values), "float32").array()
    assert np.array_equal(found, values.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16, np.float32, np.float64])
def test_keep_keeps_every_bit(dtype: Any) -> None:
    values = np.random.default_rng(0).standard_normal((50, 3)).astype(dtype)
    found = convert_values(tensor(values), "keep").array()
    assert found.dtype == values.dtype and np.array_equal(bits(found), bits(values))


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_same_values_come_again_in_parts(precision: Precision) -> None:
    values = np.random.default_rng(0).random(CHUNK + 9, np.float32)
    found = convert_values(tensor(values), precision)
    first, again = list(found.parts()), list(found.again())
    assert [len(part) for part in first] == [len(part) for part in again] == [CHUNK, 9]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(bits(one), bits(other))


@pytest.mark.parametrize("dtype", [np.float16, BFLOAT16, np.float32, np.float64])
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16", "keep"])
def test_a_view_at_an_odd_byte_is_converted(dtype: Any, precision: Precision) -> None:
    values = np.random.default_rng(0).standard_normal((50, 3)).astype(dtype)
    view = np.ndarray(values.shape, dtype, b"\0" + values.tobytes(), 1)
    assert not view.flags.aligned
    found = convert_values(tensor(view), precision).array()
    expected = convert_values(tensor(values), precision).array()
    assert np.array_equal(bits(found), bits(expected))


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 7, 7)])
def test_empty_tensors_stay_empty(shape: tuple[int, ...]) -> None:
    found = convert_values(tensor(np.empty(shape, np.float32)), "float16").array()
    assert (found.shape, found.dtype) == (shape, np.dtype("float16"))


def test_a_scalar_stays_a_scalar() -> None:
    found = convert_values(tensor(np.array(2.5, np.float32)), "float16").array()
    assert found.shape == () and found == 2.5


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "bool"])
def test_tensors_of_integers_are_refused(dtype: str) -> None:
    with pytest.raises(ConversionError, match=f"'layer.weight' is {dtype}, expected floating"):
        convert_values(tensor(np.ones(3, dtype)), "keep").array()


def test_an_array_stored_as_none_is_refused() -> None:
    none = Tensor("layer.weight", (), None, "none", 0, lambda: pytest.fail("was read"))
    with pytest.raises(ConversionError, match=r"'layer\.weight' is empty"):
        convert_values(none, "keep").array()


def test_stored_arrays_do_not_disturb_each_other() -> None:
    sources = [np.full((n, 3), n, np.float32) for n in range(1, 250)]
    found = [
        convert_values(tensor(source), "float16" if n % 2 else "bfloat16").array()
        for n, source in enumerate(sources)
    ]
    for source, array in zip(sources, found, strict=True):
        assert np.array_equal(array.astype(np.float32), source)
