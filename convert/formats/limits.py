"""The bounds that a file is held to before memory or time is spent on it, each with its reason.

A file of a few bytes can promise anything. Each bound lies far beyond what real checkpoints hold.
``docs/limits.md`` lists them for users.
"""

from __future__ import annotations

# --- every format

MAX_ARRAYS = 100_000
"""Arrays in one file; also the members of a zip. A record can be 4 bytes long and a Tensor takes
some 500, so that the count and not the size of the file must bound the memory."""
MAX_DIRECTORY = 25_000_000
"""Bytes of a safetensors header, of an index of shards, and of the directory of a zip: 100,000
arrays with names of 100 characters fit. Their objects take about ten times as much memory."""
MAX_NDIM = 64
"""Dimensions of an array: numpy's limit."""
MAX_BYTES = 2**63 - 1
"""Bytes of an array: numpy's limit, to which the other dimensions of an empty array count too."""
MAX_NPY_HEADER = 10_000
"""Bytes of the header of a .npy array: numpy's limit."""
MAX_DENSE_BYTES = 2**30
"""Bytes that all arrays of a file together may promise: sparse and expanded arrays can promise
much more than the file holds. A small file may be as sparse as it likes."""
MAX_DENSE_RATIO = 100
"""The same as a multiple of the file's own bytes, where that is more: a large file must be
plausible."""
MAX_NAME = 1024
"""Characters of a tensor's name. Modules nested ten deep take a few hundred; names are compared,
sorted and quoted in messages, so a name as long as a file would be work and noise for nothing."""

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

# --- symbols

MAX_SYMBOL = 2**25
"""Bytes of a symbol's JSON. The largest of 170 real ones has 3 million (an LSTM unrolled over 100
steps); parsed, a hostile one takes about 25 times as much memory."""
MAX_NODES = 100_000
"""Nodes of a symbol. The largest real one has 18,451."""
MAX_ENTRIES = 1_000_000
"""Inputs of all nodes of a symbol together, and its heads. The largest real one has 31,181."""
MAX_OUTPUTS = 65_536
"""Outputs of a node: a sequence cut into steps has one for each."""
MAX_ATTRIBUTE = 2**20
"""Characters of an operator's attribute. Real ones have at most 128; a constant can stand in the
annotation of a variable, which may be as long as the file."""

# --- archives of models

MAX_MEMBERS = 10_000
"""Members of an archive of a model. SageMaker packs three or four files, and code beside them."""
MAX_MEMBER_NAME = 4096
"""Characters of a member's name: the longest path that systems have."""
MAX_UNPACKED = 2**26
"""Bytes to which an archive may unpack whatever its own size. Zeros shrink to a thousandth, so a
small network that nobody trained may be as dense as it likes."""
MAX_UNPACKED_RATIO = 10
"""The same as a multiple of the archive's own bytes, where that is more: the bits of trained
weights are nearly random, and gzip makes real ones smaller by a tenth."""

MAX_PIXELS = 178_956_970
"""As many as Pillow opens (two times its ``MAX_IMAGE_PIXELS``), and so timm's own pipeline. As RGB
they take half a GiB. The largest cameras have 151 million."""
