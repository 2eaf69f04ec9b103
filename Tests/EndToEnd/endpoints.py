"""Query endpoints as their users meet them: a query is saved, published and called."""

import base64
import http.client
import json
import subprocess
import urllib.parse

from api import API, SQL
from servers import random_name, wait_until

READ_ONLY, FULL = "sql_console_read_only", "sql_console_admin"
VERSION, UPGRADE = "x-clickhouse-endpoint-version", "x-clickhouse-endpoint-upgrade"
EXPOSED = "access-control-expose-headers"
ORIGIN = "access-control-allow-origin"


class Reply:
    """One answer: status, headers with names in lower case, body bytes."""

    def __init__(self, status: int, headers, body: bytes):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def rows(self) -> list:
        """The rows of an answer in a JSON-per-line format."""
        assert self.status == 200, f"{self.status}: {self.text}"
        return [json.loads(line) for line in self.text.splitlines()]

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:400]!r}"

    def failure(self, *statuses: int) -> str:
        """The `details` of a run's error, which has the agreed shape and tells nothing of what is behind Penstock."""
        assert self.status in statuses, f"wanted {statuses}: {self!r}"
        error = self.json["error"]
        if isinstance(error, str):
            # A key that the route of a service refuses.
            assert self.status in (401, 403), self.text
            error = {"code": "REFUSED", "details": error}
        assert set(error) == {"code", "details"} and isinstance(error["code"], str) and error["code"], self.text
        assert isinstance(error["details"], str) and error["details"], self.text
        assert self.headers["x-request-id"], self.headers
        for secret in ("127.0.0.1:", "localhost", "Stack trace", "penstock_", "(official build)"):
            assert secret not in self.text, self.text
        return error["details"]


class Key:
    """An API key: its resource id, and what its owner sends."""

    def __init__(self, record: dict):
        self.id = record["key"]["id"]
        self.key_id = record["keyId"]
        self.secret = record["keySecret"]

    @property
    def pair(self) -> tuple[str, str]:
        return self.key_id, self.secret


def basic(pair: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(f"{pair[0]}:{pair[1]}".encode()).decode()


class Endpoints:
    """Publishes and calls the endpoints of one Penstock with one caller's key."""

    def __init__(self, api: API, sql: SQL):
        self.api, self.sql = api, sql
        self.collection = f"{api.service}/query-api-endpoints"
        self.saved = f"{api.service}/saved-queries"
        self.service_endpoint = f"{api.service}/serviceQueryEndpoint"
        self.service = api.penstock.credentials["serviceId"]
        self.key = self.new_key("caller")
        self.made: list[str] = []

    def new_key(self, name: str, **more) -> Key:
        return Key(self.api.curl("POST", f"{self.api.organization}/keys", {"name": name, "roles": ["query_endpoints"], **more}).result)

    def body(self, sql: str, **more) -> dict:
        return {"name": random_name("endpoint "), "sql": sql, "database": "default", "apiKeyIds": [self.key.id], "roles": [READ_ONLY], **more}

    def create(self, sql: str, **more) -> dict:
        """Publishes and returns the endpoint's document."""
        answer = self.api.curl("POST", self.collection, self.body(sql, **more))
        assert answer.status == 201, f"{answer.status}: {answer.text}"
        document = answer.json["result"]
        self.made.append(document["id"])
        return document

    def publish(self, sql: str, **more) -> str:
        """Publishes and returns the endpoint's id."""
        return self.create(sql, **more)["id"]

    def path(self, endpoint: str) -> str:
        return f"{self.collection}/{endpoint}"

    def get(self, endpoint: str) -> dict:
        return self.api.get(self.path(endpoint)).result

    def close(self):
        for endpoint in self.made:
            self.api.curl("DELETE", self.path(endpoint))
        self.made.clear()

    # Calls

    def run(self, endpoint: str, query=None, *, method: str | None = None, body=None, raw: bytes | None = None, headers=None,
            user: tuple[str, str] | None | str = "", path: str = "/run/{}", timeout: float = 60) -> Reply:
        """Calls an endpoint: POST when there is a body. `user=None` sends no credentials."""
        return self.send(
            method or ("GET" if body is None and raw is None else "POST"), path.format(endpoint), query, body=body, raw=raw,
            headers=headers, user=user, timeout=timeout)

    def send(self, method: str, path: str, query=None, *, body=None, raw: bytes | None = None, headers=None,
             user: tuple[str, str] | None | str = "", timeout: float = 60) -> Reply:
        """One request on a connection of its own. `query` is a dictionary, a list of pairs or text."""
        if query:
            path += "?" + (query if isinstance(query, str) else urllib.parse.urlencode(query))
        sent = dict(headers or {})
        if user is not None and "Authorization" not in sent:
            sent["Authorization"] = basic(user or self.key.pair)
        data = raw if body is None else json.dumps(body).encode()
        host = urllib.parse.urlsplit(self.api.penstock.base).netloc
        connection = http.client.HTTPConnection(host, timeout=timeout)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            return Reply(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def curl(self, *arguments: str, input: bytes | None = None, timeout: float = 120) -> subprocess.CompletedProcess:
        """The `curl` program with the caller's key; the last argument is a path below the host."""
        *options, path = arguments
        return subprocess.run(
            ["curl", "-sS", "--user", f"{self.key.key_id}:{self.key.secret}", *options, self.api.penstock.base + path], input=input,
            capture_output=True, timeout=timeout)

    # What the ClickHouse behind saw

    def running(self, marker: str) -> int:
        """Queries under way at the server whose text has `marker`."""
        return self.sql.value(f"SELECT count() FROM system.processes WHERE query LIKE '%{marker}%' AND query NOT LIKE '%system.processes%'")

    def logged(self, marker: str, least: int = 1) -> list[dict]:
        """What the server's log says of ended queries whose text has `marker`, once there are `least`; oldest first."""

        def found():
            self.sql.text("SYSTEM FLUSH LOGS")
            rows = self.sql.rows(
                "SELECT type, query_id, user, query, Settings, exception_code FROM system.query_log WHERE type != 'QueryStart' "
                f"AND query LIKE '%{marker}%' AND query NOT LIKE '%system.query_log%' AND query NOT LIKE '%system.processes%' "
                "AND query_kind NOT IN ('Explain') ORDER BY event_time_microseconds")
            return rows if len(rows) >= least else None

        return wait_until(found, 30, f"{least} queries with {marker} in the query log")
