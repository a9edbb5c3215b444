"""What is computed number by number."""

from __future__ import annotations

from scripts.random_graphs.sketch import Kind, Sketch, Unfit, Value


def activation(g: Sketch) -> Value:
    x = g.any()
    act = g.random.choice(("relu", "sigmoid", "tanh", "softrelu", "softsign"))
    return g.node(g.op("Activation", "_npx_activation"), [x], x.shape, act_type=act)


def leaky(g: Sketch) -> Value:
    x = g.any()
    op = g.op("LeakyReLU", "_npx_leaky_relu")
    act = g.random.choice(("leaky", "elu", "gelu", "selu", "prelu"))
    if act != "prelu":
        return g.node(op, [x], x.shape, act_type=act)
    if x.rank < 2:
        raise Unfit
    name, size = g.name(op), g.random.choice(((1,), (x.shape[1],)))
    slope = g.parameter(f"{name}_gamma", size, 0.1, 0.4)
    return g.node(op, [x, slope], x.shape, name=name, act_type=act)


def unary(g: Sketch) -> Value:
    x = g.any()
    op = g.op(
        *"relu sigmoid tanh abs negative square sin cos arctan softsign erf ceil floor rint round "
        "fix trunc sign zeros_like ones_like BlockGrad identity hard_sigmoid smooth_l1 logical_not "
        "degrees _npi_sin _npi_abs _npi_square _npi_ceil _npx_relu _npx_sigmoid _npi_arctan "
        "_npi_negative _np_copy make_loss".split()
    )
    return g.node(op, [x], x.shape)


def scalar(g: Sketch) -> Value:
    x = g.any()
    op = g.op(
        *"_plus_scalar _minus_scalar _rminus_scalar _mul_scalar _div_scalar _maximum_scalar "
        "_minimum_scalar _greater_scalar _lesser_equal_scalar _hypot_scalar _npi_add_scalar "
        "_npi_multiply_scalar _npi_rsubtract_scalar _npi_true_divide_scalar _mod_scalar".split()
    )
    return g.node(op, [x], x.shape, scalar=g.random.choice((0.5, 2.0, -1.25, 3.0)))


def clip(g: Sketch) -> Value:
    x = g.any()
    return g.node(
        g.op("clip", "_npi_clip"), [x], x.shape, a_min=-0.75, a_max=g.random.choice((0.5, 6.0))
    )


def elementwise(g: Sketch) -> Value:
    x = g.any()
    other = g.other(x.shape)
    op = g.op(
        *"elemwise_add elemwise_sub elemwise_mul _maximum _minimum _hypot _greater _lesser_equal "
        "broadcast_add broadcast_mul broadcast_maximum _npi_add _npi_multiply _npi_subtract".split()
    )
    return g.node(op, g.random.choice(([x, other], [other, x])), x.shape)


def sum_of_many(g: Sketch) -> Value:
    x = g.any()
    inputs = [x, *(g.other(x.shape) for _ in range(g.random.randint(1, 3)))]
    op = g.op("add_n", "ElementWiseSum")
    return g.node(op, inputs, x.shape, num_args=len(inputs))


def broadcast(g: Sketch) -> Value:
    x = g.any(2, 3, 4, 5)
    shape = tuple(g.random.choice((1, size)) for size in x.shape)
    name = g.name("scale")
    other = g.parameter(name, shape, -1.0, 1.0)
    op = g.op(
        *"broadcast_add broadcast_sub broadcast_mul broadcast_maximum broadcast_minimum "
        "broadcast_greater broadcast_hypot _npi_add _npi_subtract _npi_maximum".split()
    )
    return g.node(op, g.random.choice(([x, other], [other, x])), x.shape)


def lower_ranks(g: Sketch) -> Value:
    """numpy's broadcasting adds axes in front."""
    x = g.any(2, 3, 4)
    cut = g.random.randint(1, x.rank - 1)
    other = g.parameter(g.name("scale"), x.shape[cut:], -1.0, 1.0)
    return g.node(g.op("_npi_add", "_npi_multiply"), [x, other], x.shape)


def where(g: Sketch) -> Value:
    x = g.any()
    other = g.other(x.shape)
    mask = g.node(g.op("_greater_scalar", "_npi_greater_scalar"), [x], x.shape, scalar=0.1)
    return g.node(g.op("where", "_npi_where"), [mask, x, other], x.shape)


KINDS: tuple[Kind, ...] = (
    activation,
    leaky,
    unary,
    scalar,
    clip,
    elementwise,
    sum_of_many,
    broadcast,
    lower_ranks,
    where,
)
