"""Verify converted checkpoints: one folder for each verdict."""
