"""Networks that come from graphs, with their weights."""
