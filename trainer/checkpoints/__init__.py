"""Checkpoints: their files, when and by whom they are written, and how a run resumes from one."""
