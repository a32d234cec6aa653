"""Who may start runs, and what a run may do in turn: from inside its command, and once it has ended."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import assethub
from assethub.client.assets import Model
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.domain.errors import Forbidden
from assethub.domain.owners import Scope
from assethub.services import accounts, keys
from tests.conftest import make_repository, require
from tests.runs.conftest import Bench

TRYING = """\
import json, os, pathlib, urllib.error, urllib.request

def status(method, path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["AH_TOKEN"], "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body is not None else None
    asked = urllib.request.Request(os.environ["AH_ENDPOINT"] + "/api/v1" + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(asked) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code

own, other = "/assets/ada/model/m/net", "/assets/ada/model/private/plan"
pinned = os.environ["PINNED"]
tried = {
    "read the pinned dataset": status("GET", f"/assets/ada/dataset/d/data/tree?ref=commit/{pinned}"),
    "read another version of it": status("GET", "/assets/ada/dataset/d/data/tree?ref=v0"),
    "read another asset of the owner": status("GET", f"{other}/tree"),
    "see another asset of the owner": status("GET", other),
    "read the model it writes to": status("GET", f"{own}/tree?ref=main"),
    "write to main": status("POST", f"{own}/commits", {"message": "x", "delete": ["a"]}),
    "write to another branch": status("POST", f"{own}/commits", {"message": "x", "branch": "taken", "delete": ["a"]}),
    "make a branch": status("POST", f"{own}/branches", {"name": "mine"}),
    "publish": status("POST", f"{own}/merge", {"source": "taken"}),
    "stage": status("PUT", f"{own}/staged/x", {}),
    "write to another asset": status("POST", f"{other}/commits", {"message": "x", "delete": ["a"]}),
    "start a run": status("POST", "/runs", {"type": "train", "model": "ada/model/m/net", "branch": "more"}),
    "make a key": status("POST", "/keys", {"name": "x"}),
    "list folders": status("GET", "/folders"),
    "see who there is": status("GET", "/owners?search=a"),
    "share a folder": status("PUT", "/folders/ada/model/m/grants/bob", {"role": "owner"}),
}
output = pathlib.Path(os.environ["AH_OUTPUT_DIR"])
(output / "tried.json").write_text(json.dumps(tried))
(output / "token").write_text(os.environ["AH_TOKEN"])
"""
EXPECTED = {
    "read the pinned dataset": 200, "read another version of it": 404, "read another asset of the owner": 404,
    "see another asset of the owner": 404, "read the model it writes to": 404, "write to main": 403,
    "write to another branch": 403, "make a branch": 403, "publish": 403, "stage": 403, "write to another asset": 404,
    "make a key": 403, "list folders": 403, "see who there is": 403, "share a folder": 404,
}  # fmt: skip


@pytest.fixture
def bob(bench: Bench) -> Iterator[Hub]:
    bench.hub.create_user("bob", "correct horse")
    with connect(bench.live.url, bench.live.server.create_key("bob", "tests", Scope.WRITE)) as hub:
        yield hub


def test_a_viewer_starts_nothing_and_a_runners_run_reaches_its_own_things_alone(
    bench: Bench, bob: Hub, tmp_path: Path
) -> None:
    require("bubblewrap", bench.live.hub.executor.isolation().problem is None)
    hub = bench.hub
    data, net, plan = hub.create("dataset/d/data"), hub.create("model/m/net"), hub.create("model/private/plan")
    assert isinstance(net, Model)
    assert isinstance(plan, Model)
    (tmp_path / "data.txt").write_text("1")
    pinned = data.commit("Add", [str(tmp_path / "data.txt")])  # type: ignore[union-attr]
    net.create_branch("taken")
    repository = bench.live.code / "trying"
    pin = f"PINNED={pinned.id if pinned else ''}"
    tasks = f"tasks:\n  train:\n    command: {pin} python3 try.py\n"
    make_repository(repository, {"assethub.yaml": tasks, "try.py": TRYING})
    for folder in ("model/m", "dataset/d"):
        hub.get(folder).share("bob", "viewer")  # type: ignore[union-attr]
    theirs = bob.model("ada/model/m/net")
    words, git = "ada/dataset/d/data", str(repository)
    with pytest.raises(assethub.Forbidden, match="needs the role runner"):
        theirs.train("result", words, git=git)
    hub.get("model/m").share("bob", "runner")  # type: ignore[union-attr]
    for branch in ("taken", "main"):
        with pytest.raises(assethub.Conflict, match="already"):
            theirs.train(branch, words, git=git)
        with pytest.raises(assethub.Forbidden, match="role editor"):
            theirs.train(branch, words, onto_existing=True, git=git)
    with pytest.raises(assethub.NotFound):
        bob.model("ada/model/private/plan")

    run = theirs.train("result", words, git=git).wait(120)
    tried = json.loads(run.branch.read("tried.json"))
    assert tried.pop("start a run") in (401, 403)
    assert tried == EXPECTED
    token = {"Authorization": f"Bearer {run.branch.read('token').decode()}"}
    for address in ("assets/ada/dataset/d/data/tree", "assets/ada/model/m/net", f"runs/{run.number}", "me"):
        assert httpx2.get(f"{bench.live.url}/api/v1/{address}", headers=token).status_code == 401
    commit = {"message": "x", "delete": ["token"], "branch": "result"}
    late = httpx2.post(f"{bench.live.url}/api/v1/assets/ada/model/m/net/commits", json=commit, headers=token)
    assert late.status_code == 401


def test_a_run_of_a_user_who_is_deactivated_ends_and_its_token_with_it(bench: Bench, bob: Hub) -> None:
    require("bubblewrap", bench.live.hub.executor.isolation().problem is None)
    bench.command('echo "$AH_TOKEN"; sleep 600')
    for folder in ("/".join(bench.model.path.split("/")[:3]), "/".join(bench.dataset.path.split("/")[:3])):
        bench.hub.get(folder).share("bob", "runner")  # type: ignore[union-attr]
    run = bob.model(bench.model.path).train("bobs", dataset=bench.dataset.path, git=str(bench.repository))
    token = next(line.text for line in bench.hub.run(run.number).logs(follow=True) if line.text.startswith("ahr_"))
    address, headers = f"{bench.live.url}/api/v1/me", {"Authorization": f"Bearer {token}"}
    assert httpx2.get(address, headers=headers).status_code == 200
    bench.hub.update_user("bob", active=False)
    assert httpx2.get(address, headers=headers).status_code == 401
    with pytest.raises(assethub.RunFailed):
        bench.hub.run(run.number).wait(120)
    assert bench.hub.run(run.number).state == "cancelled"


def test_a_reader_cannot_start_a_run(bench: Bench) -> None:
    with bench.live.hub.work(None) as work:
        user = accounts.get_user(work, "ada")
        _, secret = keys.make_key(work, user, "reader", Scope.READ)
    with connect(bench.live.url, secret) as hub, pytest.raises(Forbidden, match="only read"):
        hub.model("model/texts/reader").train("x")
