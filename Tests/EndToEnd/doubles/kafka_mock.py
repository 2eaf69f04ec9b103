"""librdkafka's mock cluster as a process (librdkafka/rdkafka_mock.h): real protocol, any number of partitions, faults on demand.

    kafka_mock.py BROKERS FILE        writes host:port,... to FILE, then obeys lines on its input and prints each when it is done:
    topic NAME PARTITIONS | down BROKER | up BROKER | leader TOPIC PARTITION BROKER | error TOPIC CODE (0: none any more)
"""

import ctypes
import os
import sys

library = ctypes.CDLL("librdkafka.so.1")
for function, result, arguments in [
    ("rd_kafka_conf_new", ctypes.c_void_p, []),
    ("rd_kafka_new", ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]),
    ("rd_kafka_mock_cluster_new", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
    ("rd_kafka_mock_cluster_bootstraps", ctypes.c_char_p, [ctypes.c_void_p]),
    ("rd_kafka_mock_topic_create", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_int]),
    ("rd_kafka_mock_broker_set_down", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
    ("rd_kafka_mock_broker_set_up", ctypes.c_int, [ctypes.c_void_p, ctypes.c_int32]),
    ("rd_kafka_mock_topic_set_error", None, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
    ("rd_kafka_mock_partition_set_leader", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32]),
]:
    getattr(library, function).restype = result
    getattr(library, function).argtypes = arguments

error = ctypes.create_string_buffer(512)
client = library.rd_kafka_new(0, library.rd_kafka_conf_new(), error, 512)
cluster = library.rd_kafka_mock_cluster_new(client, int(sys.argv[1]))
# Whole at once: whoever waits for the file must not read half of it.
with open(sys.argv[2] + ".new", "w") as file:
    file.write(library.rd_kafka_mock_cluster_bootstraps(cluster).decode())
os.rename(sys.argv[2] + ".new", sys.argv[2])
for line in sys.stdin:
    word, *rest = line.split()
    if word == "topic":
        status = library.rd_kafka_mock_topic_create(cluster, rest[0].encode(), int(rest[1]), 1)
    elif word in ("down", "up"):
        status = getattr(library, f"rd_kafka_mock_broker_set_{word}")(cluster, int(rest[0]))
    elif word == "error":
        status = library.rd_kafka_mock_topic_set_error(cluster, rest[0].encode(), int(rest[1]))
    else:
        status = library.rd_kafka_mock_partition_set_leader(cluster, rest[0].encode(), int(rest[1]), int(rest[2]))
    if status:
        sys.exit(f"{line.strip()}: {status}")
    print("done:", line.strip(), flush=True)
