"""verify/parity."""
