#!/usr/bin/env bash
# The gates that need no test run. Usage: scripts/lint.sh [--no-build] [FOLDER]
# Format (swift-format), forbidden constructs, file sizes, explicit imports; warnings are errors in Package.swift.
set -uo pipefail
build=yes
[ "${1:-}" = --no-build ] && { build=no; shift; }
cd "${1:-$(dirname "$0")/..}"
status=0
fail() { echo "lint: $1"; status=1; }

mapfile -t all < <(find Sources Connectors Tests Package.swift -name '*.swift' 2>/dev/null | sort)
mapfile -t sources < <(printf '%s\n' "${all[@]}" | grep -vE '(^|/)Tests/')
mapfile -t tests < <(printf '%s\n' "${all[@]}" | grep -E '(^|/)Tests/')

swift format lint --strict "${all[@]}" || fail "swift-format has objections (make format mends most)"

# A construct, where it may not stand, and why. A line with "allowed:" and a reason is let through.
forbid() {
    local pattern=$1 why=$2
    shift 2
    [ $# -eq 0 ] && return
    local found
    found=$(grep -nHE "$pattern" "$@" | grep -vE 'allowed:|^[^:]+:[0-9]+: *///? ')
    [ -z "$found" ] || { echo "$found"; fail "$why"; }
}
forbid '\btry!|\bas!|\bfatalError\(' 'crashes on what a user or peer can cause are forbidden' "${sources[@]}"
forbid '(^|[^A-Za-z.])Task( *\(.*\))? *\{|Task\.detached' 'tasks are born in run() only' "${sources[@]}"
forbid '@unchecked Sendable|nonisolated\(unsafe\)' '@unchecked Sendable needs a written reason (allowed: …)' "${all[@]}"
forbid '\bAny\b|\bAnyObject\b' 'Any is forbidden; use a type' "${sources[@]}"
forbid 'TODO|FIXME|XXX' 'open ends belong into an issue' "${all[@]}"
[ ${#tests[@]} -eq 0 ] || forbid 'Task\.sleep|\busleep\(|[^.A-Za-z]sleep\(' 'tests wait for states, not for time' "${tests[@]}"

# The console builds elements of text and nodes only, and its content policy refuses inline code.
mapfile -t console < <(find Console -name '*.js' 2>/dev/null | sort)
forbid '\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|createContextualFragment|javascript:' \
    'markup and code made of text are forbidden in the console' "${console[@]}"
forbid '.{151}' 'lines of the console have at most 150 characters' "${console[@]}"
[ ${#console[@]} -eq 0 ] || wc -l "${console[@]}" | awk '$2 != "total" && $1 > 400 {print; bad = 1} END {exit bad}' || fail "a module of the console has more than 400 lines"

# Sizes: the median stays near 120 lines, nothing grows past 700.
if [ ${#all[@]} -gt 0 ]; then
    wc -l "${all[@]}" | awk '$2 != "total" {print $1, $2}' | sort -n > /tmp/penstock-sizes.$$
    awk '{n[NR] = $1} END {printf "sizes: %d files, median %d, largest %d lines\n", NR, n[int((NR + 1) / 2)], n[NR]}' /tmp/penstock-sizes.$$
    awk '$1 > 400 {print "  over 400: " $2 " (" $1 ")"}' /tmp/penstock-sizes.$$
    awk '$1 > 700 {bad = 1} END {exit bad}' /tmp/penstock-sizes.$$ || fail "a file has more than 700 lines"
    rm -f /tmp/penstock-sizes.$$
fi

if [ "$build" = yes ]; then
    swift build -c release --build-tests --explicit-target-dependency-import-check error 2>&1 | grep -E 'error|warning:|Build complete' | grep -v unhandled
    [ "${PIPESTATUS[0]}" -eq 0 ] || fail "the build has errors or implicit imports"
fi
[ $status -eq 0 ] && echo "lint: clean"
exit $status
