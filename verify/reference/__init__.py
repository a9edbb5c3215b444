"""verify/reference."""
