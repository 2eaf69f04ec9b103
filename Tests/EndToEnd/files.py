"""Files with known rows, in the formats and compressions of the contract."""

import gzip
import io
import json
import lzma

FORMATS = ["JSONEachRow", "JSONAsObject", "CSV", "CSVWithNames", "TabSeparated", "TabSeparatedWithNames", "Parquet", "Avro"]

COLUMNS = [
    {"name": "id", "type": "UInt64"},
    {"name": "name", "type": "String"},
    {"name": "score", "type": "Float64"},
    {"name": "small", "type": "Int32"},
    {"name": "flag", "type": "Bool"},
    {"name": "moment", "type": "DateTime"},
]

# One row number for each column, whatever order rows come in; equal on both sides only if every value is equal.
CHECKSUM = "count() AS n, " + ", ".join(f"sum(cityHash64({c['name']})) AS {c['name']}_sum" for c in COLUMNS)


def row(number: int) -> dict:
    """The row with this number; text holds quotes, tabs, commas, newlines and non-ASCII on purpose."""
    odd = ['plain', 'with "quotes"', "tab\there", "comma, here", "line\nbreak", "naïve café ☕", "back\\slash"][number % 7]
    return {
        "id": number, "name": f"{odd} {number}", "score": number / 8, "small": number % 100000 - 50000, "flag": number % 3 == 0,
        "moment": 1_600_000_000 + number}


# The same rows made by ClickHouse, to compare with: `number` is the row number.
SOURCE_SQL = r"""SELECT number AS id,
 concat(arrayElement(['plain','with "quotes"','tab\there','comma, here','line\nbreak','naïve café ☕','back\\slash'], toUInt8(number %% 7) + 1), ' ', toString(number)) AS name,
 number / 8 AS score, toInt32(number %% 100000) - 50000 AS small, (number %% 3 = 0)::Bool AS flag, toDateTime(1600000000 + number, 'UTC') AS moment
 FROM numbers(%d, %d)"""


def expected_checksum(first: int, count: int) -> str:
    return f"SELECT {CHECKSUM} FROM (SELECT id::UInt64 AS id, name, score::Float64 AS score, small::Int32 AS small, flag, moment::DateTime AS moment FROM ({SOURCE_SQL % (first, count)}))"


def extension(format: str) -> str:
    return {"JSONEachRow": "json", "JSONAsObject": "json", "CSV": "csv", "CSVWithNames": "csv", "TabSeparated": "tsv",
            "TabSeparatedWithNames": "tsv", "Parquet": "parquet", "Avro": "avro"}[format]


def encode(format: str, first: int, count: int, delimiter: str = ",") -> bytes:
    """Rows `first ..< first + count` in `format`."""
    rows = [row(n) for n in range(first, first + count)]
    if format in ("JSONEachRow", "JSONAsObject"):
        return "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows).encode()
    if format.startswith("CSV"):
        import csv

        text = io.StringIO()
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        if format == "CSVWithNames":
            writer.writerow(rows[0].keys())
        writer.writerows([str(v).lower() if isinstance(v, bool) else v for v in r.values()] for r in rows)
        return text.getvalue().encode()
    if format.startswith("TabSeparated"):
        def field(value):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")

        lines = ["\t".join(field(v) for v in r.values()) for r in rows]
        if format == "TabSeparatedWithNames":
            lines.insert(0, "\t".join(rows[0].keys()))
        return ("\n".join(lines) + "\n").encode()
    if format == "Parquet":
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pylist(rows, schema=pyarrow.schema([
            ("id", pyarrow.uint64()), ("name", pyarrow.string()), ("score", pyarrow.float64()), ("small", pyarrow.int32()),
            ("flag", pyarrow.bool_()), ("moment", pyarrow.uint32())]))
        data = io.BytesIO()
        pyarrow.parquet.write_table(table, data)
        return data.getvalue()
    if format == "Avro":
        import fastavro

        types = {"id": "long", "name": "string", "score": "double", "small": "int", "flag": "boolean", "moment": "long"}
        schema = {"type": "record", "name": "row", "fields": [{"name": k, "type": t} for k, t in types.items()]}
        data = io.BytesIO()
        fastavro.writer(data, schema, rows)
        return data.getvalue()
    raise ValueError(format)


def compress(kind: str, data: bytes) -> bytes:
    """`data` in one of the compressions of the contract."""
    if kind in ("gzip", "gz"):
        return gzip.compress(data)
    if kind in ("xz", "LZMA"):
        return lzma.compress(data)
    if kind in ("brotli", "br"):
        import brotli

        return brotli.compress(data)
    if kind == "zstd":
        import zstandard

        return zstandard.compress(data)
    return data


def s3_pipe(moto, bucket: str, glob: str, table: str, format: str = "JSONEachRow", **options) -> dict:
    """A create body for an S3 pipe: `source` and `destination` may be extended by keyword, `columns` replaced."""
    columns = options.pop("columns", COLUMNS)
    source = {
        "type": "s3", "url": f"{moto.url}/{bucket}/{glob}", "format": format, "authentication": "IAM_USER",
        "accessKey": {"accessKeyId": "root", "secretKey": "root"}, **options.pop("source", {})}
    destination = {
        "table": table, "managedTable": True, "tableDefinition": {"engine": {"type": "MergeTree"}}, "columns": columns,
        **options.pop("destination", {})}
    return {
        "name": options.pop("name", f"pipe of {table}"), "source": {"objectStorage": source}, "destination": destination, **options}
