"""The ClickHouse behind an endpoint goes away, comes back, or is not the one Penstock knew."""

import json
import subprocess

import pytest

from api import API, SQL
from endpoints import Endpoints
from servers import ClickHouse, Penstock, wait_until


@pytest.fixture
def remote(tmp_path):
    server = ClickHouse(tmp_path / "remote")
    yield server
    if server.running:
        server.stop()


def serve(tmp_path, remote) -> Endpoints:
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text(json.dumps({"services": [{"name": "remote", "url": remote.url}]}))
    program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
    api = API(program)
    services = {s["name"]: s["id"] for s in api.get(f"{api.organization}/services").result}
    api.service = f"{api.organization}/services/{services['remote']}"
    return Endpoints(api, SQL(remote.url))


def test_calls_while_it_is_away_are_503_and_succeed_after(tmp_path, remote):
    endpoints = serve(tmp_path, remote)
    endpoint = endpoints.publish("SELECT 1 AS x")
    call = lambda: endpoints.run(endpoint, {"format": "CSV"})  # noqa: E731
    assert call().text == "1\n"
    remote.kill()
    for _ in range(3):
        away = call()
        away.failure(503)
        assert str(remote.port) not in away.text and int(away.headers["retry-after"]) > 0
    remote.restart()
    wait_until(lambda: call().status == 200, 30, "calls to succeed again")
    endpoints.api.penstock.stop()


def test_a_user_that_was_dropped_is_made_again(tmp_path, remote):
    endpoints = serve(tmp_path, remote)
    endpoint = endpoints.publish("SELECT currentUser() AS u, arrayStringConcat(currentRoles()) AS r")
    user = endpoints.run(endpoint, {"format": "JSONEachRow"}).rows[0]["u"]
    assert user != "default", "calls run as a user of their own"
    endpoints.sql.text(f"DROP USER `{user}`")
    answer = wait_until(lambda: (a := endpoints.run(endpoint, {"format": "JSONEachRow"})).status == 200 and a, 30, "the user to be made again")
    assert answer.rows == [{"u": user, "r": "sql_console_read_only"}]
    endpoints.api.penstock.stop()


def test_the_server_dies_in_mid_stream(tmp_path, remote):
    endpoints = serve(tmp_path, remote)
    endpoint = endpoints.publish("SELECT number, repeat('x', 1000) AS x, sleepEachRow(0.01) AS s FROM numbers(2000) SETTINGS max_block_size = 10")
    curl = subprocess.Popen(
        ["curl", "-sS", "--user", ":".join(endpoints.key.pair), f"{endpoints.api.penstock.base}/run/{endpoint}?format=CSV"], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    assert curl.stdout.read(50_000)
    remote.kill()
    rest = curl.stdout.read()
    assert curl.wait() == 18 and b"Connection" not in rest and str(remote.port).encode() not in rest
    endpoints.api.penstock.stop()
