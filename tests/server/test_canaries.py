"""Passwords, keys, cookies, links and tokens are planted, used and misused, and are then nowhere to be found."""

import logging
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
from sqlalchemy import select, update

from assethub.client.connection import connect
from assethub.database.people_tables import s3_keys as rows
from assethub.domain.errors import Damaged
from assethub.domain.owners import Scope
from assethub.services import accounts, keys, s3_keys
from tests.conftest import Live
from tests.git.test_canary import dump, forms

FIRST, SECOND, WRONG = "canary-first-password", "canary-second-password", "canary-mistyped-password"


def test_no_secret_of_an_account_is_kept_or_told(
    live: Live, tmp_path: Path, database: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    with connect(live.url, live.api_key) as hub:
        hub.create_user("eve", FIRST)
        link = hub.create_sign_in_link("eve")
        hub.create_user("ci", service=True)
        service = hub.create_key("nightly", user="ci").secret
        sealed = hub.create_s3_key("tools", write=True).secret
        service_sealed = hub.create_s3_key("tools", user="ci").secret
        key = httpx2.post(f"{live.url}/api/v1/sign-in", json={"user": "eve", "password": FIRST}).json()["secret"]
        with httpx2.Client(base_url=live.url, follow_redirects=True) as browser:
            assert browser.get(link.removeprefix(live.url)).status_code == 200
            cookie = browser.cookies["ah_session"]
            said += [browser.get(page).text for page in ("/-/account", "/-/account/keys", "/-/audit")]
            said.append(browser.get(link.removeprefix(live.url)).text)  # once more: it is worth nothing
            said.append(browser.post("/-/account", data={"what": "password", "old": WRONG, "new": SECOND}).text)
            made = browser.get("/-/account/keys").text
            token = made.split('name="csrf" value="')[1].split('"')[0]
            shown = browser.post("/-/account/keys", data={"csrf": token, "name": "shown", "scope": "read"}).text
            once = shown.split("data-secret>")[1].split("<")[0]
            said.append(browser.get("/-/account/keys").text)
        with connect(live.url, key) as own:
            own.set_password(SECOND, old=FIRST)
            said.append(own.connection.request("GET", "/keys").text)
        said += refusals(live, cookie)
        with live.hub.work(None) as work:
            run = keys.run_token(live.hub, work.new_id(), 1)
            claim = keys.claim_secret(live.hub, UUID(int=1), 1)
            assert accounts.get_user(work, "eve").title == ""
        said.append(httpx2.get(f"{live.url}/api/v1/runs", headers={"Authorization": f"Bearer {run}"}).text)
        said.append(hub.connection.request("GET", "/audit?limit=1000").text)
        said.append(hub.connection.request("GET", "/audit.jsonl").text)
        said += [
            hub.connection.request("GET", address).text
            for address in ("/users", "/sessions", "/users/ci/keys", "/s3-keys", "/users/ci/s3-keys")
        ]
    said += used_and_damaged(live)
    planted = {
        "a password": FIRST, "the next": SECOND, "one that is wrong": WRONG, "a key": key, "a service's key": service,
        "an S3 key": sealed, "a service's S3 key": service_sealed,
        "a key of the console": once, "a cookie": cookie, "a link": link.split("token=")[1], "a run's token": run,
        "a claim": claim, "the hub's own": live.hub.secret.hex(),
    }  # fmt: skip
    assert len(set(planted.values())) == len(planted)
    kept = {
        "what was said": "\n".join(said).encode(),
        "the database": dump(tmp_path / "data", database, tmp_path / "d"),
    }
    kept["the log"] = "\n".join(one.getMessage() for one in caplog.records if one.name.startswith("assethub")).encode()
    assert b"session.link" in kept["the database"]
    found = {(what, where) for what, secret in planted.items() for where, text in kept.items()
             if any(form in text for form in forms(secret))}  # fmt: skip
    assert found == set()


def used_and_damaged(live: Live) -> list[str]:
    """What is said of S3 keys that are used, and of one whose sealed secret was changed."""
    with live.hub.work(None, reading=True) as work:
        (key,) = work.s3_keys.of(accounts.get_user(work, "ada").id)
    found = s3_keys.find_s3_key(live.hub, key.access_key, "192.0.2.7")
    assert found is not None
    with live.hub.engine.begin() as connection:
        (kept,) = connection.scalars(select(rows.c.sealed).where(rows.c.access_key == key.access_key)).all()
        connection.execute(update(rows).where(rows.c.access_key == key.access_key).values(sealed=kept[:-1] + b"x"))
    with pytest.raises(Damaged) as told:
        s3_keys.find_s3_key(live.hub, key.access_key, "192.0.2.7")
    return [str(told.value), repr(told.value), repr(found[:2])]


def refusals(live: Live, cookie: str) -> list[str]:
    """What is said to secrets that are wrong, or come where they do not belong."""
    url = f"{live.url}/api/v1"
    eves = {"Authorization": f"Bearer {live.server.create_key('eve', 'narrow', Scope.READ)}"}
    asked = [
        httpx2.post(f"{url}/sign-in", json={"user": "eve", "password": WRONG}),
        httpx2.post(f"{url}/sign-in", json={"user": "eve", "password": WRONG, "colour": WRONG}),
        httpx2.post(f"{url}/sign-in", json={"user": ["eve"], "password": {"x": WRONG}}),
        httpx2.post(f"{url}/sign-in", content=f'{{"password": "{WRONG}"'.encode()),
        httpx2.put(f"{url}/me/password", json={"old": WRONG, "new": SECOND}, headers=eves),
        httpx2.get(f"{url}/keys", headers={"Authorization": f"Bearer ah_{WRONG}"}),
        httpx2.get(f"{url}/keys", headers={"Authorization": f"Basic {WRONG}"}),
        httpx2.get(f"{url}/keys", headers={"Authorization": f"Bearer {cookie}"}),
        httpx2.post(f"{live.url}/sign-in", data={"name": "eve", "password": WRONG}),
        httpx2.get(f"{live.url}/", headers={"Cookie": f"ah_session={cookie[:-1]}x"}),
    ]
    assert {answer.status_code for answer in asked} <= {401, 403, 422, 303, 429}
    return [answer.text for answer in asked]
