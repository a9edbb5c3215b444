"""A release: the folder that goes to a model hub, made from evidence, and checked by anyone."""
