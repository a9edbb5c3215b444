"""The attacks on this tool, one module for each: ``uv run python -m scripts.attack`` runs them all.

Hostile files, kills, full disks, traps on the network, a soak, fuzzing, and MXNet's own reader on
the same files. No verdict depends on time or load.
"""
