"""What runs on a laptop or in CI: the verbs (files of this folder) and their rooms (packages)."""
