"""A schema registry with Confluent's REST API, for tests: schemas, versions, ids, references, errors as the documentation has them.

    schema_registry.py PORT [--tls CERT KEY] [--user NAME:PASSWORD]

Prints "ready" once it listens. All of it is in memory. Compatibility is not judged: every schema fits every other.
Facts: "Schema Registry API Reference" of Confluent's documentation.

Beside the API, `GET /_requests` tells how often each path was asked, `POST /_fail {"status": 500, "times": 3}` makes the next requests fail
(status 0 closes the connection), `POST /_user {"user": "name:password"}` changes who is let in.
"""

import argparse
import base64
import json
import re
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Registry:
    def __init__(self):
        self.lock = threading.Lock()
        self.schemas = {}  # id -> {"schema", "schemaType", "references"}
        self.subjects = {}  # name -> {version: id}
        self.deleted = set()  # (subject, version)
        self.requests = {}
        self.failures = []

    def register(self, subject, body):
        text = body.get("schema")
        kind = body.get("schemaType", "AVRO")
        if kind not in ("AVRO", "PROTOBUF", "JSON"):
            raise Refusal(422, 42201, f"Invalid schema type {kind}")
        if not isinstance(text, str) or (kind != "PROTOBUF" and not self.is_json(text)):
            raise Refusal(422, 42201, "Invalid schema")
        references = body.get("references", [])
        for reference in references:
            self.version(reference["subject"], str(reference["version"]))
        found = {"schema": text, "schemaType": kind, "references": references}
        number = next((i for i, s in self.schemas.items() if s == found), None)
        if number is None:
            number = max(self.schemas, default=0) + 1
            self.schemas[number] = found
        versions = self.subjects.setdefault(subject, {})
        if number not in [i for v, i in versions.items() if (subject, v) not in self.deleted]:
            versions[max(versions, default=0) + 1] = number
        return {"id": number}

    @staticmethod
    def is_json(text):
        try:
            json.loads(text)
            return True
        except ValueError:
            return False

    def schema(self, number):
        if number not in self.schemas:
            raise Refusal(404, 40403, f"Schema {number} not found")
        return self.shown(self.schemas[number])

    @staticmethod
    def shown(schema):
        """The type of Avro and empty references are left out, as the real one does."""
        shown = {"schema": schema["schema"]}
        if schema["schemaType"] != "AVRO":
            shown["schemaType"] = schema["schemaType"]
        if schema["references"]:
            shown["references"] = schema["references"]
        return shown

    def versions(self, subject):
        found = [v for v in self.subjects.get(subject, {}) if (subject, v) not in self.deleted]
        if not found:
            raise Refusal(404, 40401, f"Subject '{subject}' not found.")
        return sorted(found)

    def version(self, subject, version):
        known = self.versions(subject)
        if version in ("latest", "-1"):
            number = known[-1]
        elif version.isdigit() and int(version) > 0:
            number = int(version)
        else:
            raise Refusal(422, 42202, f"The specified version '{version}' is not a valid version id.")
        if number not in known:
            raise Refusal(404, 40402, f"Version {number} not found.")
        identity = self.subjects[subject][number]
        return {"subject": subject, "version": number, "id": identity, **self.shown(self.schemas[identity])}

    def lookup(self, subject, body):
        for version in self.versions(subject):
            found = self.schemas[self.subjects[subject][version]]
            same = found["schema"] == body.get("schema") and found["schemaType"] == body.get("schemaType", "AVRO")
            if same and found["references"] == body.get("references", []):
                return self.version(subject, str(version))
        raise Refusal(404, 40403, "Schema not found")

    def delete(self, subject):
        gone = self.versions(subject)
        self.deleted.update((subject, version) for version in gone)
        return gone


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry = Registry()
    user = None

    def log_message(self, *_):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="schema registry"')
        self.end_headers()
        self.wfile.write(body)

    def handle_request(self):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        url = urlsplit(self.path)
        path = url.path.rstrip("/") or "/"
        registry = self.registry
        try:
            with registry.lock:
                if path == "/_requests":
                    return self.answer(200, registry.requests)
                if path == "/_fail":
                    wanted = json.loads(raw)
                    registry.failures = [wanted["status"]] * wanted.get("times", 1)
                    return self.answer(200, {})
                if path == "/_user":
                    Handler.user = json.loads(raw)["user"]
                    return self.answer(200, {})
                registry.requests[path] = registry.requests.get(path, 0) + 1
                if registry.failures:
                    status = registry.failures.pop(0)
                    if status == 0:
                        self.close_connection = True
                        self.connection.close()
                        return None
                    raise Refusal(status, status * 100 + 1, "Error in the backend data store")
                if self.user:
                    wanted = "Basic " + base64.b64encode(self.user.encode()).decode()
                    if self.headers.get("Authorization") != wanted:
                        raise Refusal(401, 401, "Unauthorized")
                try:
                    body = json.loads(raw) if raw else {}
                except ValueError:
                    raise Refusal(400, 400, "Invalid JSON") from None
                document = self.route(path, body, parse_qs(url.query))
            self.answer(200, document)
        except Refusal as refusal:
            self.answer(refusal.status, {"error_code": refusal.code, "message": refusal.message})
        return None

    def route(self, path, body, query):
        registry = self.registry
        method = self.command
        routes = [
            ("GET", r"/", lambda: {}),
            ("GET", r"/subjects", lambda: sorted(s for s in registry.subjects if self.exists(s))),
            ("GET", r"/schemas/types", lambda: ["JSON", "PROTOBUF", "AVRO"]),
            ("GET", r"/schemas/ids/(-?\d+)", lambda i: registry.schema(int(i))),
            ("GET", r"/schemas/ids/(\d+)/schema", lambda i: json.loads(registry.schema(int(i))["schema"])),
            ("GET", r"/subjects/([^/]+)/versions", registry.versions),
            ("GET", r"/subjects/([^/]+)/versions/([^/]+)", registry.version),
            ("POST", r"/subjects/([^/]+)/versions", lambda s: registry.register(s, body)),
            ("POST", r"/subjects/([^/]+)", lambda s: registry.lookup(s, body)),
            ("DELETE", r"/subjects/([^/]+)", registry.delete),
            ("GET", r"/config(?:/[^/]+)?", lambda: {"compatibilityLevel": "NONE"}),
            ("PUT", r"/config(?:/[^/]+)?", lambda: {"compatibility": body.get("compatibility", "NONE")}),
            ("GET", r"/mode(?:/[^/]+)?", lambda: {"mode": "READWRITE"}),
            ("POST", r"/compatibility/subjects/[^/]+/versions/[^/]+", lambda: {"is_compatible": True}),
        ]
        for verb, pattern, run in routes:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                return run(*[unquote(part) for part in match.groups()])
        raise Refusal(404, 404, "HTTP 404 Not Found")

    def exists(self, subject):
        try:
            return bool(self.registry.versions(subject))
        except Refusal:
            return False

    do_GET = do_POST = do_PUT = do_DELETE = handle_request


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    parser.add_argument("--user", metavar="NAME:PASSWORD")
    options = parser.parse_args()
    Handler.user = options.user
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    server.daemon_threads = True
    if options.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*options.tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
