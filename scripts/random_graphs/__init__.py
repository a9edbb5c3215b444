"""Random graphs, converted and held against MXNet: faults that single operators do not show."""
