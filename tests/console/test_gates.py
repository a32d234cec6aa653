"""Gates, lineage, comparison and repetition of runs on the console's pages, without a script."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from assethub.client.folders import Folder
from tests.console.conftest import MODEL, Site
from tests.console.test_pages import csrf

WORDS = "ada/dataset/texts/words"


@pytest.fixture
def pages(site: Site) -> Iterator[httpx2.Client]:
    site.go.touch()
    with httpx2.Client(base_url=site.url, follow_redirects=True, timeout=60) as client:
        client.post("/sign-in", data={"name": "ada", "password": site.live.admin_password})
        yield client


def test_a_publish_waits_for_its_gates(site: Site, pages: httpx2.Client) -> None:
    model = site.hub.model(MODEL)
    model.train("v1").wait()
    token = {"csrf": csrf(pages)}
    gates = "/ada/model/texts/-/gates"
    assert "No gates" in pages.get(gates).text
    wrong = pages.post(gates, data={**token, "rule": "accuracy is high", "dataset": WORDS})
    assert (wrong.status_code, "is no gate" in wrong.text) == (422, True)
    missing = pages.post(gates, data={**token, "rule": "accuracy >= 0.9", "dataset": "dataset/texts/nothing"})
    assert missing.status_code == 422
    added = pages.post(gates, data={**token, "rule": "accuracy >= 0.9", "dataset": WORDS})
    assert "accuracy &gt;= 0.9" in added.text

    publish = f"/{MODEL}/-/publish"
    shown = pages.get(publish, params={"source": "v1"}).text
    assert "Not evaluated yet" in shown
    refused = pages.post(publish, data={**token, "source": "v1", "into": "main"})
    assert refused.status_code == 409
    assert "accuracy &gt;= 0.9 on ada/dataset/texts/words: these files are not evaluated" in refused.text
    version = re.search(r'name="version" value="([0-9a-f]{64})"', shown)
    assert version
    started = pages.post(f"{publish}/evaluate", data={**token, "version": version[1], "dataset": WORDS})
    number = int(started.url.path.rsplit("/", 1)[-1])
    site.hub.run(number).wait()
    assert "Passed" in pages.get(publish, params={"source": "v1"}).text
    assert "/-/commit/" in str(pages.post(publish, data={**token, "source": "v1", "into": "main"}).url)

    folder = site.hub.get("model/texts")
    assert isinstance(folder, Folder)
    (gate,) = folder.gates()
    assert "No gates" in pages.post(gates, data={**token, "act": "remove", "id": str(gate.id)}).text


def test_runs_are_compared_changed_and_reproduced(site: Site, pages: httpx2.Client, tmp_path: Path) -> None:
    model = site.hub.model(MODEL)
    first = model.train("v1").wait()
    model.branch("v1").evaluate().wait()
    listed = pages.get("/runs").text
    assert listed.count('type="checkbox" name="run"') == 2
    compared = pages.get("/runs/compare", params={"run": ["1", "2"]}).text
    assert "loss" in compared
    assert pages.get("/runs/compare", params={"run": ["1"]}).status_code == 422
    form = pages.get(f"/{MODEL}/-/new-run", params={"again": "1"}).text
    assert 'value="v1-again"' in form
    assert first.info.inputs[0].commit in form
    assert first.info.code.sha in form

    commit = f"/{MODEL}/-/commit/{first.info.commit}"
    page = pages.get(commit).text
    assert "<svg width=" in page
    assert 'class="evaluation"' in page
    started = pages.post(f"{commit}/reproduce", data={"csrf": csrf(pages)})
    assert started.url.path == "/runs/3"
    site.hub.run(3).wait()
    assert ">Equal<" in pages.get("/runs/3").text
    assert "Run 3 reader · ada</title>" in pages.get(f"/{MODEL}/-/lineage", params={"ref": "v1"}).text
    (evaluation,) = model.list_evaluation()
    shown = pages.get(f"/{MODEL}/-/lineage", params={"evaluation": str(evaluation.id)})
    assert (shown.status_code, "Evaluation · reader" in shown.text) == (200, True)


def test_what_something_rests_on_is_deleted_after_asking_once_more(site: Site, pages: httpx2.Client) -> None:
    model = site.hub.model(MODEL)
    model.train("v1").wait()
    model.branch("v1").evaluate().wait()
    form = {"csrf": csrf(pages), "act": "delete-branch", "name": "v1"}
    asked = pages.post(f"/{MODEL}/-/refs", data=form)
    assert asked.status_code == 422
    assert f"evaluation of {MODEL} by run 2" in asked.text
    assert "Delete all the same" in asked.text
    assert pages.post(f"/{MODEL}/-/refs", data={**form, "force": "1"}).status_code == 200
    assert [one.name for one in model.branches()] == ["main"]
    asked = pages.post(f"/{WORDS}/-/delete", data={"csrf": form["csrf"], "confirm": "words"})
    assert MODEL in asked.text
