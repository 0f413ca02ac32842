"""AddTags, ListTags and DeleteTags, for training jobs and tuning jobs."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from scripts.localcloud.awsjson import Call, Operation, validation_error
from scripts.localcloud.sagemaker.store import Store

MAX_TAGS = 50


def tag_list(tags: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return tags in the form of AWS's answers."""
    return [{"Key": key, "Value": value} for key, value in tags]


def read_tags(request: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the tags of a request that creates something."""
    return tuple((tag["Key"], tag["Value"]) for tag in request.get("Tags", []))


class Tags:
    """Changes and lists the tags of the jobs in the stores.

    Args:
        stores: their values are dataclasses with the attribute ``tags``.
    """

    def __init__(self, *stores: Store[Any]) -> None:
        self._stores = stores
        self.operations: Mapping[str, Operation] = {
            "AddTags": self._add,
            "ListTags": self._list,
            "DeleteTags": self._delete,
        }

    def _add(self, call: Call) -> dict[str, Any]:
        added = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}

        def change(value: Any) -> Any:
            tags = dict(value.tags) | added
            if len(tags) > MAX_TAGS:
                raise validation_error(f"A resource has at most {MAX_TAGS} tags.")
            return replace(value, tags=tuple(tags.items()))

        return {"Tags": tag_list(self._change(call, change).tags)}

    def _delete(self, call: Call) -> dict[str, Any]:
        deleted = set(call.parameters["TagKeys"])
        self._change(call, lambda value: replace(value, tags=tuple(tag for tag in value.tags if tag[0] not in deleted)))
        return {}

    def _list(self, call: Call) -> dict[str, Any]:
        return {"Tags": tag_list(self._change(call, lambda value: value).tags)}

    def _change(self, call: Call, change: Callable[[Any], Any]) -> Any:
        arn = call.parameters["ResourceArn"]
        for store in self._stores:
            if store.get(arn) is not None:
                try:
                    return store.change(arn, change)
                except KeyError:  # Another call has deleted it meanwhile.
                    break
        raise validation_error("Requested resource not found.")
