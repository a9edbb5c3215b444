"""convert/sources."""
