"""The networks in PyTorch, and what turns a record of the catalogue into one."""
