"""The commands: one file for each, and what they share (``console``, ``tables``)."""
