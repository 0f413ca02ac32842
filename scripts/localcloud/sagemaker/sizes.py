"""Decides whether a file that a job's program left is too large to be copied. Pure.

A program can make a file of 8 TiB without writing a byte: it is one hole. Its copy in S3 would fill the disk.
"""

import os

# A file of more than a gigabyte that takes less than a hundredth of that on the disk is nearly all hole.
SPARSE_BYTES, SPARSE_TIMES = 1_000_000_000, 100
BLOCK = 512  # the unit of st_blocks, whatever the file system: stat(2)


def why_too_large(state: os.stat_result, free: int) -> str:
    """Return why a regular file is not copied, as a clause; empty if it can be.

    Args:
        state: of the file.
        free: the bytes that are free on the local cloud's disk.
    """
    if state.st_size > max(SPARSE_BYTES, SPARSE_TIMES * BLOCK * state.st_blocks):
        return "it is a sparse file, nearly all of it a hole"
    return "it is larger than the free space on the local cloud's disk" if state.st_size > free else ""
