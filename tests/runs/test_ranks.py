"""Runs of several processes on one machine."""

import importlib.util
import json
import shutil
import sys

import pytest

from assethub.client.errors import RunFailed
from assethub.domain.errors import Invalid
from tests.conftest import make_repository, until
from tests.runs.conftest import Bench, log_of

SEVERAL = "    resources: {processes_per_node: 3}\n"
BOTH = pytest.mark.parametrize("sandbox", ["auto", "off"], indirect=True)


@BOTH
@pytest.mark.parametrize("database", [None])
def test_every_process_has_its_rank_and_they_leave_one_commit(bench: Bench) -> None:
    bench.command(
        "echo $RANK $LOCAL_RANK of $WORLD_SIZE at $MASTER_ADDR:$MASTER_PORT; echo oh $RANK >&2; "
        'echo "{\\"step\\": 1, \\"loss\\": $RANK}" >> $AH_METRICS_FILE; echo $RANK > {output}/$RANK',
        SEVERAL,
    )
    run = bench.train().wait()
    said = {rank: [line.text for line in run.logs(rank=rank) if line.stream == "out"] for rank in range(3)}
    (port,) = {line.rsplit(":", 1)[1] for lines in said.values() for line in lines}
    assert said == {rank: [f"{rank} {rank} of 3 at 127.0.0.1:{port}"] for rank in range(3)}
    assert [line.text for line in run.logs(rank=2) if line.stream == "err"] == ["oh 2"]
    assert [line.rank for line in run.logs() if line.stream == "hub"][:1] == [None]
    measured = {name: value for point in run.metrics() for name, value in point.values.items()}
    assert measured == {"loss": 0, "rank1/loss": 1, "rank2/loss": 2}
    assert {one.path for one in run.branch.list_object()} == {"0", "1", "2"}
    assert len(run.branch.list_commit()) == 2


@BOTH
@pytest.mark.parametrize("database", [None])
@pytest.mark.parametrize(
    ("command", "sentence", "code"),
    [
        ("[ $RANK != 1 ] || exit 7; sleep 1000 & wait", "Rank 1 ended with exit status 7", 7),
        ("[ $RANK != 0 ] || kill -9 $$; sleep 1000 & wait", "Rank 0 was ended by the signal SIGKILL", -9),
    ],
)  # fmt: skip
def test_the_first_process_that_fails_ends_all(bench: Bench, command: str, sentence: str, code: int) -> None:
    bench.command(f"echo x > {{output}}/x; {command}", SEVERAL)
    with pytest.raises(RunFailed, match=sentence) as refused:
        bench.train().wait()
    run = refused.value.run
    assert run.info.exit_code == code
    assert [ref.name for ref in bench.model.branches()] == ["main"]


@pytest.mark.parametrize("database", [None])
def test_a_cancel_reaches_all_processes(bench: Bench) -> None:
    bench.command("trap 'echo $RANK stops; exit 0' TERM; echo up $RANK; while true; do sleep 0.05; done", SEVERAL)
    run = bench.train()
    until(lambda: all(f"up {rank}" in log_of(run) for rank in range(3)))
    run.cancel().wait(check=False)
    assert (run.state, run.info.reason) == ("cancelled", "Cancelled.")
    assert {line.text for line in run.logs(search="stops") if line.stream == "out"} == {"0 stops", "1 stops", "2 stops"}


@pytest.mark.parametrize("database", [None])
@pytest.mark.parametrize("processes", ["0", "1.5", "1000", "many"])
def test_a_number_of_processes_that_makes_no_sense_is_refused(bench: Bench, processes: str) -> None:
    bench.command("true", f"    resources: {{processes_per_node: {processes}}}\n")
    with pytest.raises(Invalid, match=r"line 5: .*processes_per_node must be"):
        bench.train()


TORCH = """\
import json, os, pathlib, sys, time
import torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(7)
model = DistributedDataParallel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
torch.manual_seed(rank)
x = torch.randn(256, 8)
y = x.sum(dim=1, keepdim=True)
for step in range(20):
    loss = torch.nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad(); loss.backward(); optimizer.step()
    with open(os.environ["AH_METRICS_FILE"], "a") as file:
        file.write(json.dumps({"step": step, "loss": loss.item()}) + "\\n")
print(f"rank {rank} of {world} ends with a loss of {loss.item():.4f}")
total = torch.tensor([float(rank + 1)])
dist.all_reduce(total)
print(f"the sum over all ranks is {total.item():.0f}")
if rank == 0:
    torch.save(model.module.state_dict(), pathlib.Path(sys.argv[1], "model.pt"))
dist.destroy_process_group()
"""


@pytest.mark.parametrize("database", [None])
def test_two_processes_of_pytorch_train_one_model(bench: Bench) -> None:
    """With a Python that has PyTorch: this one, or the one that the PATH names as `python-with-torch`."""
    python = sys.executable if importlib.util.find_spec("torch") else shutil.which("python-with-torch")
    if python is None:
        pytest.skip("PyTorch is not installed (pip install torch), so two processes of it are not tried")
    tasks = {"train": {"command": f"{python} train.py {{output}}", "resources": {"processes_per_node": 2, "cpus": 2}}}
    make_repository(bench.repository, {"assethub.yaml": json.dumps({"tasks": tasks}), "train.py": TORCH}, message="Add")
    run = bench.train().wait()
    for rank in range(2):
        said = [line.text for line in run.logs(rank=rank) if line.stream == "out"]
        assert said[0].startswith(f"rank {rank} of 2 ends with a loss of 0.")
        assert said[1] == "the sum over all ranks is 3"
    drawn = {curve.name: curve for curve in run.curves().curves}
    assert {name: len(curve.x) for name, curve in drawn.items()} == {"loss": 20, "rank1/loss": 20}
    assert all(curve.mean[-1] < curve.mean[0] for curve in drawn.values())  # type: ignore[operator]
    assert [one.path for one in run.branch.list_object()] == ["model.pt"]
