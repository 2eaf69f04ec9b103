"""Writes Connectors/Kafka/Tests/Formats/FormatFixtures.swift: messages as independent producers make them, and what they say.

    pip install fastavro==1.13.1 cramjam==2.14.0 backports.zstd protobuf==7.36.2 grpcio-tools==1.85.1
    python scripts/kafka-format-fixtures.py
"""

import base64
import datetime
import decimal
import gzip
import importlib
import io
import json
import pathlib
import struct
import sys
import tempfile
import uuid
import zlib

import cramjam
import fastavro
from grpc_tools import protoc

OUT = pathlib.Path(__file__).parent.parent / "Connectors/Kafka/Tests/Formats/FormatFixtures.swift"
UTC = datetime.timezone.utc
pieces = []


def constant(name, value, note):
    if isinstance(value, bytes):
        text = f'Data(base64Encoded: "{base64.b64encode(value).decode()}").map {{ Array($0) }} ?? []'
        pieces.append(f"    /// {note}\n    static let {name}: [UInt8] = {text}")
    elif isinstance(value, list):
        items = ",\n".join(f"        {swift(item)}" for item in value)
        kind = "[String]" if isinstance(value[0], str) else "[[UInt8]]"
        pieces.append(f"    /// {note}\n    static let {name}: {kind} = [\n{items},\n    ]")
    else:
        pieces.append(f"    /// {note}\n    static let {name} = {swift(value)}")


def swift(value):
    if isinstance(value, bytes):
        return f'Data(base64Encoded: "{base64.b64encode(value).decode()}").map {{ Array($0) }} ?? []'
    value = value.replace("\t", "\\#t")
    return '#"' + value + '"#' if "\n" not in value else '#"""\n' + value + '\n"""#'


# Compression

text = json.dumps({"a": 1, "pad": "0123456789" * 300}, separators=(",", ":")).encode()
constant("compressible", text.decode(), "What the compressed messages hold.")
constant("gzip", gzip.compress(text, mtime=0), "Python's gzip.")
constant("zstd", bytes(cramjam.zstd.compress(text)), "cramjam.")
constant("lz4", bytes(cramjam.lz4.compress(text)), "cramjam.")
constant("snappyFramed", bytes(cramjam.snappy.compress(text)), "cramjam.")
java = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
for start in range(0, len(text), 1000):
    block = bytes(cramjam.snappy.compress_raw(text[start : start + 1000]))
    java += struct.pack(">i", len(block)) + block
constant("snappyJava", java, "The blocks of snappy-java around cramjam's.")

# Avro

INNER = {"type": "record", "name": "Inner", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": ["null", "string"], "default": None}]}
SCHEMA = {
    "type": "record", "name": "All", "namespace": "org.example", "doc": "every type", "owner": {"team": "x"},
    "fields": [
        {"name": "flag", "type": "boolean"}, {"name": "i", "type": "int"}, {"name": "l", "type": "long"},
        {"name": "f", "type": "float"}, {"name": "d", "type": "double"}, {"name": "by", "type": "bytes"}, {"name": "s", "type": "string"},
        {"name": "fx", "type": {"type": "fixed", "name": "Four", "size": 4}},
        {"name": "e", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B", "C"]}},
        {"name": "arr", "type": {"type": "array", "items": "long"}}, {"name": "m", "type": {"type": "map", "values": "double"}},
        {"name": "os", "type": ["null", "string"]}, {"name": "oi", "type": ["int", "null"]}, {"name": "inner", "type": INNER},
        {"name": "inners", "type": {"type": "array", "items": "Inner"}}, {"name": "oe", "type": ["null", "org.example.Kind"]},
        {"name": "dec", "type": {"type": "bytes", "logicalType": "decimal", "precision": 10, "scale": 2}},
        {"name": "uid", "type": {"type": "string", "logicalType": "uuid"}}, {"name": "day", "type": {"type": "int", "logicalType": "date"}},
        {"name": "tms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "tus", "type": {"type": "long", "logicalType": "timestamp-micros"}}, {"name": "none", "type": "null"},
    ],
}
PARSED = fastavro.parse_schema(json.loads(json.dumps(SCHEMA)))


def avro_row(n):
    return {
        "flag": n % 2 == 0, "i": -(n * 1000003) % 2**31 - 2**30, "l": (-1) ** n * (2**62 + n), "f": n / 4, "d": n / 7, "by": bytes([0, 255, n]),
        "s": f"é{n}", "fx": b"fix" + bytes([65 + n]), "e": "ABC"[n % 3], "arr": list(range(-n, n)), "m": {f"k{j}": j / 2 for j in range(n)},
        "os": None if n % 2 else f"o{n}", "oi": None if n % 3 else n, "inner": {"a": n, "b": None if n % 2 else "in"},
        "inners": [{"a": j, "b": f"x{j}"} for j in range(n)], "oe": None if n % 2 else "C", "dec": decimal.Decimal(n) - decimal.Decimal("123.45"),
        "uid": str(uuid.UUID(int=n)), "day": datetime.date(1969, 12, 30) + datetime.timedelta(days=n),
        "tms": datetime.datetime(2024, 1, 1, tzinfo=UTC) + datetime.timedelta(milliseconds=n),
        "tus": datetime.datetime(2024, 1, 1, tzinfo=UTC) + datetime.timedelta(microseconds=n), "none": None,
    }


def avro_expected(n):
    r = avro_row(n)
    return "\t".join(
        [
            str(r["flag"]).lower(), str(r["i"]), str(r["l"]), f'{r["f"]:g}', repr(r["d"]) if n else "0", r["by"].hex().upper(),
            r["s"], r["fx"].decode(), r["e"], "[" + ",".join(map(str, r["arr"])) + "]",
            "{" + ",".join(f"'{k}':{v:g}" for k, v in r["m"].items()) + "}", r["os"] or "\\N", "\\N" if r["oi"] is None else str(r["oi"]),
            f"({n},{'NULL' if n % 2 else chr(39) + 'in' + chr(39)})", "[" + ",".join(f"({j},'x{j}')" for j in range(n)) + "]", r["oe"] or "\\N",
            str(r["dec"]), r["uid"], str(r["day"]), f"2024-01-01 00:00:00.{n:03d}", f"2024-01-01 00:00:00.{n:06d}",
        ]
    )


def container(rows, codec, interval=16000):
    out = io.BytesIO()
    fastavro.writer(out, PARSED, rows, codec=codec, sync_interval=interval, sync_marker=b"0123456789abcdef")
    return out.getvalue()


def datum(schema, row):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, row)
    return out.getvalue()


ROWS = range(5)
constant("avroSchema", json.dumps(SCHEMA), "A record of every type, with an attribute of no meaning.")
constant("avroDatums", [datum(PARSED, avro_row(n)) for n in ROWS], "fastavro.")
constant("avroContainers", [container([avro_row(0), avro_row(1)], "null", 1), container([avro_row(2)], "deflate"),
                            container([avro_row(3)], "zstandard"), container([avro_row(4)], "snappy")], "fastavro, one for each codec.")
constant("avroExpected", [avro_expected(n) for n in ROWS], "The rows as TSV of ClickHouse, in the order of the fields, without the null.")
OTHER = fastavro.parse_schema({"type": "record", "name": "Other", "fields": [{"name": "s", "type": "string"}]})
out = io.BytesIO()
fastavro.writer(out, OTHER, [{"s": "other"}], sync_marker=b"0123456789abcdef")
constant("avroOtherContainer", out.getvalue(), "A container with another schema.")

# Protobuf

PROTO = """syntax = "proto3";
package org.example;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
// A comment; option java_package = "nothing";
option java_package = "org.example";
message Unused { string x = 1; message Deep { int32 z = 1; } }
message All {
  reserved 100 to 110, 120; reserved "old";
  enum Kind { option allow_alias = true; NONE = 0; ONE = 1; UNO = 1; MINUS = -1; }
  message Inner { int32 a = 1; optional string b = 2; Leaf leaf = 3; }
  message Leaf { repeated string words = 1; }
  message Node { int64 v = 1; repeated Node next = 2; map<string, Node> named = 3; Kind kind = 4; bytes raw = 5; }
  double d = 1; float f = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6; sint32 s32 = 7; sint64 s64 = 8;
  fixed32 fx32 = 9; fixed64 fx64 = 10; sfixed32 sfx32 = 11; sfixed64 sfx64 = 12; bool b = 13; string s = 14; bytes by = 15;
  Kind kind = 16; optional Kind okind = 17; optional int32 oi = 18; repeated int32 packed = 19; repeated int32 loose = 20 [packed = false];
  repeated double doubles = 21; repeated string words = 22; Inner inner = 23; repeated Inner inners = 24;
  map<string, int32> counts = 25; map<int32, Inner> by_number = 26; map<bool, string> flags = 27;
  oneof choice { string left = 28; int64 right = 29; }
  google.protobuf.Timestamp at = 30; google.protobuf.StringValue maybe = 31; google.protobuf.Struct extra = 32;
  Node tree = 33; repeated Kind kinds = 34; repeated google.protobuf.Timestamp times = 35; int32 far = 5000;
}
service S { rpc Get (Unused) returns (All) { option deprecated = true; } }
"""
directory = pathlib.Path(tempfile.mkdtemp())
(directory / "all.proto").write_text(PROTO)
include = str(importlib.resources.files("grpc_tools") / "_proto")
arguments = ["protoc", f"-I{directory}", f"-I{include}", f"--python_out={directory}", "--include_imports"]
assert protoc.main([*arguments, f"--descriptor_set_out={directory}/all.set", str(directory / "all.proto")]) == 0
sys.path.insert(0, str(directory))
module = importlib.import_module("all_pb2")


def proto_row(n):
    m = module.All()
    if n == 0:
        return m
    m.d, m.f, m.i32, m.i64, m.u32, m.u64 = n / 7, n / 4, -n, -(2**62) - n, 2**32 - n, 2**64 - n
    m.s32, m.s64, m.fx32, m.fx64, m.sfx32, m.sfx64 = -n, -(2**61), 2**32 - n, 2**64 - n, -n, -n
    m.b, m.s, m.by, m.kind = True, f"é{n}", bytes([0, 255, n]), [0, 1, -1][n % 3]
    m.packed.extend([1, -1, 300])
    m.loose.extend([2, -2])
    m.doubles.extend([0.5, -1.5])
    m.words.extend(["x", "", "y"])
    m.inner.a = n
    m.inner.leaf.words.extend(["deep", "er"])
    i = m.inners.add()
    i.a, i.b = 5, "b"
    m.inners.add()
    m.counts["k"] = 7
    m.by_number[-3].a = 9
    m.flags[True] = "yes"
    m.at.seconds, m.at.nanos = -1, 500_000_999
    m.times.add().seconds = 86400
    m.kinds.extend([1, -1, 0])
    m.far = n
    if n == 1:
        m.okind, m.oi, m.left, m.maybe.value = 0, 0, "", ""
        m.extra.update({"a": [1.5, "x", None, True, {"q": {}}]})
        m.tree.v = 2**60
        m.tree.next.add().v = 2
        m.tree.named["n"].kind = 1
        m.tree.raw = b"\xff"
    else:
        m.right = 2**60
    return m


constant("protoText", PROTO, "Every type of proto3.")
constant("protoDescriptors", (directory / "all.set").read_bytes(), "protoc's.")
constant("protoMessages", [proto_row(n).SerializeToString(deterministic=True) for n in range(3)], "Google's library; the first is empty.")

OUT.write_text(
    "import FoundationEssentials\n\n/// Made by scripts/kafka-format-fixtures.py.\nenum FormatFixtures {\n" + "\n\n".join(pieces) + "\n}\n")
