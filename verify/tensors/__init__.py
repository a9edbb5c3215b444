"""Do two checkpoints hold the same tensors?"""
