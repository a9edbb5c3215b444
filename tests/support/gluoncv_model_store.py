# /// script
# requires-python = ">=3.8,<3.12"
# dependencies = ["mxnet==1.9.1", "gluoncv==0.10.5.post0", "numpy==1.23.5"]
# ///
"""Prints where GluonCV's own model store has, or puts, the checkpoint NAME of hash SHA1."""

import sys

from gluoncv.model_zoo import model_store

name, sha1 = sys.argv[1:]
model_store._model_sha1[name] = sha1
print(model_store.get_model_file(name))
