"""The size of an instance type, and how much of it a container gets on this machine."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# https://aws.amazon.com/sagemaker/ai/pricing/. Families that are not listed have more than most machines that run this.
GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8, "t": 4, "g": 4}
_TYPE = re.compile(r"ml\.(?P<family>[a-z]+)\d[a-z]*\.(?:(?P<times>\d*)xlarge|(?P<small>medium|large))")
GIB = 1 << 30


@dataclass(frozen=True)
class Limits:
    """What a container may use; None for no limit.

    Attributes:
        memory: bytes.
        cpus: cores.
        shared_memory: bytes of ``/dev/shm``.
    """

    memory: int | None
    cpus: int | None
    shared_memory: int


def has_gpu(instance_type: str) -> bool:
    """Return whether a SageMaker instance type has NVIDIA GPUs: the families g and p."""
    return instance_type.startswith(("ml.g", "ml.p"))


def size(instance_type: str) -> tuple[int, int] | None:
    """Return the vCPUs and the bytes of memory of an instance type, or None if its family is not listed here."""
    found = _TYPE.fullmatch(instance_type)
    if found is None or found["family"] not in GIB_PER_VCPU:
        return None
    units = {"medium": 1, "large": 2}[found["small"]] if found["small"] else 4 * int(found["times"] or 1)
    return max(2, units), units * GIB_PER_VCPU[found["family"]] * GIB


def limits(instance_type: str, engine: Mapping[str, Any]) -> Limits:
    """Return a container's limits: the size of its instance type, but not more than the machine has.

    Args:
        instance_type: ResourceConfig's InstanceType.
        engine: the engine's description of itself (``GET /info``). Limits that it cannot set are None.
    """
    cpus, memory = size(instance_type) or (engine["NCPU"], engine["MemTotal"])
    cpus, memory = min(cpus, engine["NCPU"]), min(memory, engine["MemTotal"])
    return Limits(
        memory=memory if engine.get("MemoryLimit") else None,
        cpus=cpus if engine.get("CpuCfsQuota") else None,
        shared_memory=memory // 2,  # Linux's default for a tmpfs. Its pages count as the container's memory.
    )
