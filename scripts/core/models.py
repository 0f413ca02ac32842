"""A session of botocore that loads the model of a service sooner, and without looking through all services before."""

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader
from botocore.session import Session, get_session


class _AnyService(list[str]):
    """A list that claims to have every service."""

    def __contains__(self, service: object) -> bool:
        return True


class QuickFiles(JSONFileLoader):
    """botocore's makes an OrderedDict of each object in a file: twice the time of a dict, which keeps the order too."""

    def load_file(self, file_path: str) -> Any:
        """The content of a JSON file; None if none can be read. ``file_path`` has no suffix."""
        for suffix, unpacked in ((".json", bytes), (".json.gz", gzip.decompress)):
            with suppress(OSError):  # there is none, or you may not read ~/.aws/models
                return json.loads(unpacked(Path(file_path + suffix).read_bytes()))
        return None


class _QuickLoader(Loader):
    """botocore's loader lists the folders of all four hundred services, to name them if it does not know one."""

    FILE_LOADER_CLASS = QuickFiles

    def list_available_services(self, type_name: str) -> list[str]:  # noqa: ARG002 - botocore names it
        return _AnyService()


def quick_session() -> Session:
    """A new session, with AWS's standard settings. A service that does not exist is a DataNotFoundError."""
    session = get_session()
    paths = session.get_config_variable("data_path") or ""
    session.register_component("data_loader", _QuickLoader(extra_search_paths=[one for one in paths.split(":") if one]))
    return session
