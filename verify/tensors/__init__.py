"""verify/tensors."""
