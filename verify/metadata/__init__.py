"""verify/metadata."""
