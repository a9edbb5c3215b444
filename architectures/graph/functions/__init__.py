"""Helper functions of networks that come from graphs: plain PyTorch, printed into ``OUT.py`` as is.

Each file imports torch and the standard library alone (``import torch``, ``import
torch.nn.functional as F``, ``from torch import Tensor``). A function may call other helpers. No two
share a name.
"""
