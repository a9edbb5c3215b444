"""The networks in PyTorch, and the function that builds the network of a record."""
