"""What the console's scenarios look at: flights in a bucket, pipes, saved queries, endpoints with calls, keys."""

import base64
import json
import urllib.error
import urllib.request

import flights
from files import s3_pipe
from servers import wait_until

NUMBERS = [name for name, column in zip(flights.NAMES, flights.COLUMNS.split(",")) if "Int" in column]
DELAYS = "SELECT dest, count() AS flights, round(avg(arr_delay), 1) AS delay FROM {table} WHERE month = {{month:UInt8}} AND origin = {{origin:String}} " \
    "GROUP BY dest ORDER BY delay DESC LIMIT 20"
BY_DAY = "SELECT toDate(time_hour) AS day, count() AS flights, round(avg(dep_delay), 1) AS delay FROM {table} WHERE origin = {{origin:String}} " \
    "GROUP BY day ORDER BY day"
COLUMNS = [dict(zip(("name", "type"), column.strip().split(" ", 1))) for column in flights.COLUMNS.split(",")]


def typed_flights(limit: int | None = None) -> list[dict]:
    """Flights with numbers as numbers, as a program would write them."""
    found = []
    for row in flights.rows():
        if limit is not None and len(found) == limit:
            break
        found.append({name: int(float(value)) if name in NUMBERS and value is not None else value for name, value in row.items()})
    return found


def lines(rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def put_flights(s3, bucket: str, rows: list[dict], files: int, prefix: str = "flights/") -> list[str]:
    """The rows as JSON lines in so many files; their keys."""
    keys = [f"{prefix}{part:04}.json" for part in range(files)]
    for part, key in enumerate(keys):
        s3.put_object(Bucket=bucket, Key=key, Body=lines(rows[len(rows) * part // files:len(rows) * (part + 1) // files]))
    return keys


def flights_pipe(moto, bucket: str, table: str, name: str, prefix: str = "flights/", continuous: bool = False, **settings) -> dict:
    """The body of a pipe that loads them."""
    return s3_pipe(
        moto, bucket, f"{prefix}*.json", table, name=name, columns=COLUMNS, source={"isContinuous": True} if continuous else {},
        destination={"tableDefinition": {"engine": {"type": "MergeTree"}, "sortingKey": ["origin", "time_hour"]}},
        settings={"object_storage_max_file_count": 1, **({"object_storage_polling_interval_ms": 1000} if continuous else {}), **settings})


def make_key(api, name: str, **members) -> dict:
    """`id` (of the resource), `keyId`, `keySecret`."""
    made = api.curl("POST", f"{api.organization}/keys", {"name": name, **members}).result
    return {"id": made["key"]["id"], "keyId": made["keyId"], "keySecret": made["keySecret"]}


def viewer(api, name: str) -> dict:
    """A key that sees the service and may change nothing."""
    service = api.service.rsplit("/", 1)[1]
    role = api.curl("POST", f"{api.organization}/roles", {"name": f"{name} role", "actors": [], "policies": [{
        "allowDeny": "ALLOW", "permissions": ["control-plane:service:view"], "resources": [f"instance/{service}"]}]})
    assert role.status in (200, 201), role.text
    return {**make_key(api, name, assignedRoleIds=[role.json["result"]["id"]]), "roleId": role.json["result"]["id"]}


def save_query(api, name: str, sql: str, parameters: dict) -> str:
    answer = api.curl("POST", f"{api.service}/saved-queries", {"name": name, "sql": sql, "database": "default", "parameters": parameters})
    assert answer.status in (200, 201), answer.text
    return answer.json["result"]["id"]


def publish(api, name: str, sql: str, key: str, **fields) -> dict:
    body = {"name": name, "sql": sql, "database": "default", "apiKeyIds": [key], "roles": ["sql_console_read_only"], **fields}
    answer = api.curl("POST", f"{api.service}/query-api-endpoints", body)
    assert answer.status in (200, 201), answer.text
    return answer.json["result"]


def call(endpoint: dict, key: dict, body: dict) -> int:
    """One call with a key; its status."""
    token = base64.b64encode(f"{key['keyId']}:{key['keySecret']}".encode()).decode()
    request = urllib.request.Request(
        endpoint["url"], data=json.dumps(body).encode(), headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


class Sample:
    """Everything that a tour through the console should meet: flights, queries in a folder, an endpoint with calls, pipes, keys."""

    def __init__(self, api, sql, moto, bucket: str, prefix: str):
        self.api, self.sql, self.table = api, sql, f"{prefix}flights"
        s3 = moto.client("s3")
        rows = typed_flights(60_000)
        put_flights(s3, bucket, rows, 6)
        s3.put_object(Bucket=bucket, Key="bad/1.json", Body=b'{"id": "twelve"}\n' + lines([{"id": 1}, {"id": 2}]))
        self.keys = [make_key(api, name, roles=["query_endpoints"]) for name in ("Airport board", "Nightly report")]
        self.keys.append(make_key(api, "Continuous integration", roles=["developer"]))
        self.completed = api.create_pipe(flights_pipe(moto, bucket, self.table, "Flights of 2013"))
        self.failed = api.create_pipe(s3_pipe(
            moto, bucket, "bad/*.json", f"{prefix}arrivals", name="Arrivals", columns=[{"name": "id", "type": "UInt64"}],
            source={"isContinuous": True}, settings={"object_storage_polling_interval_ms": 1000}))
        api.wait_state(self.completed, "Completed")
        wait_until(lambda: len(api.get(f"{api.pipes}/{self.failed}/files").result) == 1, 30, "the first file of the pipe that is to fail")
        self.sql.text(f"DROP TABLE {prefix}arrivals SYNC")
        s3.put_object(Bucket=bucket, Key="bad/2.json", Body=lines([{"id": 3}]))
        self.tables = [self.table, f"{prefix}arrivals"]
        delays, days = DELAYS.format(table=self.table), BY_DAY.format(table=self.table)
        self.queries = [save_query(api, "Flights/Worst destinations", delays, {"month": "1", "origin": "JFK"}),
                        save_query(api, "Flights/Departures by day", days, {"origin": "EWR"})]
        self.endpoint = publish(api, "Worst destinations", delays, self.keys[0]["id"], parameters={"month": "1"})
        for origin in ("JFK", "EWR", "LGA") * 4:
            assert call(self.endpoint, self.keys[0], {"queryVariables": {"origin": origin}}) == 200
        assert call(self.endpoint, self.keys[0], {"queryVariables": {"origin": "JFK", "month": "x"}}) == 400
        self.api.wait_state(self.failed, "Failed")

    def remove(self):
        """All of it, so that other tests find the server as it was."""
        for pipe in (self.completed, self.failed):
            self.api.curl("DELETE", f"{self.api.pipes}/{pipe}")
        self.api.curl("DELETE", f"{self.api.service}/query-api-endpoints/{self.endpoint['id']}")
        for query in self.queries:
            self.api.curl("DELETE", f"{self.api.service}/saved-queries/{query}")
        for key in self.keys:
            self.api.curl("DELETE", f"{self.api.organization}/keys/{key['id']}")
        for table in self.tables:
            self.sql.text(f"DROP TABLE IF EXISTS {table}")
            self.sql.text(f"DROP TABLE IF EXISTS {table}_clickpipes_error")
