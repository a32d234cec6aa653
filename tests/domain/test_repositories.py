"""Addresses of Git repositories: one form for each, no secrets, and what begins with what."""

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.repositories import Remote


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("https://GitHub.com:443/acme/reader.git/", "https://github.com/acme/reader.git"),
        ("https://git.example:8443/a/b", "https://git.example:8443/a/b"),
        ("https://dev.azure.com/o/My%20P/_git/r", "https://dev.azure.com/o/My%20P/_git/r"),
        ("https://[::1]:1/a", "https://[::1]:1/a"),
        ("ssh://git@git.example:22/a", "ssh://git@git.example/a"),
        ("git@GIT.example:a/b.git", "git@git.example:a/b.git"),
    ],
)
def test_an_address_has_one_form(text: str, form: str) -> None:
    assert str(Remote.parse(text)) == form
    assert Remote.parse(form) == Remote.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://h/x", "git://h/x", "file:///etc", "ext::sh -c id", "/etc", "h:x", "https://", "https:///x", "https://h:0/x",
        "https://h:99999/x", "https://h/a/../b", "https://h/%2e%2e/b", "https://h/a%2fb", "https://h/a//b", "https://h/x?y",
        "https://h/x#y", "https://h/a b", "https://h/a\nb", "https://h/a%0ab", "https://h/a%5cb", "git@h:-x", "-x@h:y",
        "ssh://-oProxyCommand=id/x", "ssh://git@-h/x", "https://h\\@e/x", "https://fe80::1/x",
        "https://h/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_programs_could_read_in_two_ways_is_no_address(text: str) -> None:
    with pytest.raises(Invalid):
        Remote.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://me:s3cret@h/x", "https://s3cret@h/x", "https://me:a/s3cret@h/x", "ssh://me:s3cret@h/x",
        "http://me:s3cret@h/x", "https://me:s3cret@/", "https://@s3cret@h/x", "https://h/x?token=s3cret",
        "ftp://me:s3cret@h", "me:s3cret@h:x",
    ],
)  # fmt: skip
def test_a_secret_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        Remote.parse(text)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("prefix", "text", "covered"),
    [
        ("https://h/acme", "https://h/acme/reader", True),
        ("https://h/acme", "https://h/acme-evil/reader", False),
        ("https://h/acme", "https://h/ACME/reader", False),
        ("https://h", "https://h/anything", True),
        ("https://h", "https://h.evil/x", False),
        ("https://h", "https://h:8443/x", False),
        ("https://h", "ssh://h/x", False),
        ("https://h/acme/reader", "https://h/acme/reader.git", True),
        ("https://h/acme/reader.git", "https://h/acme/reader", True),
        ("https://h/acme/reader.git", "https://h/acme/reader2", False),
        ("ssh://git@h", "git@h:acme/reader", True),
        ("ssh://git@h/acme", "git@h:acme/reader", True),
        ("ssh://git@h", "other@h:acme/reader", False),
        ("ssh://h", "git@h:acme/reader", True),
        ("ssh://git@h", "ssh://h/acme/reader", True),
    ],
)
def test_a_prefix_covers_whole_steps(prefix: str, text: str, covered: bool) -> None:
    assert Remote.parse(prefix).covers(Remote.parse(text)) is covered
