"""Serves Confluent's schema registry interface over HTTP, for stock serializers in any language."""

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from sijill.adapters.schema_registry import RegistryError, SchemaRegistry

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
BODY_MAX = 131_072
IDLE_S = 30


class SchemaServer:
    """Serves a registry over HTTP on the loopback interface until it is closed."""

    def __init__(self, topics: Mapping[str, str], *, port: int = 0) -> None:
        """Begin to serve on a port, or on a free one; OSError when the port is taken."""
        registry = SchemaRegistry(topics)
        handler = type("Handler", (_Handler,), {"registry": registry})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; calls that are being answered come to their end."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Carries calls to the registry and its answers back."""

    registry: ClassVar[SchemaRegistry]
    protocol_version = "HTTP/1.1"
    server_version = "sijill"
    sys_version = ""
    timeout = IDLE_S

    def do_GET(self) -> None:
        """Answer a call without a body."""
        self._respond("GET", None)

    def do_POST(self) -> None:
        """Answer a call with a JSON body."""
        try:
            size = int(self.headers.get("Content-Length", ""))
            body = json.loads(self.rfile.read(size)) if 0 <= size <= BODY_MAX else None
        except (ValueError, RecursionError):
            body = None
        if body is None:
            # What was not read would be taken for the next call.
            self.close_connection = True
        self._respond("POST", body)

    def _refuse(self) -> None:
        self.close_connection = True
        self._respond(self.command, None)

    # Named by the handler class of the standard library.
    do_PUT = do_DELETE = do_PATCH = _refuse  # noqa: N815

    def _respond(self, method: str, body: Any) -> None:
        status = 200
        try:
            answer = self.registry.answer(method, urlsplit(self.path).path.rstrip("/") or "/", body)
        except RegistryError as error:
            status, answer = error.status, {"error_code": error.code, "message": error.message}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Write no log: a call names nothing that is worth a line."""
