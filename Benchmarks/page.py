"""docs/benchmarks.md: each benchmark owns the lines between its two markers."""

import os
import pathlib
import platform
import time


def write(page: pathlib.Path, section: str, version: str, how: str, tables: list[tuple[str, list[str]]]):
    """Replaces what stands between `<!-- section: begin -->` and `<!-- section: end -->` by `tables`: heads and their lines."""
    begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
    head, rest = page.read_text().split(begin)
    measured = f"Measured {time.strftime('%Y-%m-%d')} with ClickHouse {version}, {os.cpu_count()} cores, {platform.machine()}, {how}."
    text = [begin, "", measured]
    for columns, lines in tables:
        text += ["", columns, "|" + "---|" * (columns.count("|") - 1), *lines]
    page.write_text(head + "\n".join([*text, "", end]) + rest.split(end)[1])
