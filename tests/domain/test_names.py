import re
from uuid import UUID

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.names import (
    AssetPath,
    FolderPath,
    Kind,
    Reference,
    bucket_names,
    check_name,
    check_path,
    check_ref_name,
    parse_asset_path,
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


ID = UUID("01a2234f-b2d2-76cd-a95e-84ae9d3515a7")


@pytest.mark.parametrize(
    ("path", "best"),
    [
        ("ada/model/vision/net", "ada-vision-net"),
        ("Ada/dataset/Im_ages/ImageNet-1k_v2.0", "ada-im-ages-imagenet-1k-v2-0"),
        ("a/model/b/c", "a-b-c"),
        (f"ada/model/vision/{'n' * 52}", f"ada-vision-{'n' * 52}"),
        (f"ada/model/vision/{'n' * 53}", f"ada-vision-{'n' * 43}-9d3515a7"),
        (f"{'o' * 53}/model/x/y", f"{'o' * 53}-x-y"),
        (f"{'o' * 53}/model/xy/z{'z' * 9}", f"{'o' * 53}-9d3515a7"),
        ("01a2234f/model/b2d2-76cd-a95e/84ae9d3515a7", "01a2234f-b2d2-76cd-a95e-84ae9d3515a7-9d3515a7"),
    ],
)
def test_a_bucket_is_named_by_its_assets_path(path: str, best: str) -> None:
    names = bucket_names(parse_asset_path(path), ID)
    assert names[0] == best
    assert names[-1].endswith(ID.hex)
    for name in names:
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
        assert not name.startswith("xn--")
