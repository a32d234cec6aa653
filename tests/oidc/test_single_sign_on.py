"""Signing in through a provider, in a browser and against answers that are not what they should be."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from assethub.client.connection import connect
from assethub.domain.owners import Scope
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services.providers import WAITING
from tests.oidc.provider import CLIENT, SECRET, Provider, encoded

EVE = {"sub": "248289761001", "preferred_username": "eve", "name": "Eve Lind", "email": "eve@example.org"}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as running:
        running.people["eve"] = EVE | {"groups": ["dept:vision", "staff"]}
        yield running


@pytest.fixture
def server(tmp_path: Path, database: str | None, provider: Provider) -> Iterator[RunningServer]:
    settings = Settings(
        data=tmp_path / "data", port=0, database=database or "", admin_user="ada", admin_password="correct horse",
        oidc_issuer=provider.issuer, oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Acme",
        oidc_admin_group="admins",
    )  # fmt: skip
    with RunningServer(settings) as running:
        yield running


def members(server: RunningServer, group: str) -> list[tuple[str, bool]]:
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        return [(one.name, one.claimed) for one in hub.group(group).members()]


def test_in_a_browser_from_the_button_to_the_page_with_the_groups(
    server: RunningServer, provider: Provider, chrome: Browser
) -> None:
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.create_group("vision", claim="dept:vision")
        hub.create_group("by-hand")
        hub.create("model/eyes/net")
        folder = hub.get("model/eyes")
        folder.share("vision", "viewer")  # type: ignore[union-attr]
    page = chrome.new_context().new_page()
    page.goto(f"{server.url}/ada/model/eyes/net")  # nobody yet: to the sign-in page
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_label("Who").fill("eve")
    page.get_by_role("button", name="Let me in").click()
    page.wait_for_url(f"{server.url}/ada/model/eyes/net")  # which the group shows
    page.locator(".account summary").click()
    expect(page.locator(".menu-head")).to_contain_text("eve")
    assert members(server, "vision") == [("ada", False), ("eve", True)]
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.group("by-hand").add("eve")
        (user,) = hub.users("eve")
        assert (user.title, user.email, user.admin) == ("Eve Lind", "eve@example.org", False)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{server.url}/sign-in")
    provider.people["eve"] = EVE | {"groups": "admins"}  # the claim of vision is withdrawn
    page.get_by_role("link", name="Sign in with Acme").click()
    page.get_by_label("Who").fill("eve")
    page.get_by_role("button", name="Let me in").click()
    page.wait_for_url(f"{server.url}/")
    assert members(server, "vision") == [("ada", False)]
    assert members(server, "by-hand") == [("ada", False), ("eve", False)]
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        (user,) = hub.users("eve")
        assert user.admin
    page.goto(f"{server.url}/sign-out")
    page.context.clear_cookies()
    page.goto(f"{server.url}/sign-in/oidc")
    page.get_by_label("Who").fill("mallory")  # whom the provider does not let in
    page.get_by_role("button", name="Let me in").click()
    expect(page.locator("main")).to_contain_text("did not let you in")
    page.context.close()


def go(server: RunningServer, browser: httpx2.Client, who: str = "eve", **changed: str) -> httpx2.Response:
    """The way through the provider; `changed` parameters are what comes back instead."""
    begun = browser.get(f"{server.url}/sign-in/oidc?next=/runs")
    asked = httpx2.post(begun.headers["location"], data={"who": who}, follow_redirects=False)
    back = urlsplit(asked.headers["location"])
    query = {name: values[0] for name, values in parse_qs(back.query).items()} | changed
    return browser.get(f"{server.url}{back.path}", params={name: value for name, value in query.items() if value})


def signed_in(browser: httpx2.Client, server: RunningServer) -> bool:
    return browser.get(f"{server.url}/runs").status_code == 200


def unsigned(claims: dict[str, Any]) -> str:
    return ".".join([*(encoded(json.dumps(part).encode()) for part in ({"alg": "none"}, claims)), ""])


def test_what_is_no_answer_to_our_question_signs_nobody_in(
    server: RunningServer, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bends: dict[str, Any] = {
        "another nonce": lambda claims: claims.update(nonce="x"),
        "another audience": lambda claims: claims.update(aud="another"),
        "several audiences without ours in azp": lambda claims: claims.update(aud=[CLIENT, "another"]),
        "another party": lambda claims: claims.update(azp="another"),
        "another issuer": lambda claims: claims.update(iss="http://127.0.0.1:1"),
        "too old": lambda claims: claims.update(exp=claims["iat"] - 3600),
        "no signature": unsigned,
        "the public key as a secret": provider.signed_with_the_public_key,
        "a key of somebody else's": lambda claims: Provider().signed(claims),
        "no token": lambda claims: "x",
    }
    for bend in bends.values():
        provider.bend = bend
        with httpx2.Client() as browser:
            assert go(server, browser).status_code == 401
            assert not signed_in(browser, server)
        server.hub.attempts.failed.clear()  # or the next ones would be refused unseen
    provider.bend = None
    changes = [{"state": "x"}, {"state": ""}, {"iss": "http://evil.example"}, {"code": "x"}, {"code": ""}]
    for changed in [*changes, {"error": "server_error"}]:
        with httpx2.Client() as browser:
            assert go(server, browser, **changed).status_code == 401
            assert not signed_in(browser, server)
        server.hub.attempts.failed.clear()  # or the next ones would be refused unseen
    with httpx2.Client() as browser, httpx2.Client() as other:
        answer = go(server, browser)
        assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
        assert signed_in(browser, server)
        assert go(server, other).status_code == 303
        again = other.get(answer.request.url)  # the same answer once more, in a browser that did not ask for it
        assert again.status_code == 401
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        told = [event for event in hub.audit(action="session.open") if event.target == "single sign-on"]
        assert len(told) > len(bends)
        assert {event.outcome for event in told} == {"refused"}
        planted = [SECRET, *(str(answer.request.url.params[name]) for name in ("code", "state"))]
        logged = "".join(record.getMessage() for record in caplog.records if record.name.startswith("assethub"))
        kept = logged + json.dumps([event.model_dump(mode="json") for event in hub.audit()])
        assert not [secret for secret in planted if secret in kept]


def test_answers_that_other_sites_bring_lock_nobody_out_and_are_not_recorded(
    server: RunningServer, provider: Provider
) -> None:
    with httpx2.Client() as browser:
        for _ in range(60):
            assert browser.get(f"{server.url}/sign-in/oidc/callback?code=x&state=x").status_code == 401
        for _ in range(60):
            assert go(server, browser, state="x").status_code == 401
        assert go(server, browser).status_code == 303
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        assert [event for event in hub.audit(action="session.open") if event.outcome == "refused"] == []


def test_while_a_provider_hangs_others_are_told_so_at_once(server: RunningServer, provider: Provider) -> None:
    assert server.hub.provider is not None
    for _ in range(WAITING):
        assert server.hub.provider.waiting.acquire(blocking=False)
    with httpx2.Client() as browser:
        assert browser.get(f"{server.url}/sign-in/oidc").status_code == 503
        server.hub.provider.waiting.release()
        assert go(server, browser).status_code == 303


@pytest.mark.parametrize(
    "claims", [{"sub": 7}, {"sub": ""}, {"sub": "x" * 256}, {"sub": None}, {"sub": ["x"]}], ids=repr
)
def test_a_subject_that_is_none_signs_nobody_in(
    server: RunningServer, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.people["odd"] = claims
    with httpx2.Client() as browser:
        assert go(server, browser, "odd").status_code == 401


def test_odd_claims_are_taken_for_what_they_are(server: RunningServer, provider: Provider) -> None:
    odd = {"preferred_username": {"a": 1}, "name": ["x"], "email": 7, "groups": [1, None, *map(str, range(2000))]}
    provider.people["odd"] = {"sub": "s1"} | odd
    with httpx2.Client() as browser:
        assert go(server, browser, "odd").status_code == 303


def test_new_keys_are_asked_for_and_a_provider_that_is_away_is_told(server: RunningServer, provider: Provider) -> None:
    with httpx2.Client() as browser:
        assert go(server, browser).status_code == 303
    provider.new_key()
    with httpx2.Client() as browser:
        assert go(server, browser).status_code == 303
    assert server.hub.provider is not None
    server.hub.provider.described = (0.0, {})
    provider.away = True
    with httpx2.Client() as browser:
        answer = browser.get(f"{server.url}/sign-in/oidc")
        assert answer.status_code == 503
        assert "does not answer as it should" in answer.text


def test_an_account_that_is_there_is_never_taken_over(server: RunningServer, provider: Provider) -> None:
    provider.people["fake"] = {"sub": "1", "preferred_username": "ada", "email": "ada@example.org"}
    provider.people["odd"] = {"sub": "<b>../x", "name": "<script>"}
    for who, name in (("fake", "ada-2"), ("odd", "b-x"), ("fake", "ada-2")):
        with httpx2.Client() as browser:
            assert go(server, browser, who).status_code == 303
            assert f"<b>{name}</b>" in browser.get(f"{server.url}/runs").text
    with connect(server.local_url, server.create_key("ada", "tests", Scope.ADMIN)) as hub:
        hub.update_user("ada-2", active=False)
    with httpx2.Client() as browser:
        answer = go(server, browser, "fake")
        assert (answer.status_code, "is deactivated" in answer.text) == (401, True)
