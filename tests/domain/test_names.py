import pytest

from assethub.domain.errors import Invalid
from assethub.domain.names import (
    AssetPath,
    FolderPath,
    Kind,
    Reference,
    check_name,
    check_path,
    check_ref_name,
    parse_path,
)


@pytest.mark.parametrize("name", ["a", "Llama-3.1-8B", "x_y", "9", "a" * 96])
def test_names_that_are_allowed(name: str) -> None:
    assert check_name("folder", name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "1 to 96"), ("a" * 97, "1 to 96"), ("-a", "beginning with"), ("a b", "letters"), ("é", "letters"),
        ("a..b", "'..'"), ("a--b", "'--'"), ("a.", "ends in"), ("a-", "ends in"), ("a.git", "ends in"),
        ("a__b", "'__'"),
        ("resolve", "reserved"),
    ],
)  # fmt: skip
def test_names_that_break_a_rule_are_refused_with_the_rule(name: str, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        check_name("folder", name)


@pytest.mark.parametrize("name", ["v1", "exp/a", "epoch-5", "feature/x.y"])
def test_ref_names_that_are_allowed(name: str) -> None:
    assert check_ref_name("branch", name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a..b", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "branch/x", "tag/x", "commit/x", "refs/x", "a:b",
     "a~1", "a^", "-a", "HEAD", "@", "a@{b", "x" * 256, "0" * 64],
)  # fmt: skip
def test_ref_names_that_break_gits_rules_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_ref_name("branch", name)


@pytest.mark.parametrize("path", ["a", "a/b.txt", "ünï/код", "marker/", "a" * 1024])
def test_paths_that_are_allowed(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    "path", ["", "/a", "../a", "a/../b", "a//b", ".", "a/.", "a\nb", "\x00", "a" * 1025, "\ud800", "/"]
)
def test_paths_that_could_escape_or_confuse_are_refused(path: str) -> None:
    with pytest.raises(Invalid):
        check_path(path)


def test_the_owner_may_be_left_out_where_the_user_is_known() -> None:
    assert parse_path("model/llm/gpt2", me="ada") == AssetPath("ada", Kind.MODEL, "llm", "gpt2")
    assert parse_path("bob/dataset/images", me="ada") == FolderPath("bob", Kind.DATASET, "images")
    with pytest.raises(Invalid, match="names no owner"):
        parse_path("model/llm/gpt2")
    with pytest.raises(Invalid, match="is not a path"):
        parse_path("llm/gpt2", me="ada")


def test_a_reference_keeps_slashes_in_its_ref() -> None:
    reference = Reference.parse("ada/model/llm/gpt2:exp/a")
    assert (reference.asset.name, reference.ref, str(reference)) == ("gpt2", "exp/a", "ada/model/llm/gpt2:exp/a")
