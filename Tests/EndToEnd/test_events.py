"""The stream of events, the samples and the log of pipes: what the console lives on, asked for as any client may."""

import base64
import http.client
import json
import signal
import time

import requests

from api import API
from files import encode, s3_pipe
from servers import Penstock, random_name, wait_until


class Stream:
    """An open `text/event-stream`; `next(type)` waits for an event of this type."""

    def __init__(self, api: API, key_id: str | None = None, key_secret: str | None = None):
        self.connection = http.client.HTTPConnection(api.penstock.base.split("//")[1], timeout=20)
        credentials = f"{key_id or api.key_id}:{key_secret or api.key_secret}"
        self.connection.request(
            "GET", f"{api.organization}/events".replace(api.penstock.base, ""), headers={"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200, self.answer.read()
        assert self.answer.getheader("Content-Type") == "text/event-stream"

    def next(self, kind: str | None = None):
        event = None
        while True:
            line = self.answer.readline().decode()
            if not line:
                return None
            if line.startswith("event: "):
                event = line[7:].strip()
            elif line.startswith("data: ") and kind in (None, event):
                return json.loads(line[6:])

    def until(self, kind: str, condition):
        while True:
            data = self.next(kind)
            assert data is not None, "the stream ended"
            found = condition(data)
            if found:
                return found

    def close(self):
        self.connection.close()


def test_a_pipe_is_seen_from_its_creation_to_its_end(api, sql, moto, bucket, table):
    for number in range(3):
        moto.client("s3").put_object(Bucket=bucket, Key=f"{number}.json", Body=encode("JSONEachRow", number * 100, 100))
    stream = Stream(api)
    first = stream.next("pipes")
    assert first["all"] is True
    pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", table))
    mine = lambda data: next((one for one in data["pipes"] if one["id"] == pipe), None)  # noqa: E731
    seen = stream.until("pipes", mine)
    assert seen["serviceId"] == api.penstock.credentials["serviceId"] and seen["kind"] == "objectStorage"
    done = stream.until("pipes", lambda data: (mine(data) or {}).get("state") == "Completed" and mine(data))
    counted = done if done.get("sample", {}).get("sentRows") == 300 else stream.until("pipes", lambda data: ((mine(data) or {}).get("sample") or {}).get("sentRows") == 300 and mine(data))
    assert counted["sample"]["errors"] == 0

    samples = wait_until(lambda: [one for one in api.get(f"{api.service}/clickpipes/{pipe}/samples").result if one["sentRows"] == 300], 20, "a sample")
    assert samples[-1]["batches"] >= 1 and samples[-1]["time"] > 1_700_000_000_000
    lines = api.get(f"{api.service}/clickpipes/{pipe}/log").result
    assert lines[0]["message"] == "completed" and [one["time"] for one in lines] == sorted((one["time"] for one in lines), reverse=True)
    page = api.curl("GET", f"{api.service}/clickpipes/{pipe}/log?limit=1").json
    assert len(page["result"]) == 1 and page["result"][0] == lines[0]
    rest = api.curl("GET", f"{api.service}/clickpipes/{pipe}/log?limit=100&cursor={page['nextCursor']}").json
    assert rest["result"] == lines[1:]
    assert api.curl("GET", f"{api.service}/clickpipes/{pipe}/log?level=loud").status == 400

    assert api.curl("DELETE", f"{api.service}/clickpipes/{pipe}").status == 200
    stream.until("pipes", lambda data: pipe in data["removed"])
    stream.close()


def test_each_key_hears_of_what_it_may_see_and_no_longer_than_it_may(api, moto, bucket, table):
    def key(name, roles):
        return api.curl("POST", f"{api.organization}/keys", {"name": random_name(name), "roles": roles}).result

    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 1))
    pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", table))
    nobody, developer = key("nobody-", ["query_endpoints"]), key("developer-", ["developer"])
    stream = Stream(api, nobody["keyId"], nobody["keySecret"])
    assert stream.next("services")["services"] == []
    assert stream.next("pipes")["pipes"] == []
    stream.close()

    stream = Stream(api, developer["keyId"], developer["keySecret"])
    assert any(one["id"] == pipe for one in stream.next("pipes")["pipes"])
    began = time.monotonic()
    assert api.curl("PATCH", f"{api.organization}/keys/{developer['key']['id']}", {"state": "disabled"}).status == 200
    while stream.next() is not None:
        pass
    assert time.monotonic() - began < 10
    assert api.curl("DELETE", f"{api.service}/clickpipes/{pipe}").status == 200

    # Nor from where it may not: the stream ends with the address's admission.
    path = f"{api.organization}/keys/{nobody['key']['id']}"
    stream = Stream(api, nobody["keyId"], nobody["keySecret"])
    stream.next("pipes")
    assert api.curl("PATCH", path, {"ipAccessList": [{"source": "192.0.2.0/24"}]}).status == 200
    while stream.next() is not None:
        pass
    assert time.monotonic() - began < 20
    assert api.curl("PATCH", path, {"ipAccessList": []}).status == 200

    streams = [Stream(api, nobody["keyId"], nobody["keySecret"]) for _ in range(32)]
    for stream in streams:
        stream.next("pipes")
    refused = requests.get(f"{api.penstock.base}{api.organization}/events", auth=(nobody["keyId"], nobody["keySecret"]), timeout=20)
    assert refused.status_code == 429 and "32 streams" in refused.text
    for stream in streams:
        stream.close()


def test_listeners_do_not_hold_up_the_end_of_the_program(tmp_path):
    own = Penstock(tmp_path / "data")
    streams = [Stream(API(own)) for _ in range(3)]
    for stream in streams:
        stream.next("pipes")
    began = time.monotonic()
    own.process.send_signal(signal.SIGTERM)
    assert own.process.wait(20) == 0, own.output()[-2000:]
    assert time.monotonic() - began < 5
    for stream in streams:
        while stream.next() is not None:
            pass
