"""`ah demo` as a new user runs it, twice on the same data."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assethub.executors.local import uv_program
from tests.conftest import free_port, require

AH = Path(sys.executable).with_name("ah")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("uv", uv_program() is not None)
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_demo_walks_the_main_job(data: Path, time: str) -> None:
    command = [str(AH), "demo", "--data", str(data), "--port", str(free_port()), "--exit"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    scores = re.search(r"accuracy of epoch-5: (\S+) +accuracy of epoch-10: (\S+) +published: epoch-10", done.stdout)
    assert scores
    assert 0.8 < float(scores[1]) < float(scores[2])
    assert float(scores[2]) >= 0.93
    assert re.search(r"merge commit [0-9a-f]{8}, tag v1", done.stdout)
    model = "mlp" if time == "first" else "mlp-2"
    assert re.search(rf"sign-in/link\?token=\S+&next=/admin/model/digits/{model}\n", done.stdout)
