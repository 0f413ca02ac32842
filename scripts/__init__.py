"""The code that runs on a laptop or in CI: the verbs (modules of this folder) and the packages that they use."""
