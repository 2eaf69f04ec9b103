"""Starting and stopping the program; stopping, patching and resuming pipes while they work."""

import json
import os
import signal
import stat

import requests

from api import API, SQL
from files import CHECKSUM, encode, expected_checksum, s3_pipe
from servers import Penstock, answers, random_name, wait_until


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def test_a_log_gets_no_link_and_without_the_console_nobody_signs_in(tmp_path):
    """`serve` may write to a log that others read; `console.enabled: false` closes the door, and not only the page."""
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text("console: {enabled: true}\n")
    for enabled in (True, False):
        program = Penstock(
            tmp_path / f"data-{enabled}", command=("serve", "--config", configuration), env={"PENSTOCK_CONSOLE_ENABLED": str(enabled).lower()})
        assert "Penstock is ready" in program.output() and "/#/once/" not in program.output()
        key = {name: program.credentials[name] for name in ("keyId", "keySecret")}
        answer = requests.post(f"{program.base}/console/session", json=key, timeout=20)
        assert answer.status_code == (200 if enabled else 404), answer.text
        assert requests.get(program.base, timeout=20).status_code == (200 if enabled else 404)
        program.stop()


def test_up_twice_finds_its_data_again_and_leaves_nothing(tmp_path):
    first = Penstock(tmp_path / "data")
    credentials = dict(first.credentials)
    assert set(credentials) >= {"baseURL", "organizationId", "serviceId", "keyId", "keySecret", "clickhouseURL"}
    assert stat.S_IMODE(first.credentials_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.data.stat().st_mode) == 0o700
    output = first.output()
    for shown in (credentials["baseURL"], credentials["keyId"], credentials["keySecret"], credentials["clickhouseURL"], "curl", "clickhousectl"):
        assert shown in output
    SQL(credentials["clickhouseURL"]).text("CREATE TABLE kept (x UInt8) ENGINE = MergeTree ORDER BY x")
    server = first.clickhouse_pid()
    first.process.send_signal(signal.SIGINT)
    assert first.process.wait(30) == 0, first.output()[-2000:]
    wait_until(lambda: not alive(server), 20, "the embedded ClickHouse to end")

    second = Penstock(tmp_path / "data")
    try:
        again = second.credentials
        assert {k: again[k] for k in ("organizationId", "serviceId", "keyId", "keySecret")} == {
            k: credentials[k] for k in ("organizationId", "serviceId", "keyId", "keySecret")}
        assert SQL(again["clickhouseURL"]).value("SELECT count() FROM system.tables WHERE name = 'kept'") == 1
        assert API(second).get("/v1/organizations").result[0]["id"] == credentials["organizationId"]
        assert credentials["keySecret"] not in second.output()[len(output):], "the secret is printed once"
        assert second.ready_after < 3, f"ready after {second.ready_after:.2f} s"
    finally:
        second.stop()


def test_a_second_program_on_the_same_data_is_refused(penstock, tmp_path):
    other = Penstock(penstock.data, wait=False)
    assert other.process.wait(20) != 0
    assert "another Penstock is running" in other.output()
    assert penstock.running


def test_kill_9_leaves_no_orphan_in_the_way(tmp_path):
    first = Penstock(tmp_path / "data")
    server = first.clickhouse_pid()
    first.kill()
    second = Penstock(tmp_path / "data")
    try:
        wait_until(lambda: not alive(server), 20, "the old ClickHouse to be gone")
        assert second.clickhouse_pid() not in (None, server)
    finally:
        second.stop()


def test_a_killed_clickhouse_comes_back(tmp_path):
    program = Penstock(tmp_path / "data")
    try:
        server = program.clickhouse_pid()
        os.kill(server, signal.SIGKILL)
        url = program.credentials["clickhouseURL"]
        wait_until(lambda: program.clickhouse_pid() not in (None, server) and answers("http://" + url.split("@")[1] + "/ping"), 30, "ClickHouse")
        assert SQL(url).value("SELECT 1") == 1
    finally:
        program.stop()


def test_listening_to_others_needs_tls_or_a_flag(tmp_path):
    program = Penstock(tmp_path / "data", listen="0.0.0.0:0", wait=False)
    assert program.process.wait(20) != 0
    assert "allow-insecure-listen" in program.output()


def test_tls(tmp_path):
    import subprocess

    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem", "-out",
                    tmp_path / "cert.pem", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    program = Penstock(tmp_path / "data", arguments=["--tls-certificate", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem"], wait=False)
    try:
        wait_until(lambda: program.credentials_file.exists(), 30, "the credentials file")
        program.credentials = json.loads(program.credentials_file.read_text())
        assert program.credentials["baseURL"].startswith("https://")
        url = program.credentials["baseURL"] + "/v1/organizations"
        user = f"{program.credentials['keyId']}:{program.credentials['keySecret']}"

        def answered():
            done = subprocess.run(["curl", "-sS", "--cacert", tmp_path / "cert.pem", "-u", user, url], capture_output=True, text=True)
            return json.loads(done.stdout) if done.returncode == 0 else None

        assert wait_until(answered, 30, "HTTPS")["status"] == 200
    finally:
        program.stop()


def test_strict_configuration_file(tmp_path):
    import subprocess

    from servers import ROOT

    file = tmp_path / "penstock.yaml"
    file.write_text("dataDir: x\nlisten_on: 1\n")
    done = subprocess.run([os.environ.get("PENSTOCK_BINARY") or ROOT / ".build/release/penstock", "serve", "--config", file], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "listen_on is not a known key" in done.stderr + done.stdout


def test_serve_with_a_service_of_its_own(tmp_path, moto, bucket, penstock):
    """A remote ClickHouse by URL instead of the embedded one: here the other Penstock's server plays the remote."""
    import subprocess
    import urllib.parse

    from servers import ROOT, Process, free_port

    remote = urllib.parse.urlsplit(penstock.credentials["clickhouseURL"])
    port = free_port()
    file = tmp_path / "penstock.yaml"
    file.write_text(f"""
dataDir: {tmp_path}/data
listen: 127.0.0.1:{port}
credentialsFile: {tmp_path}/data/credentials.json
embedded: {{enabled: false}}
services:
  - name: warehouse
    url: http://{remote.hostname}:{remote.port}
    user: {remote.username}
""")
    program = Process([os.environ.get("PENSTOCK_BINARY") or ROOT / ".build/release/penstock", "serve", "--config", file], tmp_path / "serve.log",
                      env={"PENSTOCK_SERVICES_WAREHOUSE_PASSWORD": remote.password})
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/v1"), 30, "the API")
        program.credentials = json.loads((tmp_path / "data/credentials.json").read_text())
        program.base = program.credentials["baseURL"]
        api = API(program)
        wait_until(lambda: api.get(api.service).result["state"] == "running", 30, "the service")
        moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
        table = random_name("remote_")
        api.wait_state(api.create_pipe(s3_pipe(moto, bucket, "a.json", table)), "Completed")
        assert SQL(penstock.credentials["clickhouseURL"]).value(f"SELECT count() FROM {table}") == 10
        assert remote.password not in program.output()
    finally:
        program.stop()


def test_stopped_patched_and_resumed_while_running(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    for part in range(60):
        s3.put_object(Bucket=bucket, Key=f"r/{part:03}.json", Body=encode("JSONEachRow", part * 200, 200))
    pipe = api.create_pipe(s3_pipe(moto, bucket, "r/*.json", table, source={"isContinuous": True}, settings={
        "object_storage_max_file_count": 4, "object_storage_polling_interval_ms": 100}))
    path = f"{api.pipes}/{pipe}"
    for round in range(6):
        api.wait_state(pipe, "Running")
        api.curl("PUT", f"{path}/settings", {"object_storage_concurrency": round % 3 + 1, "object_storage_max_file_count": 3 + round}).result
        api.curl("PATCH", path, {"name": f"round {round}"}).result
        api.curl("PATCH", f"{path}/scaling", {"replicas": round % 2 + 1}).result
        api.command(pipe, "stop").result
        api.wait_state(pipe, "Stopped")
        s3.put_object(Bucket=bucket, Key=f"r/{60 + round:03}.json", Body=encode("JSONEachRow", (60 + round) * 200, 200))
        api.command(pipe, "start").result
    wait_until(lambda: sql.count(table) >= 66 * 200, 90, "all rows")
    assert sql.rows(f"SELECT {CHECKSUM} FROM {table}")[0] == sql.rows(expected_checksum(0, 66 * 200))[0]
    api.curl("DELETE", path).result
