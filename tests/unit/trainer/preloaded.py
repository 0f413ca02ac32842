"""Imports TensorFlow and Keras for the programs of `forked`, and hides the messages that they print."""

import gc
import os

gc.disable()  # to look for garbage takes a tenth of the time of an import
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
_stderr = os.dup(2)
_nowhere = os.open(os.devnull, os.O_WRONLY)
os.dup2(_nowhere, 2)
import keras  # noqa: E402, F401
import tensorflow  # noqa: E402, F401

os.dup2(_stderr, 2)
os.close(_stderr)
os.close(_nowhere)
gc.freeze()  # so no fork looks through these objects, or copies them
gc.enable()
