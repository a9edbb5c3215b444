"""MXNet's graphs and operators, and the PyTorch networks that are made of them."""
