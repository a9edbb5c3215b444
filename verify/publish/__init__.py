"""Releases: the folders that go to a model hub, made from evidence, which anyone can check."""
