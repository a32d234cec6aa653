"""What the hub may connect to, and that it connects to what it judged."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.outbound import Policy
from assethub.services.outbound import Outbound
from tests.git.conftest import TOKEN, Desk
from tests.git.servers import HttpsGit, connect_proxy, https_git


def names(known: dict[str, list[list[str]]]) -> tuple[Callable[[str, int], list[str]], list[str]]:
    """A resolver that answers each name with the next of its addresses, and the names it was asked for."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return known[host].pop(0) if known.get(host) else []

    return resolver, asked


def test_loopback_is_reached_once_the_setting_allows_it(desk: Desk, forge: HttpsGit) -> None:
    with pytest.raises(Invalid, match=r"may not connect to 127\.0\.0\.1, which is the hub's own machine.*'outbound'"):
        desk.reaching().start(forge.url("public/project"))
    assert forge.seen == []
    run = desk.start(forge.url("public/project"))
    assert run.code.url == forge.url("public/project")
    assert desk.code(run).startswith(b"PACK")


@pytest.mark.parametrize("host", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "localhost"])
def test_whatever_leads_to_loopback_is_judged_as_loopback(desk: Desk, forge: HttpsGit, host: str) -> None:
    with pytest.raises(Invalid, match="the hub's own machine"):
        desk.reaching().start(forge.url("public/project", host))
    with pytest.raises(Invalid, match="the hub's own machine"):
        desk.reaching().start(f"ssh://git@{host}:22/x")
    assert forge.seen == []


def test_numbers_that_mean_an_allowed_address_are_that_address(desk: Desk, forge: HttpsGit) -> None:
    assert desk.start(forge.url("public/project", "0x7f.1")).code.url == forge.url("public/project")


def test_a_name_cannot_mean_another_address_once_it_was_judged(desk: Desk, forge: HttpsGit) -> None:
    """No system resolver knows git.example, so only the judged address can have been connected to."""
    resolver, asked = names({"git.example": [["127.0.0.1"], ["169.254.169.254"]]})
    rebinding = desk.reaching("127.0.0.1", resolver=resolver)
    url = forge.url("public/project", "git.example")
    rebinding.start(url)
    assert asked == ["git.example"]
    assert {seen.host for seen in forge.seen} == {f"git.example:{forge.port}"}
    with pytest.raises(Invalid, match="which has an address that is a cloud's metadata service"):
        rebinding.start(url)
    with pytest.raises(Invalid, match=r"finds no host named 'git\.example'"):
        rebinding.start(url)


def test_one_refused_address_among_a_names_addresses_refuses_it(desk: Desk, forge: HttpsGit) -> None:
    resolver, _ = names({"git.example": [["127.0.0.1", "10.0.0.1"]]})
    with pytest.raises(Invalid, match="a private address"):
        desk.reaching("127.0.0.1", resolver=resolver).start(forge.url("public/project", "git.example"))
    assert forge.seen == []


def test_an_address_that_does_not_answer_is_passed_over(desk: Desk, forge: HttpsGit) -> None:
    resolver, _ = names({"git.example": [["127.0.0.3", "127.0.0.1"]]})
    desk.reaching("127.0.0.0/8", resolver=resolver).start(forge.url("public/project", "git.example"))


def test_the_certificate_is_for_the_name_and_not_for_the_address(desk: Desk, forge: HttpsGit) -> None:
    resolver, _ = names({"unnamed.example": [["127.0.0.1"]]})
    with pytest.raises(Invalid, match=r"could not be read: .*certificate"):
        desk.reaching("127.0.0.1", resolver=resolver).start(forge.url("public/project", "unnamed.example"))


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("https://169.254.169.254/latest", "may not connect to 169.254.169.254, which is a cloud's metadata service"),
        ("https://127.0.0.2/latest", "may not connect to 127.0.0.2"),
        ("https://other.example/project", "may not connect to other.example, which has an address that is a private"),
        ("http://127.0.0.1/project", "redirects to https alone"),
        ("file:///etc/passwd", "redirects to https alone"),
        ("https://user:word@127.0.0.1/x", "has a name or a password before its host"),
    ],
)
def test_a_redirect_from_an_allowed_host_to_a_refused_address_is_refused(
    desk: Desk, forge: HttpsGit, target: str, sentence: str
) -> None:
    resolver, _ = names({"other.example": [["192.168.1.1"]]})
    forge.redirects["/moved"] = target
    with pytest.raises(Invalid, match=sentence):
        desk.reaching("127.0.0.1", resolver=resolver).start(forge.url("moved"))
    assert len(forge.seen) == 1


def test_redirects_are_followed_five_times(desk: Desk, forge: HttpsGit) -> None:
    forge.redirects |= {f"/r{number}": forge.url(f"r{number - 1}") for number in range(1, 6)}
    forge.redirects["/r0"] = forge.url("public/project")
    assert desk.start(forge.url("r4")).code.url == forge.url("r4")
    with pytest.raises(Invalid, match="redirects more than 5 times"):
        desk.start(forge.url("r5"))


def test_a_redirect_to_a_page_is_no_repository(desk: Desk, forge: HttpsGit) -> None:
    forge.redirects["/moved/info"] = "/sign-in?from="
    with pytest.raises(Invalid, match=r"redirects to '.*sign-in', which is no Git repository"):
        desk.start(forge.url("moved"))


def test_a_redirect_takes_a_credential_only_below_the_address_it_is_for(
    desk: Desk, forge: HttpsGit, served: Path, certificates: tuple[Path, Path]
) -> None:
    desk.keep(forge.url("private"))
    forge.redirects["/private/old"] = "/private/project"
    desk.start(forge.url("private/old"))
    assert {seen.password for seen in forge.seen if "project" in seen.path} >= {TOKEN}

    forge.seen.clear()
    forge.redirects["/private/away"] = "/public/project"
    desk.start(forge.url("private/away"))
    assert {seen.password for seen in forge.seen if seen.path.startswith("/public/")} == {None}

    with https_git(served, certificates[1]) as other:
        forge.redirects["/private/there"] = other.url("private/project")
        with pytest.raises(Invalid, match="does not open"):
            desk.start(forge.url("private/there"))
        assert other.seen
        assert {seen.password for seen in other.seen} == {None}


def test_behind_a_proxy_unknown_names_are_judged_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver, _ = names({"inside.corp": [["10.0.0.1"]] * 3})
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "direct.example")
    outbound = Outbound(Policy.parse(("!evil.example",)), resolver)
    place = outbound.judge("anywhere.example", 443, proxied=True)
    assert (place.addresses, place.proxy) == ((), "http://127.0.0.1:9")
    for host, sentence in {
        "evil.example": "may not connect to evil.example", "inside.corp": "a private address",
        "169.254.169.254": "metadata", "direct.example": "finds no host",
    }.items():  # fmt: skip
        with pytest.raises(Invalid, match=sentence):
            outbound.judge(host, 443, proxied=True)
    with pytest.raises(Invalid, match="finds no host"):
        outbound.judge("anywhere.example", 22)


def test_a_proxy_is_given_the_name_and_looks_it_up(
    desk: Desk, forge: HttpsGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolver, _ = names({})
    with connect_proxy({f"git.example:{forge.port}": ("127.0.0.1", forge.port)}) as (proxy, asked):
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.setenv("no_proxy", "")
        desk.keep(forge.url("private", "git.example"))
        run = desk.reaching(resolver=resolver).start(forge.url("private/project", "git.example"))
    assert desk.code(run).startswith(b"PACK")
    assert set(asked) == {f"git.example:{forge.port}"}
    assert len(asked) > 1  # the hub's own look, and git's


def test_a_server_that_repeats_the_secret_is_not_repeated(desk: Desk, forge: HttpsGit) -> None:
    desk.keep(forge.url("private"))
    login = base64.b64encode(f"git:{TOKEN}".encode()).decode()
    for told in (TOKEN, login):
        forge.redirects["/private/told/info"] = f"/{told}/page"
        with pytest.raises(Invalid, match="no Git repository") as refused:
            desk.start(forge.url("private/told"))
        assert told not in str(refused.value)
        assert "…" in str(refused.value)
        forge.redirects.clear()


def test_a_server_that_redirects_git_alone_is_not_followed(
    desk: Desk, forge: HttpsGit, served: Path, certificates: tuple[Path, Path]
) -> None:
    """It answers the hub's own look as a repository would, and what git asks later with a redirect."""
    with https_git(served, certificates[1], "127.0.0.2") as inside:
        forge.redirects["/public"] = inside.url("public", "127.0.0.2")
        forge.honest = 1
        with pytest.raises(Invalid, match="could not be read"):
            desk.start(forge.url("public/project"))
        assert len(forge.seen) > 1
        assert inside.seen == []
