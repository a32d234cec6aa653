"""Addresses are what they lead to, and the rules of a hub in their order decide about them."""

from ipaddress import ip_address

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.outbound import Nature, Policy, host_of, nature_of


@pytest.mark.parametrize(
    ("address", "nature"),
    [
        ("8.8.8.8", Nature.PUBLIC), ("2606:4700:4700::1111", Nature.PUBLIC), ("::ffff:8.8.8.8", Nature.PUBLIC),
        ("127.0.0.1", Nature.LOOPBACK), ("127.255.0.9", Nature.LOOPBACK), ("::1", Nature.LOOPBACK),
        ("::ffff:127.0.0.1", Nature.LOOPBACK), ("64:ff9b::7f00:1", Nature.LOOPBACK),
        ("169.254.169.254", Nature.METADATA), ("::ffff:169.254.169.254", Nature.METADATA),
        ("64:ff9b::a9fe:a9fe", Nature.METADATA), ("fd00:ec2::254", Nature.METADATA),
        ("100.100.100.200", Nature.METADATA), ("169.254.1.1", Nature.LINK_LOCAL), ("fe80::1", Nature.LINK_LOCAL),
        ("224.0.0.1", Nature.MULTICAST), ("ff02::1", Nature.MULTICAST),
        ("0.0.0.0", Nature.UNSPECIFIED), ("::", Nature.UNSPECIFIED),
        ("10.1.2.3", Nature.PRIVATE), ("172.31.0.1", Nature.PRIVATE), ("192.168.0.1", Nature.PRIVATE),
        ("100.64.0.1", Nature.PRIVATE), ("fd12::1", Nature.PRIVATE), ("::ffff:10.0.0.1", Nature.PRIVATE),
        ("0.1.2.3", Nature.RESERVED), ("240.0.0.1", Nature.RESERVED), ("255.255.255.255", Nature.RESERVED),
        ("198.18.0.1", Nature.RESERVED), ("2002:7f00:1::1", Nature.RESERVED), ("2001::1", Nature.RESERVED),
        ("::7f00:1", Nature.RESERVED), ("fec0::1", Nature.RESERVED), ("2001:db8::1", Nature.RESERVED),
        ("64:ff9b:1::1", Nature.RESERVED),
    ],
)  # fmt: skip
def test_an_address_is_what_it_leads_to(address: str, nature: Nature) -> None:
    assert nature_of(ip_address(address)) is nature
    assert Policy().allows("a.example", ip_address(address)) is (nature is Nature.PUBLIC)


@pytest.mark.parametrize(
    ("rules", "host", "address", "allowed"),
    [
        ("gitlab.corp", "gitlab.corp", "10.0.0.1", True),
        ("gitlab.corp", "git.corp", "10.0.0.1", False),
        ("GitLab.Corp.", "gitlab.corp", "10.0.0.1", True),
        ("gitlab.corp", "gitlab.corp", "127.0.0.1", False),  # a name never leads to the hub's own machine
        ("*.corp", "a.b.corp", "fd12::1", True),
        ("*.corp", "corp", "10.0.0.1", False),
        ("*.corp", "evilcorp", "10.0.0.1", False),
        ("*", "a.example", "169.254.169.254", False),
        ("10.0.0.0/8", "a.example", "::ffff:10.0.0.1", True),
        ("::ffff:10.0.0.0/104", "a.example", "10.0.0.1", True),
        ("10.0.0.0/8 !10.0.0.5", "a.example", "10.0.0.5", False),
        ("!10.0.0.5 10.0.0.0/8", "a.example", "10.0.0.5", True),
        ("127.0.0.1", "localhost", "127.0.0.1", True),
        ("::1", "localhost", "::1", True),
        ("[fd12::]/16", "a.example", "fd12::1", None),
        ("!* github.com", "github.com", "8.8.8.8", True),
        ("!* github.com", "example.org", "8.8.8.8", False),
        ("!* github.com", "8.8.8.8", "8.8.8.8", False),
        ("!8.8.8.0/24", "a.example", "8.8.8.8", False),
        ("!a.example", "a.example", "8.8.8.8", False),
    ],
)
def test_the_last_rule_that_fits_decides(rules: str, host: str, address: str, allowed: bool | None) -> None:
    if allowed is None:
        with pytest.raises(Invalid):
            Policy.parse(tuple(rules.split()))
    else:
        assert Policy.parse(tuple(rules.split())).allows(host, ip_address(address)) is allowed


@pytest.mark.parametrize(
    "rule", ["10.0.0.1/8", "10.0.0.0/33", "*.*.corp", "a*.corp", "!", "", "http://a", "a b", "a:80"]
)
def test_a_rule_that_is_none_is_refused_with_what_a_rule_is(rule: str) -> None:
    with pytest.raises(Invalid, match=r"the setting 'outbound'.*\*\.corp"):
        Policy.parse((rule,))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("GitHub.COM", "github.com"), ("github.com.", "github.com"), ("münchen.example", "xn--mnchen-3ya.example"),
        ("2130706433", "127.0.0.1"), ("0x7f000001", "127.0.0.1"), ("0177.1", "127.0.0.1"), ("127.1", "127.0.0.1"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("[0:0::1]", "::1"), ("1.example", "1.example"),
    ],
)  # fmt: skip
def test_a_host_has_one_form(text: str, host: str) -> None:
    assert host_of(text) == host


@pytest.mark.parametrize(
    "text", ["", ".", "a..b", "-a", "a b", "a/b", "a@b", "fe80::1%eth0", "999.1.1.1", "x" * 64, "a\0b"]
)
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="not the name of a host"):
        host_of(text)
