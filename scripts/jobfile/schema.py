"""Writes scripts/jobfile/job.schema.json, the JSON schema of job files: ``python -m scripts.jobfile.schema``.

Editors that know TOML complete and check a job file with it, if its first line names it (template.py). The rules about
several keys are not in it: only `make train` checks those.
"""

import json
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from scripts.jobfile.spec import JobSpec

FILE = Path("scripts/jobfile/job.schema.json")


class TomlSchema(GenerateJsonSchema):
    """Without null, which TOML has not: a key that may be None is one that may be absent."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's name
        """No titles: they repeat the names of the keys."""
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A table whose keys all match their pattern, if they have one."""
        found = super().dict_schema(schema)
        return found | {"additionalProperties": False} if "patternProperties" in found else found

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The schema of the value alone."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The schema with its default, unless that is None."""
        if schema.get("default") is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)


def text() -> str:
    """The content of the file."""
    schema: dict[str, Any] = JobSpec.model_json_schema(schema_generator=TomlSchema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A job file of Trainyard"}
    return json.dumps(head | {name: value for name, value in schema.items() if name != "title"}, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
