"""Every row of TYPES.md, through the snapshot, an insert, an update and a delete."""

import pytest

from postgres import postgres_pipe
from servers import ROOT, random_name, wait_until


def matrix():
    rows = []
    for line in (ROOT / "Connectors/Postgres/TYPES.md").read_text().splitlines():
        cells = [cell.strip(" ") for cell in line.strip().strip("|").split("|")]
        if len(cells) == 5 and cells[0].startswith("`"):
            source, value, target, becomes = (cell[1:cell.index("`", 1)] for cell in cells[:4])
            rows.append((source, value, target, becomes, cells[4]))
    return rows


PREPARATION = """
CREATE EXTENSION citext; CREATE EXTENSION hstore;
CREATE TYPE mood AS ENUM ('happy', 'sad'); CREATE DOMAIN price AS numeric(10,2); CREATE TYPE pair AS (a int, b text);
"""


@pytest.mark.parametrize("nullable", [False, True], ids=["defaults", "nullable"])
@pytest.mark.parametrize("wire", ["text", "binary"])
def test_every_type_is_the_same_on_every_path(api, sql, postgres, wire, nullable):
    rows = [row for row in matrix() if wire == "text" or row[4] == "binary"]
    assert len(rows) > 40
    database, target = random_name("types_"), random_name("types_")
    postgres.database(database)
    columns = ", ".join(f"c{index} {row[0]}" for index, row in enumerate(rows))
    values = ", ".join(row[1] for row in rows)
    setting = ", ".join(f"c{index} = {row[1]}" for index, row in enumerate(rows))
    postgres.sql(f"""{PREPARATION}
CREATE TABLE every_type (id int PRIMARY KEY, {columns});
INSERT INTO every_type VALUES (1, {values}); INSERT INTO every_type (id) VALUES (3), (5); INSERT INTO every_type VALUES (4, {values});""", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "every_type", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [mapping], settings={"allowNullableColumns": nullable}))
    api.wait_state(pipe, "Running")
    postgres.sql(f"INSERT INTO every_type VALUES (2, {values}); UPDATE every_type SET {setting} WHERE id = 3; DELETE FROM every_type WHERE id = 4;", database)
    ids = f"SELECT groupArray(id) FROM (SELECT id FROM {target} FINAL WHERE _peerdb_is_deleted = 0 ORDER BY id)"
    wait_until(lambda: sql.value(ids) == [1, 2, 3, 5], 60, "the changes")

    wrong = []
    for index, (source, value, type, becomes, _) in enumerate(rows):
        found = sql.value(f"SELECT type FROM system.columns WHERE table = '{target}' AND name = 'c{index}' AND database = 'default'")
        if not nullable and found != type:
            wrong.append(f"{source}: is {found}, not {type}")
        if nullable and not type.startswith("Array") and "Nullable(" not in found:
            wrong.append(f"{source}: is {found}, and cannot be NULL")
        column = f"toString(c{index})"
        expected = becomes.replace("\\n", "\n")
        if nullable and (becomes == "0" and source == "numeric"):
            expected = None
        if nullable and type.startswith("Array"):
            expected = {"[1,0,3]": "[1,NULL,3]", "['[1,5)','']": "['[1,5)',NULL]", "['a','b,\"c\"','']": "['a','b,\"c\"',NULL]"}.get(becomes, becomes)
        for id in (1, 2, 3):
            value_found = sql.value(f"SELECT {column} FROM {target} FINAL WHERE id = {id}")
            if value_found != expected:
                wrong.append(f"{source} {value}: row {id} has {value_found!r}, not {expected!r}")
        absent = sql.value(f"SELECT isNull(c{index}) FROM {target} FINAL WHERE id = 5")
        if bool(absent) != (nullable and not type.startswith("Array")):
            wrong.append(f"{source}: NULL became something else")
    assert not wrong, "\n".join(wrong)
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {target}")


def test_values_without_a_counterpart_are_reported(api, sql, postgres):
    database, target = random_name("types_"), random_name("types_")
    postgres.database(database)
    postgres.sql("CREATE TABLE t (id int PRIMARY KEY, n numeric(9, 2)); INSERT INTO t VALUES (1, 1.5), (2, 'NaN')", database)
    mapping = {"sourceSchemaName": "public", "sourceTable": "t", "targetTable": target}
    pipe = api.create_pipe(postgres_pipe(postgres, database, [mapping], settings={"allowNullableColumns": True}))
    api.wait_state(pipe, "Running")
    postgres.sql("INSERT INTO t VALUES (3, 'NaN'), (4, 2.25)", database)
    values = f"SELECT groupArray(ifNull(toString(n), '')) FROM (SELECT n FROM {target} FINAL ORDER BY id)"
    wait_until(lambda: sql.value(values) == ["1.5", "", "", "2.25"], 30, "the rows")
    said = f"SELECT groupArray(message) FROM system.clickpipes_log WHERE clickpipe_id = '{pipe}' AND code = 'TYPE_MISMATCH'"
    wait_until(lambda: len(sql.value(said)) > 0, 30, "the line of the log")
    (line,) = sql.value(said)
    assert line.startswith("values of public.t have no counterpart in the type of their column"), line
    api.curl("DELETE", f"{api.pipes}/{pipe}").result
    sql.text(f"DROP TABLE {target}")
