"""What a pipe tells: metrics, clickpipes_log, the error table, the program's own log."""

import json
import re

from api import API, SQL
from files import encode, s3_pipe
from servers import Penstock, random_name, wait_until


def scrape(api, path: str, pipe: str) -> dict[str, float]:
    """The samples of one pipe by name, labels of their own in braces; `state` under its own key."""
    answer = api.get(path)
    assert answer.status == 200, answer.text
    samples = {}
    for line in answer.text.splitlines():
        if line.startswith("#") or f'clickpipe_id="{pipe}"' not in line:
            continue
        name, labels, value = re.fullmatch(r"(\w+)\{(.*)\} (\S+)", line).groups()
        if state := re.search(r'clickpipe_state="(\w+)"', labels):
            samples["state"] = state[1]
        if own := re.search(r'(?:reason|error_class|side)="(\w+)"', labels):
            name += "{" + own[1] + "}"
        samples[name] = float(value)
    return samples


def test_metrics_equal_what_a_finished_pipe_loaded(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    bodies = [encode("JSONEachRow", part * 300, 300) for part in range(3)]
    for part, body in enumerate(bodies):
        s3.put_object(Bucket=bucket, Key=f"m/{part}.json", Body=body)
    s3.put_object(Bucket=bucket, Key="m/bad.json", Body=b"not json\n")
    pipe = api.create_pipe(s3_pipe(moto, bucket, "m/*.json", table, settings={"object_storage_max_file_count": 2}))
    api.wait_state(pipe, "Completed")
    path = f"{api.service}/prometheus"
    wait_until(lambda: scrape(api, path, pipe).get("state") == "Completed", 15, "the state label")
    full = scrape(api, path, pipe)
    assert full["ClickPipes_SentEvents_Total"] == sql.value(f"SELECT count() FROM {table}") == 900
    stored = sum(map(len, bodies)) + len(b"not json\n")
    assert full["ClickPipes_FetchedBytesCompressed_Total"] == full["ClickPipes_SentBytesCompressed_Total"] == stored
    assert full["ClickPipes_SentBytes_Total"] > 0 and full["ClickPipes_Info"] == 1
    assert full["ClickPipes_FetchedEvents_Total"] == 901 and full["ClickPipes_Errors_Total"] == 1
    assert full["ClickPipes_ErrorsByClass_Total{DATA_PARSING_ERROR}"] == 1
    assert full["ClickPipes_InFlight_Bytes"] == full["ClickPipes_OpenBatches"] == 0
    filtered = scrape(api, path + "?filtered_metrics=true", pipe)
    assert "ClickPipes_OpenBatches" not in filtered and "ClickPipes_Latency" in filtered
    gauges = ("Replica_CPU", "Replica_Memory")
    same = {k: v for k, v in filtered.items() if not any(g in k for g in gauges)}
    assert same == {k: v for k, v in full.items() if k in same}
    files = {f["key"]: f for f in api.get(f"{api.pipes}/{pipe}/files").result}
    assert files["m/bad.json"]["outcome"] == "rejected" and files["m/bad.json"]["reason"]
    assert all(files[f"m/{part}.json"]["outcome"] == "ingested" for part in range(3))
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    wait_until(lambda: not scrape(api, path, pipe), 15, "the metrics of a deleted pipe to go")


def test_pipes_at_rest_are_measured_after_a_restart(tmp_path, moto, bucket):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
    program = Penstock(tmp_path / "data")
    try:
        api = API(program)
        done = api.create_pipe(s3_pipe(moto, bucket, "a.json", "done"))
        failed = api.create_pipe(s3_pipe(moto, bucket, "*.json", "failed", source={"isContinuous": True}))
        stopped = api.create_pipe(s3_pipe(moto, bucket, "*.json", "stopped", source={"isContinuous": True}))
        api.wait_state(done, "Completed")
        api.wait_state(stopped, "Running")
        api.command(stopped, "stop").result
        api.wait_state(stopped, "Stopped")
        api.wait_state(failed, "Running")
        SQL(program.credentials["clickhouseURL"]).text("DROP TABLE failed SYNC")
        moto.client("s3").put_object(Bucket=bucket, Key="b.json", Body=encode("JSONEachRow", 10, 10))
        api.curl("PUT", f"{api.pipes}/{failed}/settings", {"object_storage_polling_interval_ms": 100}).result
        api.wait_state(failed, "Failed")
        program.stop()
        program = Penstock(tmp_path / "data")
        api = API(program)
        path = f"{api.organization}/prometheus"
        wait_until(lambda: scrape(api, path, done), 15, "metrics")
        assert [scrape(api, path, pipe)["state"] for pipe in (done, failed, stopped)] == ["Completed", "Failed", "Stopped"]
        assert scrape(api, path, done)["ClickPipes_SentEvents_Total"] == 0, "counters start with the process"
    finally:
        program.stop()


def test_the_log_tells_a_pipes_life_and_no_secret(api, moto, bucket, sql, penstock):
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="l/a.json", Body=encode("JSONEachRow", 0, 10))
    secret = "S3cretOfTheLogTest"
    done_table, failed_table = random_name("t_"), random_name("t_")
    key = {"accessKey": {"accessKeyId": "logtestkey", "secretKey": secret}}
    done = api.create_pipe(s3_pipe(moto, bucket, "l/*.json", done_table, source=key, name="life of a pipe"))
    api.wait_state(done, "Completed")
    failed = api.create_pipe(s3_pipe(moto, bucket, "l/*.json", failed_table, source={
        **key, "isContinuous": True}, settings={"object_storage_polling_interval_ms": 100}))
    api.wait_state(failed, "Running")
    wait_until(lambda: sql.count(failed_table) == 10, 30, "rows")
    sql.text(f"DROP TABLE {failed_table} SYNC")
    s3.put_object(Bucket=bucket, Key="l/b.json", Body=encode("JSONEachRow", 10, 10))
    api.wait_state(failed, "Failed")

    def lines(pipe):
        return sql.rows(f"SELECT * FROM system.clickpipes_log WHERE clickpipe_id = '{pipe}' ORDER BY timestamp")

    def life(pipe):
        return [(line["level"], line["message"]) for line in lines(pipe)]

    wait_until(lambda: ("info", "completed") in life(done), 15, "the log of a completed pipe")
    assert life(done)[0] == ("info", "started")
    assert all(line["clickpipe_name"] == "life of a pipe" and line["source"] == "s3" for line in lines(done))
    wait_until(lambda: life(failed)[-1][0] == "error", 15, "the log of a failed pipe")
    assert failed_table in life(failed)[-1][1] and lines(failed)[-1]["code"] == "DESTINATION_REFUSED"
    # Compared here, so that no query of ours holds the secret.
    assert secret not in sql.text("SELECT * FROM system.clickpipes_log FORMAT JSONEachRow")
    assert secret not in penstock.output() and "Authorization" not in penstock.output()
    sql.text("SYSTEM FLUSH LOGS")
    assert secret not in sql.text("SELECT query, exception FROM system.query_log FORMAT JSONEachRow")
    created = sql.value("SELECT create_table_query FROM system.tables WHERE database = 'system' AND name = 'clickpipes_log'")
    assert "toIntervalDay(7)" in created
    for pipe in (done, failed):
        api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_the_error_table(api, moto, bucket, sql, table):
    moto.client("s3").put_object(Bucket=bucket, Key="bad.json", Body=b'{"id": 1}\n{"id": "x"}\n')
    pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", table))
    api.wait_state(pipe, "Completed")
    errors = f"{table}_clickpipes_error"
    columns = {r["name"]: r["type"] for r in sql.rows(f"SELECT name, type FROM system.columns WHERE table = '{errors}'")}
    assert set(columns) >= {
        "timestamp", "clickpipe_id", "clickpipe_name", "source", "record_key", "error_code", "error", "field", "locator", "raw_message",
        "raw_is_truncated"}
    assert "toIntervalDay(7)" in sql.value(f"SELECT create_table_query FROM system.tables WHERE name = '{errors}'")
    row, = sql.rows(f"SELECT * FROM {errors}")
    assert row["clickpipe_id"] == pipe and row["error_code"] == "DATA_PARSING_ERROR" and row["error"]
    assert row["locator"]["path"] == "bad.json" and row["locator"]["row"] == "2"


def test_the_structured_log_parses(tmp_path, moto, bucket):
    configuration = tmp_path / "penstock.yaml"
    configuration.write_text("log:\n  format: json\n  level: debug\n")
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 10))
    program = Penstock(tmp_path / "data", command=("serve", "--config", configuration))
    api = API(program)
    api.wait_state(api.create_pipe(s3_pipe(moto, bucket, "a.json", "t", name='named "oddly"')), "Completed")
    assert program.stop() == 0
    lines = [line for line in program.output().splitlines() if line.startswith("{")]
    events = [json.loads(line) for line in lines]
    assert all({"time", "level", "message", "logger"} <= set(event) for event in events)
    life = [event["message"] for event in events if event.get("pipe_name") == 'named "oddly"']
    assert life[0] == "started" and life[-1] == "completed"
    assert not any("root:" in line or program.credentials["keySecret"] in line for line in lines)
