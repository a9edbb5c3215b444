"""Porting faults, put into right ports to see that the verifier catches and places each of them.

Nothing here takes part in a verdict.
"""

from tests.faults.catalogue import FAULTS, Fault, break_port, first_images

__all__ = ["FAULTS", "Fault", "break_port", "first_images"]
