"""Messages of orders in every format that a Kafka pipe reads, and the rows that they must become."""

import gzip
import io
import json
import struct

import cramjam
import fastavro
import zstandard

COLUMNS = [
    {"name": "id", "type": "Int64"}, {"name": "name", "type": "String"}, {"name": "price", "type": "Float64"},
    {"name": "tags", "type": "Array(String)"}, {"name": "city", "type": "String"}, {"name": "zip", "type": "Nullable(Int32)"}]
MAPPINGS = [
    {"sourceField": field, "destinationField": column["name"]}
    for field, column in zip(["id", "name", "price", "tags", "address.city", "address.zip"], COLUMNS)]


def order(number: int) -> dict:
    return {
        "id": number * 10_000_000_000, "name": f"Größe {number}\n", "price": number / 4, "tags": [f"tag {n}" for n in range(number % 3)],
        "address": {"city": f"city {number}", "zip": None if number % 2 else number}}


def row(number: int) -> dict:
    """What is in the table."""
    record = order(number)
    return {**{name: record[name] for name in ("id", "name", "price", "tags")}, **record["address"]}


# Avro

ADDRESS = {"type": "record", "name": "Address", "fields": [{"name": "city", "type": "string"}, {"name": "zip", "type": ["null", "int"]}]}
FIELDS = [
    {"name": "id", "type": "long"}, {"name": "name", "type": "string"}, {"name": "price", "type": "double"},
    {"name": "tags", "type": {"type": "array", "items": "string"}}, {"name": "address", "type": ADDRESS}]
AVRO = {"type": "record", "name": "Order", "fields": FIELDS}
# The same in another order, with something that nothing maps to.
AVRO_OTHER = {"type": "record", "name": "Order", "fields": [*reversed(FIELDS), {"name": "unused", "type": ["null", "bytes"], "default": None}]}
AVRO_REFERRING = {"type": "record", "name": "Order", "fields": [*FIELDS[:-1], {"name": "address", "type": "Address"}]}


def avro(schema: dict, record: dict) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), record)
    return out.getvalue()


def container(records, codec: str) -> bytes:
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(AVRO), records, codec=codec)
    return out.getvalue()


def confluent(schema: int, payload: bytes) -> bytes:
    """The header of Confluent's serializers."""
    return b"\0" + struct.pack(">i", schema) + payload


# Protobuf

PROTO = """syntax = "proto3"; package shop;
message Order {
  int64 id = 1; string name = 2; double price = 3; repeated string tags = 4;
  message Address { string city = 1; optional int32 zip = 2; }
  Address address = 5;
}"""
# The order is the second type of its file, and its address is in another.
PROTO_ADDRESS = """syntax = "proto3"; package shop; message Address { string city = 1; optional int32 zip = 2; }"""
PROTO_SECOND = """syntax = "proto3"; package shop; import "shop/address.proto";
message Other { string a = 1; message Order { int64 id = 1; } }
message Order { int64 id = 1; string name = 2; double price = 3; repeated string tags = 4; Address address = 5; }"""


def proto(*fields) -> bytes:
    """A message of pairs of field number and value; a tuple is a message within (encoding: protobuf.dev, "Encoding")."""
    def varint(value):
        out = bytearray()
        while value > 0x7F:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes(out) + bytes([value])

    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value & (1 << 64) - 1)
        elif isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            data = value.encode() if isinstance(value, str) else proto(*value)
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def proto_order(number: int) -> bytes:
    record = order(number)
    address = [(1, record["address"]["city"])] + ([(2, record["address"]["zip"])] if record["address"]["zip"] is not None else [])
    return proto((1, record["id"]), (2, record["name"]), (3, record["price"]), *((4, tag) for tag in record["tags"]), (5, tuple(address)))


# Compression around single messages

def snappy_java(data: bytes) -> bytes:
    """What snappy-java's output stream writes."""
    blocks = [bytes(cramjam.snappy.compress_raw(data[at:at + 100])) for at in range(0, len(data), 100)]
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + b"".join(struct.pack(">i", len(block)) + block for block in blocks)


COMPRESSIONS = [
    bytes, gzip.compress, zstandard.ZstdCompressor().compress, lambda data: bytes(cramjam.lz4.compress(data)),
    lambda data: bytes(cramjam.snappy.compress(data)), snappy_java]


def compressed(messages) -> list[bytes]:
    """Each message by another compression, the first of six by none."""
    return [COMPRESSIONS[number % len(COMPRESSIONS)](message) for number, message in enumerate(messages)]


def json_order(number: int) -> bytes:
    return json.dumps(order(number)).encode()
