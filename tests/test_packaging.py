"""What is installed: the wheel, its parts, and the pins."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CLIENT = {"click", "httpx2", "pathspec", "pydantic", "pyyaml", "rich"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    return re.split(r"[\s\[<>=!~;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(target), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (found,) = target.glob("*.whl")
    return found


def test_the_client_needs_no_package_of_the_server(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith("METADATA"))
        required = Parser().parsestr(archive.read(metadata).decode()).get_all("Requires-Dist") or []
    assert {name_of(one) for one in required if "extra ==" not in one} == CLIENT


def test_the_wheel_carries_the_console_the_migrations_and_the_example(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in (
        "server/console/static/vendor/tabler.css", "server/console/static/vendor/uplot.js",
        "server/console/static/vendor/pdf.mjs", "server/console/static/vendor/pdf-cmaps/UniGB-UTF16-H.bcmap",
        "server/console/static/vendor/icons/box.svg", "server/console/templates/base.html",
        "server/console/locale/zh_CN/LC_MESSAGES/messages.po", "database/migrations/versions/0001_first_schema.py",
        "examples/digits/assethub.yaml", "runner/main.py", "executors/supervisor.py",
    ):  # fmt: skip
        assert f"assethub/{name}" in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("client.txt", PROJECT["project"]["dependencies"]),
        ("server.txt", PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["server"]),
        ("build.txt", PROJECT["dependency-groups"]["build"]),
        ("dev.txt", [one for one in PROJECT["dependency-groups"]["dev"] if isinstance(one, str)]),
        ("compatibility.txt", PROJECT["dependency-groups"]["compatibility"]),
    ],
)  # fmt: skip
def test_every_direct_dependency_is_pinned_by_hash_and_no_host_is_named(file: str, wanted: list[str]) -> None:
    text = (ROOT / "requirements" / file).read_text()
    pinned = {line.split("==")[0].split("[")[0] for line in text.splitlines() if "==" in line and not line[0].isspace()}
    assert {name_of(one) for one in wanted} <= pinned
    assert "://" not in text
    assert "index-url" not in text
    assert text.count("--hash=sha256:") >= len(pinned)


def test_the_lock_of_the_browser_assets_names_no_host() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all("integrity" in package and "resolved" not in package for package in packages.values())
