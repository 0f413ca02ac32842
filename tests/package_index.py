"""A package index on 127.0.0.1 that asks for a user name and a password (PEP 503), with two small packages."""

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USER, PASSWORD = "reader", "a-password-of-the-index"
WHEEL, SOURCE = "greeting-of-mine", "only-source-of-mine"


def _wheel() -> bytes:
    files = {
        "greeting_of_mine.py": "TEXT = 'hello'\n",
        "greeting_of_mine-1.2.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting-of-mine\nVersion: 1.2\n",
        "greeting_of_mine-1.2.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, "greeting_of_mine-1.2.dist-info/RECORD"])
    return _zipped({**files, "greeting_of_mine-1.2.dist-info/RECORD": record})


def _zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return made.getvalue()


def _source() -> bytes:
    files = {
        "setup.py": "from setuptools import setup\n"
        "setup(name='only-source-of-mine', version='0.3', py_modules=['only_source_of_mine'])\n",
        "only_source_of_mine.py": "TEXT = 'from source'\n",
        "PKG-INFO": "Metadata-Version: 2.1\nName: only-source-of-mine\nVersion: 0.3\n",
    }
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"only-source-of-mine-0.3/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return made.getvalue()


FILES = {
    WHEEL: ("greeting_of_mine-1.2-py3-none-any.whl", _wheel()),
    SOURCE: ("only-source-of-mine-0.3.tar.gz", _source()),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != wanted:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="index"')
            self.end_headers()
            return
        body = self._body()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/octet-stream")
        self.end_headers()
        self.wfile.write(body or b"")

    def _body(self) -> bytes | None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple" and parts[-1] in FILES:
            name, content = FILES[parts[-1]]
            digest = hashlib.sha256(content).hexdigest()
            return f'<a href="/files/{name}#sha256={digest}">{name}</a>'.encode()
        return next((content for name, content in FILES.values() if parts == ["files", name]), None)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Print nothing."""


@contextmanager
def package_index() -> Iterator[str]:
    """Run the index; gives its address with the user name and the password."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{USER}:{PASSWORD}@127.0.0.1:{server.server_port}/simple/"
    finally:
        server.shutdown()
        server.server_close()
