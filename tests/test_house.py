"""Rules of the house that no tool keeps by itself."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from assethub.server.settings import Settings, load_settings

ROOT = Path(__file__).parents[1]
MODULES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "tests").rglob("*.py")])


def test_no_module_is_longer_than_300_lines() -> None:
    long = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in MODULES}
    assert {name: lines for name, lines in long.items() if lines > 300} == {}


def test_every_module_of_the_product_says_what_it_holds() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), path


def test_packages_are_named_after_things() -> None:
    empty = {"utils", "common", "helpers", "core", "base", "manager", "models", "misc"}
    assert empty & {path.name for path in (ROOT / "src").rglob("*") if path.is_dir()} == set()


def test_the_settings_and_their_page_are_equal() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    documented = dict(re.findall(r"^\| `(\w+)` \| .* \| (.+) \|$", page, flags=re.M))
    assert documented == {field.name: field.metadata["help"] for field in fields(Settings)}


def test_settings_come_from_options_then_the_environment_then_the_file_then_defaults(tmp_path: Path) -> None:
    (tmp_path / "assethub.toml").write_text('port = 1\nhost = "file"\nslots = 7\ngit_roots = ["/a"]\n')
    environment = {"ASSETHUB_PORT": "2", "ASSETHUB_HOST": "variable"}
    settings = load_settings({"data": tmp_path, "port": 3, "host": None}, environment)
    assert (settings.port, settings.host, settings.slots, settings.log_level) == (3, "variable", 7, "info")
    assert settings.git_roots == (Path("/a"),)


@pytest.mark.parametrize("content", ["colour = 1", "port = [", 'port = "x"'])
def test_a_wrong_settings_file_is_refused_with_its_name(tmp_path: Path, content: str) -> None:
    (tmp_path / "assethub.toml").write_text(content)
    with pytest.raises(Exception, match=r"assethub\.toml"):
        load_settings({"data": tmp_path}, {})


def test_links_of_the_docs_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_routes_that_work_begin_it_on_their_own_thread() -> None:
    for path in (ROOT / "src/assethub/server/api").glob("*.py"):
        text = path.read_text()
        assert ("CurrentWork" in text) <= ("route_class=WorkRoute" in text), path.name
