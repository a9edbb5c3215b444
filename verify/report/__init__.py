"""The parity report: one page that opens from disk."""
