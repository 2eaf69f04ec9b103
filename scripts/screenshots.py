"""Takes the pictures of the README anew, into docs/screenshots/: real flights, real calls, and a pipe that runs while it is looked at.

Started by `make screenshots`; PENSTOCK_BINARY names another program than the one that was built.
"""

import argparse
import pathlib
import random
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))

import browser as console  # noqa: E402
from api import API, SQL  # noqa: E402
from console_data import DELAYS, call, flights_pipe, lines, make_key, publish, put_flights, save_query, typed_flights  # noqa: E402
from servers import Moto, Penstock, Process, wait_until  # noqa: E402

FOLDER = ROOT / "docs/screenshots"
BUCKET, TABLE, LARGEST = "flights", "flights", 150_000
ORIGINS = ("JFK", "EWR", "LGA")

BY_WEEK = f"SELECT toMonday(time_hour) AS week, round(avg(dep_delay), 1) AS delay, count() AS flights FROM {TABLE} WHERE origin = {{origin:String}} " \
    "GROUP BY week HAVING flights > 1000 ORDER BY week"


def written(sql: str) -> str:
    """With a line for each clause."""
    for clause in ("FROM", "WHERE", "AND", "GROUP BY", "HAVING", "ORDER BY", "LIMIT"):
        sql = sql.replace(f" {clause} ", f"\n{'  ' if clause == 'AND' else ''}{clause} ")
    return sql


class Load:
    """Puts a file of flights into the bucket every now and then, and calls the endpoint, until it is stopped."""

    def __init__(self, s3, rows, endpoint, keys):
        self.done = threading.Event()
        self.threads = [threading.Thread(target=work, daemon=True) for work in (lambda: self.files(s3, rows), lambda: self.calls(endpoint, keys))]
        for thread in self.threads:
            thread.start()

    def files(self, s3, rows):
        part = 0
        while not self.done.wait(random.uniform(0.3, 1.1)):
            part += 1
            first = random.randrange(len(rows) - 9000)
            s3.put_object(Bucket=BUCKET, Key=f"live/{part:06}.json", Body=lines(rows[first:first + random.randrange(2000, 9000)]))

    def calls(self, endpoint, keys):
        while not self.done.wait(random.uniform(0.05, 0.4)):
            values = {"origin": random.choice(ORIGINS), "month": random.randrange(1, 13) if random.random() < 0.97 else "June"}
            call(endpoint, random.choice(keys), {"queryVariables": values})

    def stop(self):
        self.done.set()
        for thread in self.threads:
            thread.join()


def prepare(api: API, sql: SQL, moto: Moto):
    """All flights by one pipe, a pipe for new ones, others for company, saved queries, an endpoint with two keys."""
    s3 = moto.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    rows = typed_flights()
    put_flights(s3, BUCKET, rows, 12)
    s3.put_object(Bucket=BUCKET, Key="live/000000.json", Body=lines(rows[:1000]))
    done = api.create_pipe(flights_pipe(moto, BUCKET, TABLE, "Flights of 2013"))
    made = {"live": api.create_pipe(flights_pipe(moto, BUCKET, "departures", "Departures, live", prefix="live/", continuous=True))}
    late = api.create_pipe(flights_pipe(moto, BUCKET, "arrivals", "Arrivals of partners", prefix="live/", continuous=True, object_storage_polling_interval_ms=3000))
    archive = api.create_pipe(flights_pipe(moto, BUCKET, "archive", "Archive by month", continuous=True))
    lost = api.create_pipe(flights_pipe(moto, BUCKET, "partners", "Partner airlines", prefix="live/", continuous=True))
    api.wait_state(done, "Completed")
    for pipe in (made["live"], late, archive, lost):
        api.wait_state(pipe, "Running")
    wait_until(lambda: sql.value("SELECT count() FROM archive") == len(rows), 120, "the archive")
    api.command(archive, "stop")
    api.wait_state(archive, "Stopped")
    wait_until(lambda: sql.value("SELECT count() FROM partners"), 60, "rows of the pipe that will fail")
    sql.text("DROP TABLE partners SYNC")
    delays = written(DELAYS.format(table=TABLE))
    made["query"] = save_query(api, "Worst destinations", delays, {"month": "7", "origin": "JFK"})
    made["weeks"] = save_query(api, "Delays/By week", written(BY_WEEK), {"origin": "EWR"})
    save_query(api, "Delays/By carrier", f"SELECT carrier, count() AS flights, avg(dep_delay) AS delay FROM {TABLE} GROUP BY carrier ORDER BY delay DESC", {})
    save_query(api, "Size of the tables", "SELECT name, total_rows, total_bytes FROM system.tables WHERE total_rows > 0", {})
    keys = [make_key(api, name, roles=["query_endpoints"]) for name in ("Airport board", "Nightly report")]
    made["endpoint"] = publish(
        api, "Worst destinations", delays, keys[0]["id"], apiKeyIds=[key["id"] for key in keys], parameters={"month": "7"},
        allowedOrigins=["https://board.example.com"])
    return made, keys, s3, rows


def take(window, name: str):
    """The picture, once nothing of the browser's own distracts from it."""
    window.js("document.activeElement?.blur?.(); document.getElementById('toasts')?.replaceChildren();"
              "for (const one of document.querySelectorAll('.table-frame')) one.scrollLeft = 0")
    window.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 1, "y": 799})
    path = window.screenshot(name)
    size = path.stat().st_size
    print(f"  {path.relative_to(ROOT)}  {size / 1000:.0f} kB")
    assert size < LARGEST, f"{path} has {size} bytes"


def pictures(window, made):
    def run():
        window.click("Run", within=".editor-bar", tags="button")
        window.until(lambda: " rows" in window.text("[data-test=result-status]"), "the result")
        window.css(".grid [role=gridcell]")

    window.visit(f"#/queries/{made['query']}?param_month=7&param_origin=JFK")
    run()
    take(window, "editor")
    window.visit(f"#/queries/{made['weeks']}?param_origin=EWR")
    run()
    window.click("Chart", within=".result-tools", tags="button")
    window.css(".result-chart canvas[aria-label]")
    take(window, "chart")
    window.visit(f"#/queries/{made['query']}?param_month=7&param_origin=JFK")
    window.menu("Share", "API endpoint…")
    window.until(lambda: "curl" in window.text("dialog [aria-label=Samples] pre"), "the samples")
    take(window, "share")
    window.press(console.Keys.ESCAPE)
    window.visit("#/endpoints")
    window.menu("Actions of Worst destinations", "Monitoring")
    window.until(lambda: window.js("return document.querySelectorAll('dialog.flyout canvas').length") >= 3, "the charts")
    window.until(lambda: window.text("dialog.flyout .totals .value") not in ("", "–"), "figures")
    take(window, "monitoring")
    window.press(console.Keys.ESCAPE)
    window.theme(True)
    window.visit("#/pipes")
    flowing = "return [...document.querySelectorAll('tr[data-pipe] .flow')].filter((one) => / k rows/.test(one.innerText)).length"
    window.until(lambda: window.js(flowing) >= 2, "rows per second of two pipes", 60)
    take(window, "pipes")
    window.visit(f"#/pipes/{made['live']}")
    window.until(lambda: window.js("return document.querySelectorAll('[role=tabpanel] canvas').length") >= 4, "the charts")
    take(window, "pipe")
    assert window.problems() == []


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--minutes", type=float, default=6, help="of calls and new files before the pictures are taken")
    options = arguments.parse_args()
    console.SCREENS = FOLDER
    FOLDER.mkdir(parents=True, exist_ok=True)
    pause = threading.Event()
    with tempfile.TemporaryDirectory(prefix="penstock-pictures-") as folder:
        data, load, window = pathlib.Path(folder), None, None
        try:
            moto = Moto(data)
            penstock = Penstock(data / "data")
            api = API(penstock)
            print(f"Loading flights, then {options.minutes:g} minutes of calls and new files ...")
            made, keys, s3, rows = prepare(api, SQL(penstock.credentials["clickhouseURL"]), moto)
            load = Load(s3, rows, made["endpoint"], keys)
            pause.wait(options.minutes * 60)
            window = console.Browser(penstock.base, data / "browser", size=(1280, 800))
            window.sign_in(penstock.credentials["keyId"], penstock.credentials["keySecret"])
            pictures(window, made)
        finally:
            if window:
                window.close()
            if load:
                load.stop()
            Process.stop_all()


if __name__ == "__main__":
    main()
