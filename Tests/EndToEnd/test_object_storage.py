"""Object storage pipes against a real S3 protocol server and the real embedded ClickHouse."""

import json

import pytest

from files import CHECKSUM, COLUMNS, FORMATS, compress, encode, expected_checksum, extension, s3_pipe
from servers import random_name, wait_until


def checksum(sql, table):
    return sql.rows(f"SELECT {CHECKSUM} FROM {table}")[0]


def load(api, body, state="Completed"):
    pipe = api.create_pipe(body)
    api.wait_state(pipe, state)
    return pipe


@pytest.mark.parametrize("format", FORMATS)
def test_each_format_arrives_exactly(api, moto, bucket, sql, table, format):
    s3 = moto.client("s3")
    for part in range(4):
        s3.put_object(Bucket=bucket, Key=f"in/{part}.{extension(format)}", Body=encode(format, part * 500, 500))
    if format == "JSONAsObject":
        body = s3_pipe(
            moto, bucket, "in/*.json", table, format, columns=[{"name": "doc", "type": "JSON"}])
        load(api, body)
        compared = sql.rows(
            f"SELECT count() AS n, sum(cityHash64(doc.name.:String)) AS names, sum(doc.id.:Int64) AS ids FROM {table}")[0]
        source = json.loads(json.dumps(sql.rows(
            f"SELECT count() AS n, sum(cityHash64(name)) AS names, sum(id) AS ids FROM ({expected_rows(2000)})")[0]))
        assert compared == source
        return
    load(api, s3_pipe(moto, bucket, f"in/*.{extension(format)}", table, format))
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 2000))[0]


def expected_rows(count):
    from files import SOURCE_SQL

    return SOURCE_SQL % (0, count)


@pytest.mark.parametrize("compression,suffix", [
    ("gzip", "gz"), ("gz", "gz"), ("brotli", "br"), ("br", "br"), ("xz", "xz"), ("LZMA", "xz"), ("zstd", "zst"), ("none", "txt"),
    ("auto", "gz"), ("auto", "zst"), (None, "json")])
def test_each_compression_is_read(api, moto, bucket, sql, table, compression, suffix):
    kind = {"gz": "gzip", "zst": "zstd"}.get(suffix, compression) if compression == "auto" else compression
    moto.client("s3").put_object(Bucket=bucket, Key=f"a.{suffix}", Body=compress(kind or "none", encode("JSONEachRow", 0, 300)))
    source = {"compression": compression} if compression else {}
    load(api, s3_pipe(moto, bucket, f"a.{suffix}", table, source=source))
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 300))[0]


def test_a_delimiter_of_its_own(api, moto, bucket, sql, table):
    moto.client("s3").put_object(Bucket=bucket, Key="a.csv", Body=encode("CSV", 0, 100, delimiter=";"))
    load(api, s3_pipe(moto, bucket, "a.csv", table, "CSV", source={"delimiter": ";"}))
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 100))[0]


@pytest.mark.parametrize("glob,expected", [
    ("g/?.json", {"g/1.json", "g/2.json"}),
    ("g/*.json", {"g/1.json", "g/2.json", "g/10.json"}),
    ("g/**.json", {"g/1.json", "g/2.json", "g/10.json", "g/sub/3.json", "g/sub/deep/4.json"}),
    ("g/{1,10}.json", {"g/1.json", "g/10.json"}),
    ("g/{2..10}.json", {"g/2.json", "g/10.json"}),
    ("g/*/3.json", {"g/sub/3.json"}),
    ("g/sub/3.json", {"g/sub/3.json"}),
])
def test_globs_choose_files(api, moto, bucket, sql, table, glob, expected):
    s3 = moto.client("s3")
    for key in ["g/1.json", "g/2.json", "g/10.json", "g/sub/3.json", "g/sub/deep/4.json", "g/1.csv", "other/1.json"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b'{"x":1}\n')
    columns = [{"name": "x", "type": "UInt8"}, {"name": "path", "type": "String"}]
    mappings = [{"sourceField": "x", "destinationField": "x"}, {"sourceField": "_path", "destinationField": "path"}]
    load(api, s3_pipe(moto, bucket, glob, table, columns=columns, fieldMappings=mappings))
    paths = [r["path"].removeprefix(bucket + "/") for r in sql.rows(f"SELECT path FROM {table}")]
    assert sorted(paths) == sorted(expected)


def test_keys_with_every_odd_character_are_read_once(api, moto, bucket, sql, table):
    keys = ["o/sp ace.json", "o/plus+sign.json", "o/ünïcode☕.json", "o/amp&equals=.json", "o/percent%20.json", "o/{brace}.json",
            "o/comma,.json", "o/star*.json", "o/question?.json", "o/hash#.json", "o/quote'\".json", "o/semi;colon:.json"]
    s3 = moto.client("s3")
    for number, key in enumerate(keys):
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps({"x": number}).encode())
    load(api, s3_pipe(moto, bucket, "o/**", table, columns=[{"name": "x", "type": "UInt8"}]))
    assert sorted(r["x"] for r in sql.rows(f"SELECT x FROM {table}")) == list(range(len(keys)))


def test_virtual_columns_and_defaults(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    sizes, etags = {}, {}
    for name in ("a", "b"):
        data = encode("JSONEachRow", 0, 5)
        etags[f"{name}.json"] = s3.put_object(Bucket=bucket, Key=f"v/{name}.json", Body=data)["ETag"].strip('"')
        sizes[f"{name}.json"] = len(data)
    sql.text(f"""CREATE TABLE {table} (id UInt64, path String, file String, size UInt64, time DateTime, etag String, n UInt64,
      loaded String DEFAULT concat('default of ', toString(id))) ENGINE = MergeTree ORDER BY id""")
    columns = [{"name": n, "type": t} for n, t in [("id", "UInt64"), ("path", "String"), ("file", "String"), ("size", "UInt64"),
                                                   ("time", "DateTime"), ("etag", "String"), ("n", "UInt64")]]
    mappings = [{"sourceField": s, "destinationField": d} for s, d in [
        ("id", "id"), ("_path", "path"), ("_file", "file"), ("_size", "size"), ("_time", "time"), ("_etag", "etag"), ("_row_number", "n")]]
    load(api, s3_pipe(moto, bucket, "v/*.json", table, columns=columns, fieldMappings=mappings,
                      destination={"managedTable": False, "tableDefinition": None}))
    rows = sql.rows(f"SELECT * FROM {table}")
    assert len(rows) == 10
    for row in rows:
        assert row["path"] == f"{bucket}/v/{row['file']}" and row["size"] == sizes[row["file"]]
        assert row["etag"].strip('"') == etags[row["file"]] and row["n"] == row["id"] + 1
        assert row["loaded"] == f"default of {row['id']}" and row["time"] > "2020"


@pytest.mark.parametrize("engine,definition", [
    ("MergeTree", {"sortingKey": ["id"], "partitionBy": "intDiv(id, 100)", "primaryKey": "id"}),
    ("ReplacingMergeTree", {"sortingKey": ["name"]}),
    ("SummingMergeTree", {"sortingKey": ["flag"]}),
])
def test_managed_engines(api, moto, bucket, sql, table, engine, definition):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 300))
    extra = {"ReplacingMergeTree": {"versionColumnId": "id"}, "SummingMergeTree": {"columnIds": ["score"]}}.get(engine, {})
    body = s3_pipe(moto, bucket, "a.json", table, destination={
        "tableDefinition": {"engine": {"type": engine, **extra}, **definition}})
    load(api, body)
    created = sql.value(f"SELECT engine_full FROM system.tables WHERE name = '{table}'")
    assert created.startswith(engine)
    assert sql.value(f"SELECT count() FROM {table}") >= (300 if engine != "SummingMergeTree" else 2)


def test_null_engine_feeds_its_views(api, moto, bucket, sql, table):
    moto.client("s3").put_object(Bucket=bucket, Key="a.json", Body=encode("JSONEachRow", 0, 300))
    struct = ", ".join(f"{c['name']} {c['type']}" for c in COLUMNS)
    sql.text(f"CREATE TABLE {table} ({struct}) ENGINE = Null")
    sql.text(f"CREATE TABLE {table}_sums (flag Bool, n UInt64) ENGINE = SummingMergeTree ORDER BY flag")
    sql.text(f"CREATE MATERIALIZED VIEW {table}_mv TO {table}_sums AS SELECT flag, count() AS n FROM {table} GROUP BY flag")
    try:
        load(api, s3_pipe(moto, bucket, "a.json", table, destination={"managedTable": False, "tableDefinition": None}))
        assert sql.rows(f"SELECT flag, sum(n) AS n FROM {table}_sums GROUP BY flag ORDER BY flag") == [
            {"flag": False, "n": 200}, {"flag": True, "n": 100}]
    finally:
        sql.text(f"DROP VIEW {table}_mv")
        sql.text(f"DROP TABLE {table}_sums")


def test_bad_files_go_to_the_error_table_and_the_rest_arrives(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    for part in range(6):
        s3.put_object(Bucket=bucket, Key=f"m/{part}.json", Body=encode("JSONEachRow", part * 100, 100))
    s3.put_object(Bucket=bucket, Key="m/bad1.json", Body=b'{"id": 1}\n{"id": "not a number"}\n')
    s3.put_object(Bucket=bucket, Key="m/bad2.json", Body=b"this is not json\n")
    load(api, s3_pipe(moto, bucket, "m/*.json", table))
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 600))[0]
    errors = wait_until(
        lambda: (rows := sql.rows(f"SELECT * FROM {table}_clickpipes_error")) and len(rows) >= 2 and rows, 30, "two error rows")
    text = json.dumps(errors)
    assert len(errors) == 2 and "m/bad1.json" in text and "m/bad2.json" in text and "DATA_PARSING_ERROR" in text


def test_continuous_mode_takes_new_files_in_order(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="c/005.json", Body=encode("JSONEachRow", 0, 100))
    pipe = api.create_pipe(s3_pipe(moto, bucket, "c/*.json", table, source={"isContinuous": True},
                                   settings={"object_storage_polling_interval_ms": 200}))
    wait_until(lambda: api.pipe(pipe)["state"] == "Running", 60, "Running")
    wait_until(lambda: sql.count(table) == 100, 60, "the first file")
    s3.put_object(Bucket=bucket, Key="c/006.json", Body=encode("JSONEachRow", 100, 100))
    wait_until(lambda: sql.count(table) == 200, 60, "the second file")
    assert api.pipe(pipe)["state"] == "Running"
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 200))[0]
    files = api.get(f"{api.pipes}/{pipe}/files").result
    assert {f["key"] for f in files} == {"c/005.json", "c/006.json"}
    api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_start_after_skips_earlier_keys(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    for part in range(4):
        s3.put_object(Bucket=bucket, Key=f"s/{part}.json", Body=encode("JSONEachRow", part * 10, 10))
    load(api, s3_pipe(moto, bucket, "s/*.json", table, source={"startAfter": "s/1.json"}))
    assert checksum(sql, table) == sql.rows(expected_checksum(20, 20))[0]


def test_a_file_over_the_limit_is_refused_by_name(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="l/big.json", Body=b'{"id":1}\n' * 1_300_000)
    s3.put_object(Bucket=bucket, Key="l/small.json", Body=encode("JSONEachRow", 0, 10))
    load(api, s3_pipe(moto, bucket, "l/*.json", table, settings={"object_storage_max_insert_bytes": 10485760}))
    assert checksum(sql, table) == sql.rows(expected_checksum(0, 10))[0]
    errors = sql.rows(f"SELECT * FROM {table}_clickpipes_error")
    assert len(errors) == 1 and "l/big.json" in json.dumps(errors) and "FILE_TOO_LARGE" in json.dumps(errors)


def test_public_buckets_need_no_key(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    s3.put_object(Bucket=bucket, Key="p.json", Body=encode("JSONEachRow", 0, 10), ACL="public-read")
    body = s3_pipe(moto, bucket, "p.json", table)
    for field in ("authentication", "accessKey"):
        del body["source"]["objectStorage"][field]
    load(api, body)
    assert sql.value(f"SELECT count() FROM {table}") == 10


def test_schema_discovery(api, moto, bucket):
    moto.client("s3").put_object(Bucket=bucket, Key="d.json", Body=encode("JSONEachRow", 0, 10))
    source = s3_pipe(moto, bucket, "d.json", "unused")["source"]
    fields = {f["name"]: f for f in api.curl("POST", api.pipes + "/schemaDiscovery", {"source": source}).result["fields"]}
    assert set(fields) == {c["name"] for c in COLUMNS}
    assert "Int64" in fields["id"]["type"] and "String" in fields["name"]["type"] and "Float64" in fields["score"]["type"]
    assert fields["id"]["examples"] == ["0", "1", "2"]


def test_nothing_of_staging_is_left(api, moto, bucket, sql, table):
    moto.client("s3").put_object(Bucket=bucket, Key="d.json", Body=encode("JSONEachRow", 0, 10))
    load(api, s3_pipe(moto, bucket, "d.json", table))
    wait_until(lambda: sql.value(f"SELECT count() FROM system.tables WHERE name LIKE '{table}\\_clickpipes\\_stage%'") == 0, 30, "no staging tables")


def test_two_pipes_fail_and_work_apart(api, moto, bucket, sql, table):
    moto.client("s3").put_object(Bucket=bucket, Key="d.json", Body=encode("JSONEachRow", 0, 10))
    other = random_name("t_")
    bad = api.create_pipe(s3_pipe(moto, bucket, "*.json", other, source={"isContinuous": True}))
    wait_until(lambda: api.pipe(bad)["state"] == "Running", 60, "Running")
    sql.text(f"DROP TABLE {other} SYNC")
    moto.client("s3").put_object(Bucket=bucket, Key="e.json", Body=encode("JSONEachRow", 10, 10))
    api.curl("PUT", f"{api.pipes}/{bad}/settings", {"object_storage_polling_interval_ms": 200}).result
    good = api.create_pipe(s3_pipe(moto, bucket, "*.json", table))
    failed = wait_until(lambda: (p := api.pipe(bad))["state"] == "Failed" and p, 60, "Failed")
    assert other in failed["stateMessage"]
    api.wait_state(good, "Completed")
    assert sql.value(f"SELECT count() FROM {table}") == 20
    for pipe in (bad, good):
        api.curl("DELETE", f"{api.pipes}/{pipe}").result


def test_many_batches_at_once_into_one_table(api, moto, bucket, sql, table):
    s3 = moto.client("s3")
    for part in range(40):
        s3.put_object(Bucket=bucket, Key=f"p/{part:02}.json", Body=encode("JSONEachRow", part * 50, 50))
    body = s3_pipe(moto, bucket, "p/*.json", table, settings={"object_storage_max_file_count": 1, "object_storage_concurrency": 8})
    other = api.create_pipe({**body, "source": s3_pipe(moto, bucket, "p/0*.json", table)["source"], "name": "a second pipe into the same table"})
    load(api, body)
    api.wait_state(other, "Completed")
    assert checksum(sql, table)["n"] == 2500
    assert sql.value(f"SELECT uniqExact(id) FROM {table}") == 2000
