"""The bounds that a file is held to before memory or time is spent on it, each with its reason."""

from __future__ import annotations

# --- PyTorch's pickles

MAX_MAPPING_DEPTH = 8
"""Mappings around the weights ({"checkpoint": {"model": ...}} has two). Deeper ones are passed
over, so that a key is never longer than a few words."""
MAX_ARGUMENTS = 16
"""Arguments of a call that rebuilds a tensor (at most 8 in PyTorch), and values in the identity
of a storage (6). A pickle can name the same long tuple again in two bytes; it is not walked."""
MAX_WRAPPINGS = 8
"""Calls around a tensor: a Parameter of a tensor with attributes has two. A pickle can name the
same long chain again in two bytes; it is not followed."""
MAX_STORAGE_KEY = 256
"""Characters in the key of a storage, which PyTorch makes of a number."""
MAX_NAME = 1024
"""Characters of a tensor's name. Modules nested ten deep take a few hundred; names are compared,
sorted and quoted in messages, so a name as long as a file would be work and noise for nothing."""
