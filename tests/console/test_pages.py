"""The console over plain HTTP: what works without a script, and what is refused."""

import hashlib
import html
import io
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from assethub.client.connection import connect
from assethub.protocol.archives import Reader
from assethub.server.console import language
from assethub.services import purging
from tests.conftest import Live
from tests.console.conftest import MODEL, Site

CONSOLE = Path(language.__file__).parent


@pytest.fixture
def browser(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.url, follow_redirects=True) as client:
        client.post("/sign-in", data={"name": "ada", "password": site.live.admin_password})
        yield client


def csrf(client: httpx2.Client) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/").text)
    assert found
    return found[1]


def test_a_wrong_password_is_told_and_sets_no_session(live: Live) -> None:
    with httpx2.Client(base_url=live.url) as client:
        answer = client.post("/sign-in", data={"name": "ada", "password": "wrong"})
        assert answer.status_code == 401
        assert "do not belong together" in answer.text
        assert "ah_session" not in client.cookies


def test_the_session_cookie_is_for_http_only_and_this_site(live: Live) -> None:
    answer = httpx2.post(f"{live.url}/sign-in", data={"name": "ada", "password": live.admin_password})
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_after_signing_in_nobody_is_sent_elsewhere(live: Live, next: str) -> None:
    form = {"name": "ada", "password": live.admin_password, "next": next}
    assert httpx2.post(f"{live.url}/sign-in", data=form).headers["location"] == "/"


def test_the_sign_in_link_of_the_first_start_works_once(live: Live) -> None:
    assert live.server.first_user is not None
    link = live.server.first_user.link
    assert httpx2.get(link).headers["location"] == "/"
    assert "used before" in httpx2.get(link, follow_redirects=True).text or httpx2.get(link).status_code in (303, 401)


def test_forms_without_their_token_or_from_elsewhere_are_refused(browser: httpx2.Client, site: Site) -> None:
    form = {"act": "create-tag", "name": "v1"}
    good = {**form, "csrf": csrf(browser)}
    url = f"/{MODEL}/-/refs"
    assert browser.post(url, data=form).status_code == 403
    assert browser.post(url, data={**form, "csrf": "0" * 64}).status_code == 403
    assert browser.post(url, data=good, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.post(url, data=good, headers={"Origin": "https://evil.example"}).status_code == 403
    assert site.hub.model("model/texts/reader").tags() == []
    assert browser.post(url, data=good, headers={"Origin": site.url}).status_code == 200


def test_strangers_are_asked_to_sign_in_and_learn_nothing(site: Site) -> None:
    with httpx2.Client(base_url=site.url) as stranger:
        for path in (f"/{MODEL}", "/ada/model/none/at-all", "/runs/1", "/", "/runs"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in")


def test_every_page_has_a_strict_policy(browser: httpx2.Client) -> None:
    headers = browser.get(f"/{MODEL}").headers
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"


def test_user_bytes_come_by_signed_links_without_cookies(browser: httpx2.Client, site: Site) -> None:
    page = browser.get("/ada/dataset/texts/words/-/file/src/code.py").text
    link = re.search(r'href="(/raw/[^"]+)"', page)
    assert link
    answer = httpx2.get(site.url + link[1])
    assert answer.text == "def answer():\n    return 42\n"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert httpx2.get(site.url + link[1].replace("/raw/", "/raw/x")).status_code == 403


def test_a_version_is_downloaded_as_one_file(browser: httpx2.Client, site: Site) -> None:
    page = browser.get("/ada/dataset/texts/words/-/files/src").text
    links = {
        link.split("?")[0].split("/")[-1]: html.unescape(link)
        for link in re.findall(r'menu-item" href="([^"]+)"', page)
    }
    packed = browser.get(links["zip"])
    assert "words-main-src.zip" in packed.headers["content-disposition"]
    assert zipfile.ZipFile(io.BytesIO(packed.content)).namelist() == ["src/code.py"]
    with tarfile.open(fileobj=io.BytesIO(browser.get(links["tar"]).content)) as tar:
        assert tar.getnames() == ["src/code.py"]
    archive = browser.get(links["export"])
    assert "words.ahub" in archive.headers["content-disposition"]
    assert [member.kind for member in Reader([archive.content])].count("objects") == 3
    with httpx2.Client(base_url=site.url) as stranger:
        assert [stranger.get(links[one]).status_code for one in ("zip", "export")] == [303, 303]


def test_user_markup_is_harmless(browser: httpx2.Client) -> None:
    page = browser.get("/ada/dataset/texts/words").text
    assert 'href="javascript' not in page
    assert "<table>" in page


def test_the_log_is_read_without_a_script(browser: httpx2.Client, site: Site) -> None:
    site.go.touch()
    site.hub.model("model/texts/reader").train("first").wait()
    assert "epoch 3 &lt;b&gt;bold&lt;/b&gt;" in browser.get("/runs/1").text
    assert "epoch 3 <b>bold</b>" in browser.get("/runs/1/log.txt").text
    events = browser.get("/runs/1/events").text
    assert events.endswith("event: end\ndata: {}\n\n")
    again = browser.get("/runs/1/events", headers={"Last-Event-ID": re.findall(r"id: (\S+)", events)[-1]}).text
    assert '"lines": []' in again


def test_an_s3_key_is_shown_once_with_what_tools_take(browser: httpx2.Client, site: Site) -> None:
    front = browser.get(f"/{MODEL}").text
    assert "data-bucket>ada-texts-reader<" in front
    assert 'aws_secret_access_key="SECRET_KEY"' in html.unescape(browser.get(f"/{MODEL}/-/use").text)
    page = browser.get(f"/-/account/keys?asset={MODEL}").text
    assert f'value="{MODEL}"' in page
    form = {"csrf": csrf(browser), "what": "s3-key", "s3_name": "tools", "s3_asset": MODEL}
    refused = browser.post("/-/account/keys", data=form | {"s3_wait": "soon"})
    assert (refused.status_code, "30s, 5m or 1h30m" in html.unescape(refused.text)) == (422, True)
    made = browser.post("/-/account/keys", data=form | {"s3_write": "1", "s3_wait": "30s", "s3_days": "9"}).text
    secret = made.split("data-s3-secret>")[1].split("<")[0]
    assert html.unescape(made).count(secret) == 7  # itself, and in each tool's form
    (key,) = site.hub.s3_keys()
    assert (key.name, key.write, key.asset, key.commit_after) == ("tools", True, MODEL, 30)
    listed = browser.get("/-/account/s3-keys").text
    assert key.access_key in listed
    assert secret not in listed
    browser.post("/-/account/keys", data={"csrf": form["csrf"], "what": "revoke-s3", "access_key": key.access_key})
    assert site.hub.s3_keys() == []


def test_an_administrator_makes_the_s3_keys_of_service_accounts(browser: httpx2.Client, site: Site) -> None:
    site.hub.create_user("ci", service=True)
    form = {"csrf": csrf(browser), "what": "s3-key", "s3_name": "nightly", "s3_asset": MODEL}
    assert "data-s3-secret" in browser.post("/-/admin/users/ci", data=form).text
    (key,) = site.hub.s3_keys(user="ci")
    assert (key.name, key.asset, key.write) == ("nightly", MODEL, False)
    browser.post("/-/admin/users/ci", data={"csrf": form["csrf"], "what": "revoke-s3", "access_key": key.access_key})
    assert site.hub.s3_keys(user="ci") == []


def test_every_text_has_its_chinese() -> None:
    used = set()
    methods = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
    options = {"**/templates/**.html": {"newstyle_gettext": "true", "trimmed": "true"}}
    for _, _, text, _, _ in extract_from_dir(CONSOLE, methods, options):
        used.add(text[0] if isinstance(text, tuple) else text)
    with (language.FOLDER / "zh_CN/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="zh_CN")
    translated = {
        message.id[0] if isinstance(message.id, tuple) else message.id for message in catalogue if message.string
    }
    assert used - translated == set()
    assert translated - used - {""} == set()


def test_templates_hold_no_text_outside_of_the_catalogue() -> None:
    for path in CONSOLE.glob("templates/**/*.html"):
        text = re.sub(
            r"<pre.*?</pre>|\{% trans.*?endtrans %\}|\{%-?.*?-?%\}|\{\{.*?\}\}|\{#.*?#\}",
            "",
            path.read_text(),
            flags=re.S,
        )
        text = re.sub(r"<[^>]*>", "\n", text)
        left = [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in ("Python", "sha256", "sha")]
        assert left == [], path.name


def test_a_file_that_was_removed_for_good_is_told_on_its_page(browser: httpx2.Client, site: Site) -> None:
    with connect(site.url, site.live.api_key) as hub:
        (site.live.code / "secret.txt").write_text("secret")
        hub.model(MODEL).commit("Add", [str(site.live.code / "secret.txt")])
    purging.purge(site.live.hub, hashlib.sha256(b"secret").hexdigest(), "a password", "ada")
    answer = browser.get(f"/{MODEL}/-/file/secret.txt")
    assert (answer.status_code, "removed from this hub for good" in answer.text) == (410, True)


def test_a_log_is_paged_and_searched_without_a_script(browser: httpx2.Client, site: Site) -> None:
    site.go.touch()
    run = site.hub.model(MODEL).train("logged").wait()
    whole = browser.get(f"/runs/{run.number}/log").text
    assert whole.count('id="line-') == len(list(run.logs()))
    assert "epoch 1 &lt;b&gt;bold&lt;/b&gt;" in whole
    found = browser.get(f"/runs/{run.number}/log", params={"search": "EPOCH 2 <B>"}).text
    assert re.findall(r"epoch \d &lt;b&gt;", found) == ["epoch 2 &lt;b&gt;"]
    (place,) = re.findall(r'class="at" href="([^"]+)"', found)
    around = browser.get(html.unescape(place).partition("#")[0]).text
    assert f'id="{place.partition("#")[2]}"' in around
    assert "All processes" not in found
    drawn = browser.get(f"/runs/{run.number}/curves.json").json()
    times = drawn["loss"]["loss"].pop("t")
    assert times == sorted(times)
    assert drawn == {"loss": {"loss": {"x": [1.0, 2.0, 3.0], "at": [0, 1, 2], "mean": [0.8, 0.7, 0.6]}}}
    assert browser.get(f"/runs/{run.number}/log", params={"search": "x" * 501}).status_code == 422
