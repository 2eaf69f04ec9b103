#!/usr/bin/env bash
# Runs the suites; the last line is "N passed, N failed". A skipped test counts as failed.
# Usage: scripts/test.sh all|unit|e2e
set -uo pipefail
cd "$(dirname "$0")/.."
part=${1:-all}
export PENSTOCK_REQUIRE_IT=1
export PENSTOCK_PYTHON=${PENSTOCK_PYTHON:-$PWD/.venv/bin/python}
passed=0 failed=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

unit() {
    swift build -c release --build-tests 2>&1 | tee "$logs/build" | grep -E 'error|warning: unre|Compiling|Linking|Build' || true
    if ! grep -q 'Build complete' "$logs/build"; then
        echo "the build failed"
        failed=$((failed + 1))
        return
    fi
    # The integration suites of the targets find their servers by these variables.
    .venv/bin/python scripts/with_servers.py -- swift test -c release --skip-build 2>&1 | tee "$logs/unit" \
        | grep -vE '^(◇|􀟈)|(✔|􁁛) Test |started\.$' || true
    # Swift Testing prints one summary line; failed tests are listed by name above it.
    local total bad
    total=$(sed -nE 's/.*Test run with ([0-9]+) tests?.* (passed|failed).*/\1/p' "$logs/unit" | tail -n 1)
    grep -E '^(✘|􀢄) Test .* (failed after|recorded an issue)' "$logs/unit" | grep -v 'Test run with' >"$logs/failed"
    bad=$(grep -c 'failed after' "$logs/failed")
    if [ -z "$total" ]; then
        echo "the unit suites did not finish"
        failed=$((failed + 1))
        return
    fi
    if grep -E '^(➜|􀙟|􁁿).*[Ss]kipped' "$logs/unit"; then
        echo "skipped tests count as failed"
        bad=$((bad + $(grep -cE '^(➜|􀙟|􁁿).*[Ss]kipped' "$logs/unit")))
    fi
    if [ "$bad" -eq 0 ] && ! grep -qE 'Test run with .* passed' "$logs/unit"; then bad=1; fi
    passed=$((passed + total - bad))
    failed=$((failed + bad))
}

end_to_end() {
    [ -x .build/release/penstock ] || swift build -c release --product penstock || { failed=$((failed + 1)); return; }
    .venv/bin/python -m pytest Tests/EndToEnd -q -rfEs --junitxml="$logs/e2e.xml" -o junit_family=xunit2
    local counts
    counts=$(.venv/bin/python - "$logs/e2e.xml" <<'PY'
import sys, xml.etree.ElementTree as tree
try:
    suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
    total, bad = int(suite.get("tests")), sum(int(suite.get(k)) for k in ("failures", "errors", "skipped"))
    print(total - bad, bad if total else 1)
except (OSError, tree.ParseError, AttributeError):
    print(0, 1)
PY
)
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
}

[ "$part" = e2e ] || unit
[ "$part" = unit ] || end_to_end
# Once more at the end, where people and log excerpts look.
[ -s "$logs/failed" ] && cat "$logs/failed"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
