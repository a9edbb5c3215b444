"""Identifiers for names that come from files: modules, tensors and local variables."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

LONGEST = 40
"""Letters of one identifier; longer names of files are cut."""

MODULE_ATTRIBUTES = frozenset(
    "T_destination add_module append apply bfloat16 buffers call_super_init children clear compile "
    "cpu cuda double dump_patches eval extend extra_repr float forward get_buffer "
    "get_extra_state get_parameter get_submodule half insert ipu items keys load_state_dict "
    "modules mtia named_buffers named_children named_modules named_parameters parameters pop "
    "popitem register_backward_hook register_buffer register_forward_hook "
    "register_forward_pre_hook register_full_backward_hook register_full_backward_pre_hook "
    "register_load_state_dict_post_hook register_load_state_dict_pre_hook register_module "
    "register_parameter register_state_dict_post_hook register_state_dict_pre_hook "
    "requires_grad_ set_extra_state set_submodule setdefault share_memory state_dict to to_empty "
    "train training type update values xpu zero_grad".split()
)
"""What ``nn.Module`` and ``nn.Sequential`` call their own attributes."""

PLAIN_NAMES = frozenset("self cls super torch nn F Tensor OrderedDict Path math load".split())
"""Names that a written file uses for itself, so that no variable may have them."""

AMBIGUOUS = frozenset("lOI")
"""Letters that look like digits: no variable and no class is called so (ruff's E741)."""


def words(name: str) -> list[str]:
    """The words of a flat name; one that starts with a digit belongs to the word before it.

    ``res_2_block0_conv_3x3`` is res_2, block0, conv_3x3.
    """
    found: list[str] = []
    for word in re.split(r"[^0-9A-Za-z]+", name[: 8 * LONGEST]):
        if word and found and word[0].isdigit():
            found[-1] += f"_{word}"
        elif word:
            found.append(word)
    return found


def identifier(parts: Iterable[str], otherwise: str = "unnamed") -> str:
    """Words as one identifier that is neither a keyword nor an attribute of ``nn.Module``."""
    word = "_".join(parts)[:LONGEST].rstrip("_") or otherwise
    if word[0].isdigit():
        word = f"{otherwise}_{word}"
    if keyword.iskeyword(word) or word in MODULE_ATTRIBUTES or word in PLAIN_NAMES:
        word += "_"
    return word


def variable(parts: Iterable[str], otherwise: str = "unnamed") -> str:
    """Words as the name of a variable of ``forward``."""
    word = identifier(parts, otherwise)
    return f"{word}_" if word in AMBIGUOUS else word


class UniqueNames:
    """Gives each word it is called with, or the word with the first number that makes it new."""

    def __init__(self, taken: Iterable[str] = (), between: str = "_") -> None:
        self.taken, self.between = set(taken), between
        self._counts: dict[str, int] = {}

    def __call__(self, word: str) -> str:
        found, base = word, word.rstrip("_")
        while found in self.taken:
            self._counts[base] = self._counts.get(base, 1) + 1
            between = "_" if base[-1:].isdigit() else self.between
            found = f"{base}{between}{self._counts[base]}"
        self.taken.add(found)
        return found


def class_name(word: str) -> str:
    """``linear_bottleneck0`` as ``LinearBottleneck0``."""
    found = "".join(part[:1].upper() + part[1:] for part in word.split("_")) or "Block"
    return f"Block{found}" if found in AMBIGUOUS else found
