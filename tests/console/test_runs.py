"""Runs to look at: the form, a live run, many runs over one another, leaderboards, lineage."""

import csv
import io
import re

import httpx2
import pytest
from playwright.sync_api import Page, expect

from assethub.server.console.parallel import Cell, draw
from tests.conftest import make_repository
from tests.console.conftest import MODEL, Site, fits

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TASKS = """\
tasks:
  train:
    command: |
      for step in $(seq 1 40); do
        at=$((1700000000 + step)) loss=$((90 / step))
        printf '{"step": %s, "time": %s, "loss": %s.5, "accuracy": 0.%s}\\n' $step $at $loss $step >> $AH_METRICS_FILE
        echo "step $step"
        [ $step = 9 ] && echo "WARNING: it is slow" >&2
        [ $step = 30 ] && until [ -e GO ]; do sleep 0.05; done
      done
      echo {rate} > {output}/weights.txt
    params: {rate: {default: 0.5, min: 0, max: 1}, kind: {default: a, choices: [a, b]}}
  evaluate:
    command: |
      printf '{"accuracy": %s, "loss": 1}' $(cat {model}/weights.txt) > {results}/metrics.json
      printf '# Report\\n\\nAll **well**.' > {results}/report.md
      printf '<script>parent.x = 1</script><b>bold</b>' > {results}/report.html
"""


@pytest.fixture
def tasks(site: Site) -> Site:
    """The site with the tasks of these tests."""
    content = TASKS.replace("GO", str(site.go))
    make_repository(site.live.code / "project", {"assethub.yaml": content}, message="Measure more")
    return site


@on_sqlite
def test_a_live_run_shows_stages_curves_and_its_log(visitor: Page, tasks: Site) -> None:
    page, site = visitor, tasks
    run = site.hub.model("model/texts/reader").train("first")
    page.goto(f"{site.url}/runs/{run.number}")
    stages = page.locator("#stages")
    expect(stages.locator("[aria-current]")).to_contain_text("Running", timeout=30_000)
    expect(stages).to_contain_text("Succeeded")  # what lies ahead
    expect(page.locator("#log")).to_contain_text("step 30", timeout=30_000)
    panel = page.locator(".panel", has=page.locator("#chart-loss"))
    expect(panel.locator("canvas")).to_be_visible()
    value = panel.locator("[data-value=loss]")
    expect(value).to_have_text("3.5")
    page.get_by_label("Smoothing").fill("0.9")
    expect(value).not_to_have_text("3.5")
    page.get_by_label("Smoothing").fill("0")
    page.get_by_label("Logarithmic").check()
    expect(value).to_have_text("3.5")
    panel.get_by_role("button", name="loss").click()
    expect(panel.get_by_role("button", name="loss")).to_have_attribute("aria-pressed", "false")
    panel.get_by_role("button", name="loss").click()
    page.get_by_label("Along").select_option("time")

    plot = panel.locator(".u-over")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    expect(panel.locator(".curve-where")).to_have_text(re.compile(r"\d+ s"))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 60, steps=4)
    page.mouse.up()
    reset = panel.get_by_role("button", name="Reset zoom")
    reset.click()
    expect(reset).to_be_hidden()
    assert fits(page)

    log = page.locator("#log")
    page.get_by_label("Lines to show").select_option("warning")
    expect(log.locator(".log-out").first).to_be_hidden()
    expect(log.locator(".log-err")).to_be_visible()
    page.get_by_label("Lines to show").select_option("")
    follow = page.get_by_role("button", name="Follow")
    follow.click()
    expect(follow).to_have_attribute("aria-pressed", "false")
    site.go.touch()
    expect(page.locator("[data-state]")).to_have_text("Succeeded", timeout=30_000)
    expect(stages.locator("li")).to_have_text(
        [re.compile(one) for one in ("Queued", "Preparing", "Running", "Saving", "Succeeded")]
    )
    page.locator("#log .at").nth(3).click()
    page.wait_for_url(re.compile(r"/log\?after=0#line-4$"))
    expect(page.locator(":target")).to_have_class(re.compile("log-"))


@on_sqlite
def test_runs_are_chosen_in_a_list_and_laid_over_one_another(visitor: Page, tasks: Site) -> None:
    page, site = visitor, tasks
    site.go.touch()
    model = site.hub.model("model/texts/reader")
    for rate in (0.25, 0.5):
        model.train(f"at-{rate}", params={"rate": rate}).wait()
    page.goto(f"{site.url}/runs?text=at-0.2")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Words").fill("at-")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Sort").select_option("oldest")
    expect(page.locator("tbody tr").first).to_contain_text("at-0.25")
    assert fits(page)
    for box in page.get_by_label(re.compile("Compare run")).all():
        box.check()
    page.get_by_role("button", name="Compare the chosen runs").click()

    panel = page.locator(".panel", has=page.locator("#overlay-loss"))
    expect(panel.locator("canvas")).to_be_visible()
    expect(panel.locator(".curve-legend li")).to_have_count(2)
    expect(page.locator(".panel", has=page.locator("#overlay-accuracy"))).to_be_visible()
    page.get_by_role("checkbox", name="accuracy").uncheck()
    expect(page.locator(".panel", has=page.locator("#overlay-accuracy"))).to_be_hidden()
    page.get_by_label("Draw run 1").uncheck()
    expect(panel.get_by_role("button", name="1 · at-0.25")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#table td.differs")).to_have_text(["0.25", "0.5"])
    assert fits(page)
    page.locator("#table").get_by_role("link", name="rate").click()
    page.locator("#table").get_by_role("link", name="rate ↑").click()
    expect(page.locator("#table tbody tr").first).to_contain_text("at-0.5")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.DictReader(io.StringIO(download.value.path().read_text())))
    assert [(row["run"], row["param.rate"], row["metric.loss"]) for row in rows] == [
        ("1", "0.25", "2.5"),
        ("2", "0.5", "2.5"),
    ]


@on_sqlite
def test_a_leaderboard_ranks_models_and_leads_to_reports(visitor: Page, tasks: Site) -> None:
    page, site = visitor, tasks
    site.go.touch()
    model = site.hub.model("model/texts/reader")
    model.train("first", params={"rate": 0.25}).wait()
    model.train("second", params={"rate": 0.75}).wait()
    for branch in ("first", "second"):
        model.branch(branch).evaluate().wait()
    site.hub.create("model/texts/other")
    site.hub.model("model/texts/other").create_evaluation({"accuracy": 0.5}, "dataset/texts/words")
    page.goto(f"{site.url}/ada/dataset/texts/words/-/leaderboard")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("reader")
    expect(rows.first).to_contain_text("0.75")
    page.get_by_label("Every evaluation").check()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(rows).to_have_count(3)
    expect(rows.last).to_contain_text("0.25")
    assert fits(page)
    told = site.hub.dataset("dataset/texts/words").leaderboard("accuracy", best=True)
    assert [(one.place, one.model) for one in told.standings] == [
        (1, MODEL), (2, "ada/model/texts/other"),
    ]  # fmt: skip

    rows.first.get_by_role("link").last.click()
    expect(page.locator(".readme")).to_contain_text("All well.")
    link = page.get_by_role("link", name="Open without scripts")
    answer = httpx2.get(site.url + str(link.get_attribute("href")), trust_env=False)
    assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert httpx2.get(site.url + "/raw/report/forged.link/x", trust_env=False).status_code == 403
    assert fits(page)
    page.goto(f"{site.url}/runs/1/lineage")
    expect(page.locator(".lineage svg a")).to_have_count(4)
    expect(page.locator(".lineage svg a[aria-current]")).to_be_in_viewport(ratio=0.9)
    page.get_by_role("button", name="Evaluations").click()
    expect(page.locator(".lineage svg a")).to_have_count(3)
    page.get_by_text("As a list").click()
    expect(page.locator("details ul li")).to_have_count(3)
    page.get_by_role("link", name="More levels").click()
    expect(page.locator("main")).to_contain_text("4 levels")
    assert fits(page)


@on_sqlite
def test_the_form_works_without_a_script(tasks: Site) -> None:
    site = tasks
    with httpx2.Client(base_url=site.url, trust_env=False) as http:
        form = {
            "csrf": token(http.get("/sign-in").text),
            "name": "ada",
            "password": site.live.admin_password,
            "next": "/",
        }
        assert http.post("/sign-in", data=form).status_code == 303
        address = f"/{MODEL}/-/new-run"
        asked: dict[str, str | list[str]] = {
            "csrf": token(http.get(address).text), "type": "train", "branch": "grid", "git": "", "act": "load",
            "dataset": ["dataset/texts/words", ""], "dataset_ref": ["main", ""], "param.rate": "3",
            "sweep.kind": "a, b",
        }  # fmt: skip
        page = http.post(address, data=asked)
        assert page.status_code == 200
        assert 'id="param.rate-wrong"' in page.text
        assert 'data-count="2"' in page.text
        refused = http.post(address, data=asked | {"act": "start"})
        assert refused.status_code == 422
        assert 'value="a, b"' in refused.text
        started = http.post(address, data=asked | {"act": "start", "param.rate": "1"})
        assert started.headers["location"] == "/sweeps/1"
        site.go.touch()
        for run in site.hub.sweep(1).runs:
            run.wait()
        found = http.get(f"{address}/revisions.json").json()
        assert found["branches"] == ["main"]
        assert found["default"] == "main"
        assert http.get("/-/assets.json?kind=dataset&search_for=wor").json()[0]["path"] == "ada/dataset/texts/words"
        assert {one["name"] for one in http.get(f"/-/refs.json?asset={MODEL}").json()} == {"main", "grid-1", "grid-2"}


def token(html: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def test_parallel_coordinates_rank_runs_and_leave_out_what_is_the_same_everywhere() -> None:
    columns: dict[str, list[Cell]] = {
        "lr": [0.1, 0.2, 0.4],
        "seed": [1, 1, 1],
        "kind": ["b", None, "a"],
        "loss": [3.0, None, 1.0],
    }
    drawn = draw(columns, [7, 8, 9], "loss", lowest=True)
    assert drawn is not None
    assert [axis.name for axis in drawn.axes] == ["lr", "kind", "loss"]
    assert {line.number: line.rank for line in drawn.lines} == {7: 2, 9: 0}  # one with a single value has no line
    assert draw({"seed": [1, 1]}, [1, 2], None, lowest=False) is None
