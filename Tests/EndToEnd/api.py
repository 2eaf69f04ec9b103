"""The API as a user calls it: `curl` for everything a person would paste, `clickhousectl` for the official client."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from servers import Penstock, wait_until


class Answer:
    """Status and body of one request."""

    def __init__(self, status: int, text: str):
        self.status = status
        self.text = text

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def result(self):
        assert self.status == 200, f"{self.status}: {self.text}"
        body = self.json
        assert body["status"] == 200 and body["requestId"]
        return body.get("result")

    @property
    def error(self) -> str:
        body = self.json
        assert body["status"] == self.status and isinstance(body["error"], str) and body["requestId"], self.text
        return body["error"]


class API:
    """One key's view of one Penstock."""

    def __init__(self, penstock: Penstock, key_id: str | None = None, key_secret: str | None = None):
        credentials = penstock.credentials
        self.penstock = penstock
        self.key_id = key_id or credentials["keyId"]
        self.key_secret = key_secret or credentials["keySecret"]
        self.organization = f"/v1/organizations/{credentials['organizationId']}"
        self.service = f"{self.organization}/services/{credentials['serviceId']}"
        self.pipes = f"{self.service}/clickpipes"

    def curl(self, method: str, path: str, body=None, raw: bytes | str | None = None, headers=(), user: str | None = "") -> Answer:
        """One request by the `curl` program. `body` is sent as JSON, `raw` as it is; `user=None` sends no credentials."""
        command = ["curl", "-sS", "-m", "120", "-X", method, "-w", "\n%{http_code}", self.penstock.base + path]
        if user is not None:
            command += ["-u", user or f"{self.key_id}:{self.key_secret}"]
        data = raw if raw is not None else json.dumps(body) if body is not None else None
        if data is not None:
            command += ["-H", "Content-Type: application/json", "--data-binary", "@-"]
        for header in headers:
            command += ["-H", header]
        done = subprocess.run(
            command, input=data.encode() if isinstance(data, str) else data, capture_output=True, timeout=150)
        assert done.returncode == 0, done.stderr.decode()
        text, _, status = done.stdout.decode().rpartition("\n")
        return Answer(int(status), text)

    def get(self, path: str) -> Answer:
        return self.curl("GET", path)

    def create_pipe(self, body) -> str:
        return self.curl("POST", self.pipes, body).result["id"]

    def pipe(self, pipe: str):
        return self.get(f"{self.pipes}/{pipe}").result

    def command(self, pipe: str, command: str) -> Answer:
        return self.curl("PATCH", f"{self.pipes}/{pipe}/state", {"command": command})

    def wait_state(self, pipe: str, *states: str, timeout: float = 90, interval: float = 0.05):
        """The pipe once its state is one of `states`; a rest state that is not wanted fails at once."""

        def reached():
            current = self.pipe(pipe)
            resting = {"Failed", "InternalError", "Completed", "Stopped"} - set(states)
            assert current["state"] not in resting, f"{current['state']}: {current.get('stateMessage')}"
            return current if current["state"] in states else None

        return wait_until(reached, timeout, f"pipe {pipe} to be {' or '.join(states)}", interval)


class SQL:
    """Queries of the ClickHouse behind a `clickhouseURL`."""

    def __init__(self, url: str):
        parts = urllib.parse.urlsplit(url)
        self.base = f"{parts.scheme}://{parts.hostname}:{parts.port}/"
        self.headers = {"X-ClickHouse-User": parts.username or "default", "X-ClickHouse-Key": parts.password or ""}

    def text(self, sql: str, **settings) -> str:
        query = urllib.parse.urlencode(settings)
        request = urllib.request.Request(self.base + "?" + query, data=sql.encode(), headers=self.headers)
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{sql[:200]}: {error.read().decode()[:1000]}") from None

    def rows(self, sql: str, **settings) -> list[dict]:
        lines = self.text(sql + " FORMAT JSONEachRow", output_format_json_quote_64bit_integers=0, **settings)
        return [json.loads(line) for line in lines.splitlines()]

    def value(self, sql: str):
        row = self.rows(sql)[0]
        return next(iter(row.values()))

    def count(self, table: str) -> int:
        """Rows of a table; none while the pipe has not made it yet."""
        return self.value(f"SELECT count() FROM {table}") if self.value(f"EXISTS TABLE {table}") else 0


def clickhousectl(api: API, home: pathlib.Path, *arguments: str, check: bool = True, json_output: bool = True):
    """Runs the official client against our base URL; returns its JSON output, or the finished process when `check` is false."""
    marker = home / ".clickhouse" / "last_update_check"
    marker.parent.mkdir(parents=True, exist_ok=True)
    # A fresh marker keeps the client from looking for updates on the network.
    marker.write_text(f"{int(time.time())}\n0.5.0")
    program = pathlib.Path(sys.executable).parent / "clickhousectl"
    environment = {
        **os.environ, "HOME": str(home), "DO_NOT_TRACK": "1", "CLICKHOUSE_CLOUD_API_KEY": api.key_id,
        "CLICKHOUSE_CLOUD_API_SECRET": api.key_secret, "CLICKHOUSE_CLOUD_QUERY_HOST": api.penstock.base}
    done = subprocess.run(
        [str(program), "cloud", "--url", api.penstock.base, *(["--json"] if json_output else []), *arguments], env=environment, capture_output=True,
        text=True, timeout=120, stdin=subprocess.DEVNULL)
    if check:
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None
    return done
