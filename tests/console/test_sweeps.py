"""The form that knows a task's parameters, and sweeps, in a real browser."""

from pathlib import Path

import httpx2
from playwright.sync_api import Page, expect

from tests.conftest import make_repository
from tests.console.conftest import MODEL, Site, fits

TASKS = """\
tasks:
  train:
    description: Trains from nothing.
    command: |
      echo {rate} {optimizer} > {output}/rate
      printf '{"step": 1, "loss": %s}\\n' {rate} > $AH_METRICS_FILE
    params:
      rate: {default: 0.5, min: 0, max: 1, description: Step size.}
      optimizer: {default: adam, choices: [adam, "sgd<b>"]}
      steps: {type: int, min: 1}
      fast: true
    after: evaluate
  continue: {extends: train, matrix: {rate: [0.5, 0.25]}}
  evaluate: {command: "printf '{\\"score\\": %s}' $(cut -d' ' -f1 {model}/rate) > {results}/metrics.json"}
"""


def test_the_form_shows_what_a_task_takes_and_starts_a_sweep(visitor: Page, site: Site) -> None:
    page = visitor
    make_repository(site.live.code / "project", {"assethub.yaml": TASKS}, message="Type the parameters")
    page.goto(f"{site.url}/{MODEL}/-/new-run")
    optimizer = page.locator("#param\\.optimizer")
    expect(optimizer.locator("option")).to_have_text(["Default: adam", "adam", "sgd<b>"])
    expect(page.locator("#param\\.fast option")).to_have_text(["Default: true", "true", "false"])
    expect(page.locator("#param\\.rate-hint")).to_contain_text("Step size.")
    expect(page.locator("#param\\.rate-hint")).to_contain_text("From 0 to 1.")
    rate, steps = page.locator("#param\\.rate"), page.locator("#param\\.steps")
    expect(rate).to_have_attribute("placeholder", "0.5")
    expect(rate).to_have_attribute("max", "1")
    expect(steps).to_have_attribute("type", "number")
    expect(page.locator("b[data-count]")).to_have_text("1")
    optimizer.select_option("sgd<b>")
    steps.fill("3")
    rate.evaluate("field => { field.type = 'text'; field.value = '2'; }")  # past the browser's own check
    page.get_by_label("New branch for the result").fill("grid")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("must be a number from 0 to 1; it is '2'")
    expect(optimizer).to_have_value("sgd<b>")  # what was filled in is there again
    expect(steps).to_have_value("3")
    expect(page.locator("#param\\.rate-wrong")).to_have_text("It must be a number from 0 to 1.")
    expect(rate).to_have_attribute("aria-invalid", "true")
    rate.fill("")
    page.locator(".field", has=rate).locator("summary").click()
    page.get_by_label("Several values of rate").fill("0.5, 0.25")
    expect(page.locator("b[data-count]")).to_have_text("2")
    assert fits(page)
    page.get_by_role("button", name="Start").click()

    page.wait_for_url("**/sweeps/1")
    expect(page.locator("tbody tr")).to_have_count(2)
    assert fits(page)
    expect(page.get_by_text("Succeeded")).to_have_count(2, timeout=60_000)
    assert {run.info.params["optimizer"] for run in site.hub.sweep(1).runs} == {"sgd<b>"}
    for run in site.hub.sweep(1).runs:
        run.follower().wait()
    page.reload()
    best = page.locator(".bar", has_text="Best by evaluation.score (0.5):")
    expect(best.get_by_role("link")).to_have_text("Run 1")
    page.get_by_role("link", name="loss", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("0.25")
    page.get_by_role("link", name="loss ↑").click()
    expect(page.locator("tbody tr").first).to_contain_text("0.5")
    page.locator("tbody tr").first.get_by_role("link").first.click()
    expect(page.locator(".side")).to_contain_text("Followed by")
    expect(page.locator(".side").get_by_role("link", name="Sweep 1")).to_be_visible()
    page.goto(f"{site.url}/runs")
    expect(page.get_by_role("link", name="Sweep 1")).to_have_count(2)

    page.goto(f"{site.url}/{MODEL}/-/new-run?type=continue")
    expect(page.locator("#param\\.rate-hint")).to_contain_text("Left empty, there is a run for each of 0.5, 0.25.")
    page.get_by_label("Git repository").fill("/nowhere")
    page.get_by_label("Revision").focus()
    expect(page.locator("[data-ask]")).to_contain_text("not below a folder that this hub's administrator allows")
    expect(page.get_by_label("Parameters")).to_be_visible()
    expect(page.locator("#revisions-told")).to_contain_text("not below a folder")


def test_a_sweep_is_stopped_as_a_whole(visitor: Page, site: Site, tmp_path: Path) -> None:
    page = visitor
    page.on("dialog", lambda dialog: dialog.accept())
    site.hub.model("model/texts/reader").train("grid", sweep={"epochs": [3, 4, 5]})
    page.goto(f"{site.url}/sweeps/1")
    page.get_by_role("button", name="Stop all").click()
    expect(page.get_by_text("Cancelled")).to_have_count(3, timeout=60_000)
    page.reload()
    expect(page.get_by_role("button", name="Stop all")).to_have_count(0)


def test_a_sweep_that_is_not_there_is_not_found(site: Site) -> None:
    with httpx2.Client(base_url=site.url, trust_env=False) as http:
        key = {"Authorization": f"Bearer {site.live.api_key}"}
        for number in ("1", "99999999999999999999"):
            assert http.get(f"/api/v1/sweeps/{number}", headers=key).status_code == 404
