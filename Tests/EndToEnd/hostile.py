"""Requests that nobody honest sends: each is the bytes of one HTTP request, made from a seed and nothing else."""

import gzip
import json
import random
import socket
import urllib.parse
from http.client import HTTPException, HTTPResponse

TEXTS = [
    "", " ", "'", "''", "\\", "\\'", "\\\\'", "' OR 1=1 --", "'; DROP TABLE secrets; --", "1; DROP TABLE secrets", "x' UNION ALL SELECT * FROM secrets --",
    "{s:String}", "{v:UInt8}", "/*", "*/", "--", "#", "$$", "$tag$", "`", '"', "\n", "\r\n", "\t", "\0", "\x1a", "\x7f", "\\N", "\\0", "\\x41", "NULL",
    "null", "true", "nan", "inf", "-inf", "-0", "+1", "0x10", "1e309", "1e-400", "00001", "1_000", "٣", "１", "١", "𝟙", " 1", "1 ", "300", "-1", "256",
    "18446744073709551616", "99999999999999999999999999999999999999999999999999", "2020-13-45", "2300-01-01", "1969-12-31", "2024-02-30",
    "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+25:00", "0000-00-00", "1.23456", "1.", ".", "1e5", "[", "]", "[[[", "['a'", "['a','b']", "['a\\'b']",
    "[1,2,3]", "{'a':1}", "('a',1)", '["a"]', "[" * 5000, "[" * 200 + "]" * 200, "{'a':" * 300, "a" * 300_000, "😀" * 1000, "\u202e", "\ufeff", "é", "é",
    "00000000-0000-0000-0000-000000000000", "127.0.0.1", "::1", "secrets", "default.secrets", "system.users", "`secrets`", "../../etc/passwd",
    "%00", "%27", "%2527", "${jndi:ldap://x}", "<script>", "file:///etc/passwd", "http://127.0.0.1:8123/", "\r\nSet-Cookie: x=1", "x\r\n\r\nGET / HTTP/1.1",
]
SETTINGS = [
    "readonly", "user", "password", "role", "profile", "query", "database", "session_id", "session_timeout", "query_id", "quota_key", "default_format",
    "log_comment", "stacktrace", "add_http_cors_header", "SQL_tenant", "allow_ddl", "max_memory_usage", "max_execution_time", "wait_end_of_query",
    "buffer_size", "compress", "decompress", "enable_http_compression", "http_write_exception_in_output_format", "log_queries", "max_result_rows",
    "result_overflow_mode", "format_schema", "allow_introspection_functions", "additional_table_filters", "additional_result_filter", "limit", "offset",
    "output_format_json_quote_64bit_integers", "max_threads", "max_block_size", "implicit_select", "dialect", "s3_truncate_on_insert", "param_", "param",
    "access_token", "close_session", "client_protocol_version", "send_progress_in_http_headers", "cancel_http_readonly_queries_on_client_close",
    "use_query_cache", "query_cache_ttl", "allow_experimental_analyzer", "_", "'", "a b", "max_threads\0", "MAX_THREADS", "max_threads ", "römer", "",
    "async_insert", "insert_deduplication_token", "restore_replace_external_engines_to_null", "mutations_sync", "throw_on_max_partitions_per_insert_block",
]
ORIGINS = [
    "https://a.example", "null", "*", "https://a.example.evil.com", "https://evil.com#a.example", "http://a.example", "https://A.EXAMPLE:443", "", "a",
    "https://a.example, https://b.example", "file://", "https://[::1]", "https://user@a.example", "\x01", "é", "https://" + "a" * 9000,
]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "FOO", "get", "PRI", "QUERY", "A" * 300, ""]
LENGTHS = ["-1", "0", "99999999999999999999", "abc", "1, 2", "+5", "0x10", ""]


class Hostile:
    """The generator: `bytes(number)` is the same request for the same seed, whatever was asked before."""

    def __init__(self, seed: int, endpoints: dict[str, str], service: str, authorization: str):
        self.seed, self.endpoints, self.service, self.authorization = seed, endpoints, service, authorization

    def request(self, number: int) -> tuple[str, bytes, object]:
        """What it is called, its bytes, and for an echo what must come back."""
        chance = random.Random(f"{self.seed}:{number}")
        kind = chance.choice(["echo", "value", "value", "setting", "setting", "body", "headers", "path", "method", "wire", "service"])
        return (kind, *getattr(self, "_" + kind)(chance))

    def _target(self, endpoint: str, query=()) -> str:
        return f"/run/{self.endpoints[endpoint]}" + ("?" + urllib.parse.urlencode(query, errors="surrogateescape") if query else "")

    def _head(self, method: str, target: str, headers=(), body: bytes | None = None, authorize=True) -> bytes:
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
        if authorize:
            lines.append(f"Authorization: {self.authorization}")
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + (body or b"")

    def text(self, chance: random.Random) -> str:
        """Sometimes a known trick, sometimes two of them, sometimes noise."""
        pick = chance.random()
        if pick < 0.6:
            return chance.choice(TEXTS)
        if pick < 0.8:
            return chance.choice(TEXTS)[:500] + chance.choice(TEXTS)[:500]
        return "".join(chr(chance.choice([chance.randrange(1, 128), chance.randrange(0xA0, 0x2FF), chance.randrange(0x1F300, 0x1F5FF)]))
                       for _ in range(chance.randrange(40)))

    def json(self, chance: random.Random, depth: int = 0):
        pick = chance.randrange(8 if depth < 4 else 6)
        if pick == 0:
            return None
        if pick == 1:
            return chance.choice([True, False])
        if pick == 2:
            return chance.choice([0, -1, 255, 256, 2**63, -2**63, 2**64, 10**40, 1.5, -0.0, 1e308])
        if pick < 6:
            return self.text(chance)
        if pick == 6:
            return [self.json(chance, depth + 1) for _ in range(chance.randrange(4))]
        return {self.text(chance)[:100]: self.json(chance, depth + 1) for _ in range(chance.randrange(4))}

    def _echo(self, chance):
        value = self.text(chance)
        if chance.random() < 0.4 and len(value) < 10_000:
            return self._head("GET", self._target("echo", [("param_s", value), ("format", "JSONEachRow")])), value
        body = json.dumps({"queryVariables": {"s": value}, "format": "JSONEachRow"}, ensure_ascii=chance.random() < 0.5).encode()
        return self._head("POST", self._target("echo"), body=body), value

    def _value(self, chance):
        endpoint = chance.choice([e for e in self.endpoints if e not in ("echo",)])
        if chance.random() < 0.5:
            value = self.text(chance)[:5000]
            query = [("param_v", value)] + ([("param_" + self.text(chance)[:50], "1")] if chance.random() < 0.1 else [])
            return self._head(chance.choice(["GET", "POST"]), self._target(endpoint, query), body=b""), None
        return self._head("POST", self._target(endpoint), body=json.dumps({"queryVariables": {"v": self.json(chance)}}).encode()), None

    def _setting(self, chance):
        name = chance.choice(SETTINGS) if chance.random() < 0.8 else self.text(chance)[:100]
        value = chance.choice(["0", "1", "2", "-1", "abc", "100000000000", self.text(chance)[:300]])
        endpoint = chance.choice(["echo", "tenant"])
        query = [("param_s", "x"), ("param_v", "x"), (name, value)]
        chance.shuffle(query)
        return self._head(chance.choice(["GET", "POST"]), self._target(endpoint, query), body=b""), None

    def _body(self, chance):
        pick = chance.randrange(8)
        headers = [("Content-Type", chance.choice(["application/json", "text/plain", "application/octet-stream", "multipart/form-data; boundary=x", "x"]))]
        if pick == 0:
            body = json.dumps(self.json(chance)).encode()
        elif pick == 1:
            whole = json.dumps({"queryVariables": {"s": "x"}, "format": "CSV"}).encode()
            body = whole[:chance.randrange(len(whole))]
        elif pick == 2:
            body = bytes(chance.randrange(256) for _ in range(chance.randrange(300)))
        elif pick == 3:
            body = b'{"queryVariables":' * chance.choice([10, 10_000]) + b"1"
        elif pick == 4:
            body = json.dumps({chance.choice(["queryVariables", "format", "sql", "x"]): self.json(chance), "format": self.json(chance)}).encode()
        elif pick == 5:
            body = b'{"queryVariables":{"s":"a","s":"b"},"queryVariables":{"s":"c"}}'
        elif pick == 6:
            packed = gzip.compress(b'{"queryVariables":{"s":"' + b"x" * chance.choice([10, 5_000_000]) + b'"}}')
            body = packed[:chance.choice([len(packed), len(packed) // 2])]
            headers.append(("Content-Encoding", chance.choice(["gzip", "deflate", "br", "zstd", "identity", "x"])))
        else:
            body = b'{"queryVariables":{"s":"\\ud800"}}'
        return self._head("POST", self._target(chance.choice(list(self.endpoints))), headers, body), None

    def _headers(self, chance):
        headers = []
        for _ in range(chance.randrange(1, 5)):
            name, values = chance.choice([
                ("x-clickhouse-endpoint-version", ["0", "1", "2", "3", "-1", "abc", "", "99999999999999999999"]),
                ("x-clickhouse-endpoint-upgrade", ["0", "1", "x", ""]), ("Origin", ORIGINS), ("If-None-Match", ["*", '"', 'W/"x"', "a" * 5000]),
                ("Accept-Encoding", ["gzip", "br;q=9", "\x01"]), ("Expect", ["100-continue", "x"]), ("Range", ["bytes=0-1", "x"]),
                ("X-ClickHouse-User", ["penstock"]), ("X-ClickHouse-Key", ["x"]), ("X-ClickHouse-Database", ["system"]), ("X-Forwarded-For", ["1.2.3.4"]),
                ("X-ClickHouse-Format", ["CSV"]), ("Cookie", ["a=b"]), ("X-" + "a" * chance.choice([10, 20_000]), ["x"]), ("X-Long", ["a" * 70_000])])
            headers.append((name, chance.choice(values)))
        authorize = chance.random() < 0.7
        if not authorize:
            headers.append(("Authorization", chance.choice(
                ["Basic", "Basic ", "Basic !!!", "Basic " + "QQ==" * 5000, "Bearer", "Bearer a.b.c", "Bearer " + "a" * 9000, "basic Og==", "Basic Og==",
                 "Negotiate x", "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", self.authorization + "x"])))
        return self._head(chance.choice(["GET", "POST", "OPTIONS"]), self._target("echo", [("param_s", "x")]), headers, b"", authorize), None

    def _path(self, chance):
        endpoint = self.endpoints["echo"]
        path = chance.choice([
            "/run/", "/run", "/run//", f"/run/{endpoint}/", f"/run/{endpoint.upper()}", f"/run/{endpoint}%00", f"/run/%2e%2e/{endpoint}", "/run/../v1",
            f"/run/{endpoint}/run", f"//run/{endpoint}", f"/run/{endpoint};x", "/run/" + "a" * 10_000, "/run/%ff", "/run/%", "/run/%zz", "/run/é",
            "/.api/query-endpoints//run", "/.api/query-endpoints/x/run", "/query-endpoints/x/run", "/service//run", "/service/x/run", "*", "/", "",
            f"http://127.0.0.1/run/{endpoint}", f"/run/{endpoint}?", f"/run/{endpoint}?&&&=&=x&x", f"/run/{endpoint}?param_s", f"/run/{endpoint}?param_s=%ff",
            f"/run/{endpoint}?param_s=%", f"/run/{endpoint}?param_s=a&param_s=b", f"/run/{endpoint}?format=", f"/run/{endpoint}?format=CSV&format=JSON",
            f"/run/{endpoint}?format=%00", f"/run/{endpoint}?param_s=x&format=Template", f"/run/{endpoint}?param_s=x&format=CSV%20INTO%20OUTFILE%20'x'",
            f"/run/{endpoint}?" + "a=b&" * 3000, f"/run/{endpoint}?request_timeout=" + chance.choice(["-1", "0", "x", "1e9", "9" * 40, "1"]),
            f"/run/{endpoint}#x", f"/run/{endpoint}?param_s=" + "%41" * 20_000, "/run/" + urllib.parse.quote(self.text(chance)[:300])])
        return self._head(chance.choice(["GET", "POST"]), path, body=b"" if chance.random() < 0.5 else None), None

    def _method(self, chance):
        return self._head(chance.choice(METHODS), self._target(chance.choice(list(self.endpoints)), [("param_v", "1"), ("param_s", "1")]),
                          body=chance.choice([None, b"", b"{}"])), None

    def _wire(self, chance):
        target = self._target("echo", [("param_s", "x")])
        start = f"POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {self.authorization}\r\n".encode()
        return chance.choice([
            lambda: bytes(chance.randrange(256) for _ in range(chance.randrange(1, 2000))),
            lambda: start + b"Content-Length: " + chance.choice(LENGTHS).encode() + b"\r\nConnection: close\r\n\r\n{}",
            lambda: start + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v1 HTTP/1.1\r\nHost: x\r\n\r\n",
            lambda: start + b"Transfer-Encoding: chunked\r\n\r\n" + chance.choice([b"zz\r\n", b"-1\r\n", b"FFFFFFFFFFFFFFFFF\r\n", b"5\r\nab", b"2;x=" + b"y" * 9000]),
            lambda: start + b"Content-Length: 100\r\n\r\n{}", lambda: start, lambda: start[:chance.randrange(1, len(start))],
            lambda: f"GET {target} HTTP/{chance.choice(['0.9', '1.0', '2.0', '9.9', 'x'])}\r\nAuthorization: {self.authorization}\r\n\r\n".encode(),
            lambda: b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", lambda: b"\r\n" * 1000, lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            lambda: b"\x16\x03\x01\x02\x00\x01\x00", lambda: start.replace(b"\r\n", b"\n") + b"\n", lambda: start + b"X: a\r\n b\r\nConnection: close\r\n\r\n",
            lambda: start + b"X\0Y: a\r\nConnection: close\r\n\r\n", lambda: start + b": x\r\nConnection: close\r\n\r\n",
        ])(), None

    def _service(self, chance):
        statement = chance.choice([
            "SELECT * FROM secrets", "SELECT * FROM default.secrets SETTINGS readonly=0", "SET readonly = 0", "SET ROLE ALL", "SELECT currentUser(), currentRoles()",
            "INSERT INTO secrets VALUES ('x', 'y')", "SELECT * FROM system.users", "SELECT * FROM file('/etc/passwd', LineAsString)", "SHOW GRANTS",
            "SELECT * FROM url('http://127.0.0.1:1', LineAsString)", "SELECT * FROM merge('default', '.*')", "SELECT * FROM view(SELECT * FROM secrets)",
            "EXPLAIN SELECT * FROM secrets", "SELECT 1 INTO OUTFILE '/tmp/x'", "CREATE TEMPORARY TABLE t AS SELECT * FROM secrets", "SELECT * FROM dictionary('x')",
            "WITH x AS (SELECT * FROM secrets) SELECT * FROM x", "SELECT * FROM remote('127.0.0.1', default.secrets)", "SELECT * FROM cluster('default', default.secrets)",
            "SELECT * FROM numbers(1); SELECT * FROM secrets", "/*", "SELECT 'x", "SELECT {x:", "SELECT {x:UInt8}", self.text(chance)[:2000],
            "SELECT sleep(0)" + ", 1" * 5000, "(" * 3000 + "1" + ")" * 3000, "SELECT " + "-" * 5001 + "1", "KILL QUERY WHERE 1 SYNC"])
        body = json.dumps({"sql": statement, **({"database": self.text(chance)[:200]} if chance.random() < 0.2 else {})}).encode()
        query = urllib.parse.urlencode([(chance.choice(["format", *SETTINGS[:20]]), chance.choice(["CSV", "JSON", "1", self.text(chance)[:50]]))])
        return self._head("POST", f"/service/{self.service}/run?{query}", body=body), None


def send(address: tuple[str, int], request: bytes, half_close: bool, timeout: float = 30) -> tuple[int | None, bytes, str | None]:
    """Status, body and request id; the status is None when the server closed without an answer, which is an answer to half a request."""
    with socket.create_connection(address, timeout=timeout) as wire:
        try:
            wire.sendall(request)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = HTTPResponse(wire, method=request.split(b" ", 1)[0].decode("latin-1"))
        try:
            answer.begin()
            return answer.status, answer.read(), answer.getheader("x-request-id")
        except TimeoutError as error:
            raise AssertionError(f"no answer in {timeout} s to {request[:600]!r}") from error
        except (HTTPException, OSError, ValueError):
            return None, b"", None
