"""Porting faults, put into right ports to show that the verifier catches and places each."""

from tests.faults.catalogue import FAULTS, Fault, break_port, first_images

__all__ = ["FAULTS", "Fault", "break_port", "first_images"]
