"""What of a machine's software a sandbox shows, and what it does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from assethub.runner import software


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with software in it, and more than that."""
    for name in (
        ".local/bin/tool", ".local/lib/python3/site-packages/tool.py", ".local/share/keyrings/login", "bin/mine",
        "lib/notes", ".pyenv/shims/python", ".pyenv/versions/3.11/bin/python", ".cargo/bin/uv", ".cargo/credentials",
        "conda/conda-meta/history", "conda/bin/python", "conda/ssl/cacert.pem", "project/bin/run", "project/.env",
        "project/lib/lib.py", ".local/share/uv/python/cpython/bin/python", "certificate.pem", "hub/secret",
    ):  # fmt: skip
        (tmp_path / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "home" / name).write_text("")
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("entries", "shown"),
    [
        ([".local/bin"], [".local/bin", ".local/lib"]),
        (["bin"], ["bin"]),
        ([".pyenv/shims"], [".pyenv"]),
        ([".cargo/bin"], [".cargo/bin"]),
        (["conda/bin", "conda/bin"], ["conda"]),
        (["project/bin"], ["project/bin", "project/lib"]),
        (["."], []),
        (["hub"], []),
        (["../home"], []),
        (["missing/bin"], []),
    ],
)
def test_of_the_path_only_software_is_shown(home: Path, entries: list[str], shown: list[str]) -> None:
    variables = {"HOME": str(home), "PATH": ":".join(["relative", "", *(f"{home}/{entry}" for entry in entries)])}
    hidden = [home / "hub", *software.homes(variables)]
    found = [path for path in software.readable(variables, hidden) if software.within(path, home)]
    always = [".local/share/uv/python"]  # the interpreters of uv
    assert {str(path.relative_to(home)) for path in found} == {*shown, *always}


def test_certificates_and_folders_that_are_asked_for_are_shown_unless_they_hold_what_is_hidden(home: Path) -> None:
    variables = {"HOME": str(home), "PATH": "", "SSL_CERT_FILE": f"{home}/certificate.pem", "SSL_CERT_DIR": f"{home}"}
    hidden = [home / "hub", *software.homes(variables)]
    asked = [home / "project", home / "hub", home, home.parent, Path("/")]
    found = [path for path in software.readable(variables, hidden, asked) if software.within(path, home.parent)]
    assert [str(path.relative_to(home)) for path in found] == [
        ".local/share/uv/python", "certificate.pem", "project",
    ]  # fmt: skip


def test_an_interpreter_whose_prefix_is_more_than_that_shows_what_python_keeps_there(home: Path) -> None:
    (home / ".local/include").mkdir()
    hidden = software.homes({"HOME": str(home)})
    shown = [path for path in software.interpreter(home / ".local", hidden) if path.exists()]
    shown = [path for path in shown if not software.holds(path, hidden)]
    assert sorted(path.name for path in shown) == ["bin", "include", "lib"]
    assert software.interpreter(home / "conda", hidden) == [home / "conda"]


def test_settings_and_places_of_packages_are_found_in_uvs_variables(home: Path, tmp_path: Path) -> None:
    for name in ("wheels", "more", "index"):
        (tmp_path / name).mkdir()
    (home / ".config/uv").mkdir(parents=True)
    (home / ".config/uv/uv.toml").write_text("")
    variables: dict[str, Any] = {
        "HOME": str(home), "UV_FIND_LINKS": f"{tmp_path}/wheels,{tmp_path}/more https://example.org/wheels",
        "UV_INDEX": f"ours=file://{tmp_path}/index https://user:password@example.org/simple",
        "UV_CACHE_DIR": str(home),
    }  # fmt: skip
    found = {str(path) for path in software.package_sources(variables)} - {"/etc/uv"}
    assert found == {f"{home}/.config/uv/uv.toml", *(f"{tmp_path}/{name}" for name in ("wheels", "more", "index"))}
    assert json.dumps(sorted(found))
