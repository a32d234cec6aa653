"""The tour of docs/console-tour.md, clicked as it is written there."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import Live, make_repository
from tests.console.conftest import window

TOUR = Path(__file__).parents[2] / "docs/console-tour.md"
LONG = 60_000  # ms that a run may take


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("journey", ["desktop-en", "phone-zh_CN"])
def test_the_tour_leads_from_an_empty_hub_to_a_published_model(
    chrome: Browser, live: Live, journey: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = TOUR.read_text()
    tasks = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert tasks
    make_repository(live.code / "guess", {"assethub.yaml": tasks[1]})
    (tmp_path / "petals.csv").write_text("length,width\n1,2\n3,4\n")
    context = window(chrome, journey, monkeypatch)
    page = context.new_page()
    tour = Tour(page, live)
    for step in re.findall(r"^## \d+\. (.+)$", text, re.MULTILINE):
        getattr(tour, re.sub(r"\W+", "_", step.lower()))(page)
    context.close()


class Tour:
    """One method for each step, by its title."""

    def __init__(self, page: Page, live: Live) -> None:
        self.live, self.petals = live, live.code.parent / "petals.csv"
        page.goto(live.url)

    def sign_in(self, page: Page) -> None:
        page.get_by_label("Name").fill(self.live.admin_user)
        page.get_by_label("Password").fill(self.live.admin_password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Home")).to_be_visible()

    def make_a_dataset(self, page: Page) -> None:
        self.make(page, "dataset", "petals")

    def make(self, page: Page, kind: str, name: str) -> None:
        page.get_by_role("link", name="Asset Hub").click()
        page.get_by_role("link", name=f"{kind.capitalize()} folder").first.click()
        page.get_by_label("Name").fill("flowers")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("link", name=f"New {kind}").click()
        page.get_by_label("Name").fill(name)
        page.get_by_role("button", name="Create").click()
        page.wait_for_url(f"**/{kind}/flowers/{name}")

    def fill_it(self, page: Page) -> None:
        page.get_by_role("link", name="Upload").click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Choose files", exact=True).click()
        chooser.value.set_files(self.petals)
        page.get_by_label("Message").fill("Add petals")
        page.get_by_role("button", name="Commit").click()
        page.wait_for_url("**/-/commit/*")
        expect(page.locator("main")).to_contain_text("Add petals")
        page.get_by_role("heading", level=1).get_by_role("link", name="petals").click()
        page.get_by_role("link", name="petals.csv").first.click()
        expect(page.get_by_role("columnheader", name="length")).to_be_visible()

    def make_a_model(self, page: Page) -> None:
        self.make(page, "model", "guess")

    def tell_it_how_it_is_trained(self, page: Page) -> None:
        page.get_by_role("navigation", name="guess").get_by_role("link", name="Settings").click()
        page.get_by_label("Git repository").fill(str(self.live.code / "guess"))
        page.get_by_label("Datasets").fill("dataset/flowers/petals")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_label("Datasets")).to_have_value(re.compile("dataset/flowers/petals$"))

    def train(self, page: Page) -> None:
        page.get_by_role("link", name="New run").click()
        page.get_by_label("New branch for the result").fill("first")
        self.start(page)
        expect(page.locator("#log")).to_contain_text("epoch 3")
        expect(page.locator("#chart-loss canvas")).to_be_visible()

    def start(self, page: Page) -> None:
        page.get_by_role("button", name="Start").click()
        page.wait_for_url(re.compile(r"/runs/\d+$"))
        expect(page.locator("[data-state]")).to_have_text("Succeeded", timeout=LONG)

    def see_what_it_left(self, page: Page) -> None:
        page.locator("section", has_text="Output").get_by_role("link", name="first").click()
        expect(page.locator(".readme h1")).to_have_text("Guess")
        expect(page.locator(".side")).to_contain_text("Run 1")

    def train_on(self, page: Page) -> None:
        page.get_by_role("link", name="New run").click()
        page.get_by_role("link", name="Continue", exact=True).click()
        page.get_by_label("Version to continue from").fill("first")
        page.get_by_label("New branch for the result").fill("second")
        self.start(page)

    def evaluate(self, page: Page) -> None:
        for version in ("first", "second"):
            self.to_the_model(page)
            page.get_by_role("link", name="Evaluations").click()
            page.get_by_role("link", name="Evaluate", exact=True).last.click()
            page.get_by_label("Version to evaluate").fill(version)
            self.start(page)

    def to_the_model(self, page: Page) -> None:
        page.get_by_role("link", name="Asset Hub").click()
        page.get_by_role("link", name=re.compile("^guess Model")).click()
        page.wait_for_url("**/model/flowers/guess")

    def compare(self, page: Page) -> None:
        self.to_the_model(page)
        page.get_by_role("link", name="Evaluations").click()
        expect(page.locator("td.best")).to_have_text("0.92")
        page.get_by_role("navigation", name="guess").get_by_role("link", name="Runs").click()
        for number in (1, 2):
            page.get_by_label(f"Compare run {number}", exact=True).check()
        page.get_by_role("button", name="Compare the chosen runs").click()
        expect(page.get_by_role("heading", name="Compare runs")).to_be_visible()

    def publish(self, page: Page) -> None:
        self.to_the_model(page)
        page.get_by_role("link", name="Publish").click()
        page.get_by_label("Merge", exact=True).fill("second")
        page.get_by_role("button", name="Show").click()
        expect(page.get_by_role("heading", name="Publish second")).to_be_visible()
        page.get_by_role("button", name="Publish").click()
        page.wait_for_url("**/-/commit/*")

    def see_where_it_came_from(self, page: Page) -> None:
        expect(page.get_by_role("link", name="Run 2 guess")).to_be_visible()
        expect(page.get_by_role("region", name="Lineage")).to_contain_text("petals")

    def see_who_is_best(self, page: Page) -> None:
        page.get_by_role("link", name="Asset Hub").click()
        page.get_by_role("link", name=re.compile("^petals Dataset")).click()
        page.get_by_role("link", name="Leaderboard").click()
        expect(page.get_by_role("row", name=re.compile("^1 guess"))).to_contain_text("0.92")
