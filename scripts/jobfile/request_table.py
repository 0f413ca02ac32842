"""The table ``[request]`` of a job file: members of CreateTrainingJob that have no key of their own.

Each is checked against botocore's service model when the job file is read, and merged into the request. Pure functions.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scripts.core.constraints import constraints, has_type
from scripts.core.errors import nearest
from scripts.jobfile.members import BUILT, CHANNELS, Owner, owner_of, request_shape

if TYPE_CHECKING:
    from botocore.model import Shape

Problem = tuple[str, str]
"""The two lines of an error; the first begins with the place in the table."""
# These replace InstanceType and InstanceCount.
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ResourceConfig.html
INSTANCE_LISTS = ("InstanceGroups", "InstancePreferences")
# A type of the service model, as TOML calls it.
TYPES = {"structure": "a table", "map": "a table", "list": "an array", "long": "an integer", "integer": "an integer"}
MOST_CHANNELS = 20
MOST_SHOWN = 10
REFERENCE = "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html describes it."


def problem(table: Mapping[str, Any], channels: Mapping[str, Any]) -> Problem | None:
    """The first problem of the table, compared with the service model; None if there is none.

    A member may be set by a key or by this tool, be unknown or missing, or have a value that the model does not allow.

    Args:
        table: the table's content.
        channels: the channels of the job file, by name.
    """
    return next(_problems(request_shape(), table, "", channels), None)


def merge(request: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """A request with the members of the table.

    Structures are merged, and a channel into the one of its name. A list of instances replaces the type and the count.
    """
    merged = _merged(request, table)
    resources = table.get("ResourceConfig", {})
    if any(name in resources for name in INSTANCE_LISTS):
        for name in ("InstanceType", "InstanceCount"):
            merged["ResourceConfig"].pop(name)
    return merged


def instance_types(table: Mapping[str, Any]) -> list[str]:
    """The instance types that the table names in place of the key ``instance_type``; empty if it names none."""
    resources = table.get("ResourceConfig", {})
    return [one["InstanceType"] for name in INSTANCE_LISTS for one in resources.get(name, [])]


def channel_names(table: Mapping[str, Any]) -> list[str]:
    """The names of the channels in the table."""
    return [channel["ChannelName"] for channel in table.get(CHANNELS, [])]


def _merged(before: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(before)
    for name, value in more.items():
        if name == CHANNELS:
            found[name] = _merged_channels(found.get(name, []), value)
        elif isinstance(value, dict) and isinstance(found.get(name), dict):
            found[name] = _merged(found[name], value)
        else:
            found[name] = value
    return found


def _merged_channels(before: list[dict[str, Any]], more: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_name = {channel["ChannelName"]: channel for channel in before}
    for channel in more:
        by_name[channel["ChannelName"]] = _merged(by_name.get(channel["ChannelName"], {}), channel)
    return list(by_name.values())


def _problems(shape: "Shape", value: Any, path: str, channels: Mapping[str, Any]) -> Iterator[Problem]:
    own = next(_own_problems(shape, value, f"request.{path}" if path else "request"), None)
    if own:
        yield own
        return
    match shape.type_name:
        case "structure":
            yield from _structure_problems(shape, value, path, channels)
        case "map":
            for key, item in value.items():
                yield from _problems(shape.key, key, f"{path}.{key}", channels)  # type: ignore[attr-defined]
                yield from _problems(shape.value, item, f"{path}.{key}", channels)  # type: ignore[attr-defined]
        case "list" if path == CHANNELS:
            for channel in value:
                yield from _channel_problems(shape.member, channel, channels)  # type: ignore[attr-defined]
            yield from _list_problems([channel["ChannelName"] for channel in value], channels)
        case "list":
            for item in value:
                yield from _problems(shape.member, item, path, channels)  # type: ignore[attr-defined]


def _own_problems(shape: "Shape", value: Any, place: str) -> Iterator[Problem]:
    """The problems of the value itself, without its members."""
    allowed = shape.metadata.get("enum")
    if not has_type(shape, value):
        yield f"{place} is {value!r}, but it must be {TYPES.get(shape.type_name, f'a {shape.type_name}')}", REFERENCE
    elif allowed and value not in allowed:
        yield _no_choice(place, value, allowed)
    else:
        for sentence, holds in constraints(shape, value):
            if not holds:
                yield f"{place} is {value!r}: {sentence.replace('Member', 'it')}", REFERENCE


def _structure_problems(
    shape: "Shape", value: Mapping[str, Any], path: str, channels: Mapping[str, Any]
) -> Iterator[Problem]:
    members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
    for name in value:
        member = f"{path}.{name}" if path else name
        owner = None if path.startswith(CHANNELS) else owner_of(member)
        if name not in members:
            close = nearest(name, members)
            hint = f"Did you mean {close}? " if close else ""
            yield f"request.{member} is not a member of CreateTrainingJob", f"{hint}Allowed: {', '.join(members)}."
        elif owner:
            yield _owned(member, owner)
        else:
            yield from _problems(members[name], value[name], member, channels)
    for name in shape.required_members if path not in BUILT else ():
        if name not in value:
            yield f"request.{path}.{name} is missing", REFERENCE


def _channel_problems(shape: "Shape", channel: Any, channels: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of a channel: what has a key, a channel of the job file has there; S3 data always have keys."""
    source = "DataSource.S3DataSource"
    found = dict(_flat(channel)) if isinstance(channel, dict) else {}
    name = found.get("ChannelName")
    for member in found:
        owner = owner_of(f"{CHANNELS}.{member}")
        if owner and (name in channels or found.get(f"{source}.S3DataType") in ("S3Prefix", "ManifestFile")):
            yield _owned(f"{CHANNELS}.{member}", Owner((owner.key or "").replace("NAME", str(name))))
    if isinstance(channel, dict):
        for required in ("ChannelName", *(() if name in channels else ("DataSource",))):
            if required not in channel:
                yield f"request.{CHANNELS}.{required} is missing", REFERENCE
    if name in channels and isinstance(channel, dict):  # The source itself comes from the job file.
        built = {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/"}
        channel = _merged({"DataSource": {"S3DataSource": built}}, channel)
    yield from _problems(shape, channel, CHANNELS, {})


def _list_problems(names: list[str], channels: Mapping[str, Any]) -> Iterator[Problem]:
    """The problems of the list of channels as a whole, each of which is valid."""
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        yield f"request.{CHANNELS} has the channel {twice[0]} twice", "Merge the two."
    count = len({*names, *channels})
    if count > MOST_CHANNELS:
        yield f"there are {count} channels, and SageMaker accepts at most {MOST_CHANNELS}", "Remove some."


def _no_choice(place: str, value: Any, allowed: list[str]) -> Problem:
    close = nearest(value, allowed)
    hint = f"Did you mean {close}?" if close else ""
    choices = f"Allowed: {', '.join(allowed)}." if len(allowed) <= MOST_SHOWN else "" if hint else REFERENCE
    return f"{place} is {value!r}, which SageMaker does not have", f"{hint} {choices}".strip()


def _flat(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{path}{name}.")
        else:
            yield f"{path}{name}", item


def _owned(member: str, owner: Owner) -> Problem:
    if owner.key is None:
        return f"request.{member} cannot be set: {owner.reason}", "Remove it."
    return f"request.{member} has a key of its own", f"Set {owner.key} in the job file."
