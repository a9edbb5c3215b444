"""verify/report."""
