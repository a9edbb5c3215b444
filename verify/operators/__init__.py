"""How operators are proven: each against MXNet, over drawn attributes, shapes and dtypes."""
