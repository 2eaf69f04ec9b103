"""An S3 of many objects that exist only as numbers: enough of the protocol to be listed and read."""

import http.server
import threading
import urllib.parse


class EndlessBucket:
    """`count` keys `k/00000000.json` …; each `every`-th holds one row `{"id": number}`, the others are empty."""

    def __init__(self, count: int, every: int):
        bucket = self
        self.count, self.every, self.listed, self.busiest = count, every, 0, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def reply(self, status: int, body: bytes, content_type: str, head: bool = False, headers=()):
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                if not head:
                    self.wfile.write(body)

            def do_HEAD(self):
                self.do_GET(head=True)

            def do_GET(self, head: bool = False):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if "list-type" in query:
                    return self.reply(200, bucket.page(query), "application/xml")
                body = bucket.body(int(url.path.rsplit("/", 1)[1].removesuffix(".json")))
                headers = [("ETag", '"e"'), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Accept-Ranges", "bytes")]
                self.reply(200, body, "application/json", head, headers)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def body(self, number: int) -> bytes:
        return b'{"id": %d}\n' % number if number % self.every == 0 else b""

    def page(self, query) -> bytes:
        after = query.get("continuation-token") or query.get("start-after") or ""
        first = int(after.removeprefix("k/").removesuffix(".json")) + 1 if after else 0
        last = min(self.count, first + int(query.get("max-keys", 1000)))
        self.listed += last - first
        contents = "".join(
            f"<Contents><Key>k/{n:08}.json</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
            f"<Size>{len(self.body(n))}</Size></Contents>" for n in range(first, last))
        more = f"<NextContinuationToken>k/{last - 1:08}.json</NextContinuationToken>" if last < self.count else ""
        return (f"<ListBucketResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{contents}</ListBucketResult>").encode()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
