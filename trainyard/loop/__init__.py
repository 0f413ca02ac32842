"""The training loop, the steps that TensorFlow compiles, and the errors of a step."""
