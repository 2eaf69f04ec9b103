"""Pipes in the console: made by the guided form, watched to their end, understood when rows are bad, deleted."""

import re

import pytest
from console_data import lines, put_flights, typed_flights
from files import s3_pipe
from kafka import kafka_pipe, message
from selenium.webdriver.common.keys import Keys
from servers import random_name, wait_until

SECRET = "a-secret-of-nine-words-4711"


@pytest.fixture
def console(browser, penstock):
    browser.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
    return browser


@pytest.fixture
def target(sql):
    """The table that the form makes of the pipe's name."""
    name = random_name("flights_")
    yield name
    for one in (name, f"{name}_clickpipes_error"):
        sql.text(f"DROP TABLE IF EXISTS {one}")


def column(console, name: str) -> int:
    """The place of the column with this name in the form."""
    names = console.js("return [...document.querySelectorAll('.field[data-path$=\"].name\"] input')].map((one) => one.value)")
    assert name in names, names
    return names.index(name)


def step(console, title: str):
    console.until(lambda: console.text(".step-title") == title, f"the step {title}")


def test_an_s3_pipe_by_the_form(console, moto, bucket, target, sql, api):
    rows = typed_flights(40_000)
    keys = put_flights(moto.client("s3"), bucket, rows, 8)
    name = target.replace("_", " ").capitalize()

    console.go("#/pipes")
    console.click("Create a pipe")
    step(console, "Source")
    console.css('[data-kind="objectStorage"]').click()

    # What is missing is said at the field before anything is asked of the source.
    step(console, "Connection")
    console.click("Next", tags="button")
    console.sees("is required", '.field[data-path="name"]')
    console.fill_path("name", name)
    console.fill_path("source.objectStorage.url", f"{moto.url}/{bucket}/nothing/*.json")
    console.fill_path("source.objectStorage.format", "JSONEachRow")
    console.fill_path("source.objectStorage.accessKey.accessKeyId", "reader")
    console.fill_path("source.objectStorage.accessKey.secretKey", SECRET)
    console.click("Next", tags="button")

    # The test finds a pattern that matches nothing, leads to its field, and passes with the right one.
    step(console, "Test and sample")
    console.click("Test connection")
    console.sees("matches no object", '[data-test="sample-problem"]')
    console.click("Correct the connection")
    step(console, "Connection")
    console.until(lambda: console.text('.field[data-path="source.objectStorage.url"] .problem'), "the problem of the URL")
    console.fill_path("source.objectStorage.url", f"{moto.url}/{bucket}/flights/*.json")
    console.click("Next", tags="button")
    step(console, "Test and sample")
    console.click("Test ")
    console.css(".sample .notice.good")
    console.sees("time_hour", ".sample")
    examples = console.js("return [...document.querySelectorAll('.sample tbody tr')].map((row) => [row.cells[0].innerText, row.cells[3].innerText])")
    assert dict(examples)["dest"].split("\n") == [row["dest"] for row in rows[:3]]
    console.click("Next", tags="button")

    step(console, "Destination")
    assert console.path_field("destination.table").get_attribute("value") == target
    for field, type in (("carrier", "LowCardinality(String)"), ("distance", "UInt16"), ("time_hour", "DateTime"), ("origin", "LowCardinality(String)")):
        console.fill_path(f"destination.columns[{column(console, field)}].type", type)
    for field in ("origin", "time_hour"):
        console.fill_path("destination.tableDefinition.sortingKey", field)
    console.sees("time_hour", '.field[data-path="destination.tableDefinition.sortingKey"] .chips')
    console.click("Next", tags="button")
    step(console, "Settings")
    console.fill_path("settings.object_storage_max_file_count", "1")
    assert console.axe() == []
    console.click("Next", tags="button")

    # What will be sent, without the secret, as JSON and as a line for a shell.
    step(console, "Review")
    review = console.text(".step")
    assert '"accessKeyId": "reader"' in review and "curl -u" in review and "••••" in review and '"sortingKey"' in review
    assert SECRET not in console.js("return document.documentElement.outerHTML + document.body.innerText")
    console.click("Create the pipe")

    # Its page follows it to the end without being loaded anew.
    console.until(lambda: re.fullmatch(r"#/pipes/[0-9a-f-]{36}", console.js("return location.hash")), "the page of the pipe")
    console.js("window.notLoadedAnew = true")
    pipe = console.js("return location.hash").rpartition("/")[2]
    console.until(lambda: console.text("h1") == name, "its name")
    console.css('.page-head [data-state="Completed"]', timeout=60)
    assert console.js("return window.notLoadedAnew")
    assert sql.rows(f"SELECT count() AS n, sum(distance) AS distance FROM {target}") == [{"n": len(rows), "distance": sum(row["distance"] for row in rows)}]
    assert sql.value(f"SELECT sorting_key FROM system.tables WHERE name = '{target}'") == "origin, time_hour"
    assert SECRET not in console.js("return document.documentElement.outerHTML")
    assert console.axe() == []

    console.tab("progress")
    console.until(lambda: all(key in console.text("[role=tabpanel]") for key in keys), "the files")
    assert console.text("[role=tabpanel]").count("Loaded") == len(keys)
    console.tab("raw")
    console.sees(f'"table": "{target}"', "[role=tabpanel]")
    assert SECRET not in console.text("[role=tabpanel]")

    console.go("#/pipes")
    row = console.css(f'tr[data-pipe="{pipe}"]')
    assert name in row.text and "Completed" in row.text and target in row.text
    console.fill("Search pipes", "nothing is called this")
    console.sees("No pipe fits")
    console.fill("Search pipes", name)
    console.until(lambda: len(console.js("return [...document.querySelectorAll('tr[data-pipe]')]")) == 1, "the one pipe")
    assert console.problems() == []
    assert api.curl("DELETE", f"{api.pipes}/{pipe}").status == 200


def test_records_that_were_left_out_say_why(console, broker, topic, table, api, sql):
    broker.create_topic(topic, 1)
    broker.produce(topic, [message(1), b'{"id": "<b>twelve</b>", "message": "no number", "timestamp": 1}', message(2)], partition=0)
    pipe = api.create_pipe(kafka_pipe(broker, topic, table))
    wait_until(lambda: sql.count(table) == 2, 60, "the good rows")
    [error] = wait_until(lambda: api.get(f"{api.pipes}/{pipe}/errors").result, 30, "the bad one")

    console.visit(f"#/pipes/{pipe}?tab=errors")
    console.sees("TYPE_MISMATCH", "[role=tabpanel] table")
    assert f"{topic} / 0 @ 1" in console.text("[role=tabpanel] table")
    console.click("Inspect", within="main")
    said = console.until(lambda: console.text("dialog[open]"), "the record")
    assert error["error"] in said and error["rawMessage"] in said and "<b>twelve</b>" in error["rawMessage"]
    assert console.js("return document.querySelectorAll('dialog b').length") == 0
    assert console.axe() == []
    console.press(Keys.ESCAPE)
    console.until(lambda: not console.text("dialog[open]"), "the dialog to close")
    console.fill("Class of error", "MESSAGE_TOO_LARGE")
    console.sees("No error of this class", "[role=tabpanel]")
    assert console.problems() == []
    api.curl("DELETE", f"{api.pipes}/{pipe}")


def test_a_file_that_was_rejected_says_why(console, moto, bucket, table, api, sql):
    s3 = moto.client("s3")
    s3.put_object(Bucket=bucket, Key="good.json", Body=lines([{"id": 1}]))
    s3.put_object(Bucket=bucket, Key="rows.json", Body=b'{"id": "<b>twelve</b>"}\n')
    pipe = api.create_pipe(s3_pipe(moto, bucket, "*.json", table, name="One bad file", columns=[{"name": "id", "type": "UInt64"}]))
    api.wait_state(pipe, "Completed")
    console.visit(f"#/pipes/{pipe}?tab=progress")
    console.until(lambda: "Rejected" in console.text("[role=tabpanel]") and "Loaded" in console.text("[role=tabpanel]"), "both files")
    assert "<b>twelve</b>" in console.text("[role=tabpanel]")
    console.tab("errors")
    [error] = api.get(f"{api.pipes}/{pipe}/errors").result
    console.click("Inspect", within="main")
    said = console.until(lambda: console.text("dialog[open]"), "the record")
    assert error["error"] in said and "rows.json" in said and "<b>twelve</b>" in said
    console.press(Keys.ESCAPE)
    assert sql.value(f"SELECT count() FROM {table}") == 1
    assert console.problems() == []
    api.curl("DELETE", f"{api.pipes}/{pipe}")


def test_a_pipe_is_deleted_by_its_name(console, moto, bucket, table, api, sql):
    rows = typed_flights(100)
    put_flights(moto.client("s3"), bucket, rows, 1)
    columns = [{"name": "flight", "type": "UInt16"}, {"name": "dest", "type": "String"}]
    pipe = api.create_pipe(s3_pipe(moto, bucket, "flights/*.json", table, name=f"To go: {table}", columns=columns))
    api.wait_state(pipe, "Completed")

    console.go("#/pipes")
    console.css(f'tr[data-pipe="{pipe}"] a').click()
    console.css('.page-head [data-state="Completed"]')
    console.menu("More actions", "Delete…")
    delete = console.find("button", "Delete the pipe")
    assert not delete.is_enabled()
    assert f"default.{table}" in console.text("dialog[open]"), "it says that the table stays"
    typed = console.css("dialog[open] input")
    typed.send_keys("To go: ")
    assert not delete.is_enabled()
    assert console.axe() == []
    typed.send_keys(table)
    console.until(lambda: delete.is_enabled(), "the button")
    delete.click()
    console.until(lambda: console.js("return location.hash") == "#/pipes", "the list")
    assert not console.js("return document.querySelector(arguments[0])", f'tr[data-pipe="{pipe}"]')
    assert api.get(f"{api.pipes}/{pipe}").status == 404
    assert sql.value(f"SELECT count() FROM {table}") == len(rows)
    assert console.problems() == []
