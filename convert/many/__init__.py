"""Many conversions or proofs at once: which, in how many processes, and what came of each."""
