"""Checkpoints: their files, when they are written, and how a run resumes from one."""
