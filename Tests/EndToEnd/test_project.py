"""The project's own promises: gates that can fail, documents that are true."""

import os
import re
import subprocess

import pytest

from servers import ROOT

BINARY = os.environ.get("PENSTOCK_BINARY") or ROOT / ".build/release/penstock"


@pytest.mark.parametrize("name,text", [
    ("Sources/X/Crash.swift", "func crash() { try! run() }\n"),
    ("Sources/X/Born.swift", "func born() {\n    Task { await work() }\n}\n"),
    ("Sources/X/Loose.swift", "final class Loose: @unchecked Sendable {}\n"),
    ("Tests/XTests/Sleepy.swift", "func nap() async throws { try await Task.sleep(for: .seconds(1)) }\n"),
    ("Sources/X/Long.swift", "// line\n" * 701),
    ("Sources/X/Ugly.swift", "func  ugly( ) {}\n"),
])
def test_each_gate_of_lint_can_fail(tmp_path, name, text):
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    done = subprocess.run([ROOT / "scripts/lint.sh", "--no-build", tmp_path], capture_output=True, text=True)
    assert done.returncode != 0 and "lint:" in done.stdout, done.stdout + done.stderr


def test_the_sources_pass_the_gates():
    done = subprocess.run([ROOT / "scripts/lint.sh", "--no-build"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_configuration_page_is_what_the_program_says():
    page = subprocess.run([BINARY, "configuration-reference"], capture_output=True, text=True, check=True).stdout
    assert (ROOT / "docs/configuration.md").read_text() == page, "run: penstock configuration-reference > docs/configuration.md"


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("Connectors/*/README.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            if not target.startswith(("http://", "https://")):
                assert (page.parent / target).exists(), f"{page.name}: {target}"
