"""What a user sets for the local cloud in local-cloud.toml: prices and quotas."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from scripts.localcloud.awsjson import ServiceError

FILE = Path("local-cloud.toml")


@dataclass(frozen=True)
class Settings:
    """The tables of the file.

    Attributes:
        prices: USD per instance and hour of training, by instance type.
        quotas: the number of instances, by the quota's name.
    """

    prices: dict[str, float] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=dict)


def read(path: Path = FILE) -> Settings:
    """Read the file; without one, nothing is set.

    Raises:
        ServiceError: ValidationException: the file is wrong.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        raise ServiceError("ValidationException", f"The local cloud cannot read {path}: {error}") from None
    tables = {name: found.pop(name, {}) for name in ("prices", "quotas")}
    if found or not all(_is_of_numbers(table) for table in tables.values()):
        raise ServiceError("ValidationException", f"{path} has the tables [prices] and [quotas], with numbers from 0.")
    return Settings(**tables)


def _is_of_numbers(table: object) -> bool:
    return isinstance(table, dict) and all(
        isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 for value in table.values()
    )
