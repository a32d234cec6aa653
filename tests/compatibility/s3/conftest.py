"""A live hub with an asset, and the keys that S3 clients come with."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from assethub.client.assets import Dataset
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, s3_keys
from tests.conftest import Live, require

PINS = Path(__file__).parents[3] / "requirements" / "compatibility.txt"
BIG = 200 << 20


@dataclass
class Site:
    """The hub over S3: `bucket` is the dataset ada/dataset/texts/words, whose main has data.txt and deep/er/a.txt."""

    live: Live
    hub: Hub
    dataset: Dataset
    bucket: str
    access_key: str
    secret: str

    @property
    def port(self) -> int:
        assert self.live.server.s3_port is not None
        return self.live.server.s3_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def key(self, name: str = "ada", **terms: Any) -> tuple[str, str]:
        """Another key; of `ada` unless somebody else is named."""
        terms = {name: parse_asset_path(told, me="ada") if name == "asset" else told for name, told in terms.items()}
        with self.live.hub.work(None, reading=True) as work:
            caller = Caller(accounts.get_user(work, name), Scope.WRITE)
        with self.live.hub.work(caller) as work:
            key, secret = s3_keys.create_s3_key(work, "tests", **terms)
        return key.access_key, secret

    def boto3(self, access_key: str = "", secret: str = "", *, url: str = "", **config: Any) -> Any:
        return boto3.client(
            "s3", endpoint_url=url or self.url, aws_access_key_id=access_key or self.access_key,
            aws_secret_access_key=secret or self.secret, region_name="us-east-1",
            config=Config(retries={"max_attempts": 1}, **config),
        )  # fmt: skip


def bucket_of(live: Live, path: str) -> str:
    with live.hub.work(None, reading=True) as work:
        found = work.assets.find(parse_asset_path(path, me="ada"))
    assert found is not None
    return found[0].bucket


@pytest.fixture
def site(live: Live, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "data.txt").write_text("one two three\n")
    (tmp_path / "a.txt").write_text("a\n")
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/texts/words")
        dataset = hub.dataset("dataset/texts/words")
        dataset.commit("Add words", [str(tmp_path / "data.txt"), {str(tmp_path / "a.txt"): "deep/er/a.txt"}])
        made = Site(live, hub, dataset, bucket_of(live, "dataset/texts/words"), "", "")
        made.access_key, made.secret = made.key(write=True)
        yield made


@pytest.fixture(scope="session")
def clients() -> Path:
    """Where the programs of S3 clients are: an environment of its own, built once for each content of PINS."""
    above = Path(sys.prefix) / "clients"
    folder = above / hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]
    ready = folder / "ready"
    above.mkdir(exist_ok=True)
    with (above / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
        if not ready.exists():
            uv, python = str(Path(sys.executable).with_name("uv")), str(folder / "bin" / "python")
            install = [uv, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", str(PINS)]
            made = [
                subprocess.run(command, capture_output=True).returncode == 0
                for command in ([uv, "venv", "-q", "--clear", str(folder)], install)
            ]
            require(f"What {PINS.name} pins", all(made))
            ready.touch()
    return folder / "bin"


@pytest.fixture
def tmp_path(tmp_path: Path) -> Iterator[Path]:
    """Removed after each test: much is written here."""
    yield tmp_path
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A file that clients send in parts."""
    path = tmp_path_factory.mktemp("big") / "big.bin"
    piece = os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(BIG >> 20):
            file.write(number.to_bytes(8, "big") + piece[8:])
    yield path
    path.unlink()


@pytest.fixture
def boto(site: Site) -> Any:
    return site.boto3()


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def keys(boto: Any, bucket: str, **options: Any) -> tuple[list[str], list[str]]:
    found = boto.list_objects_v2(Bucket=bucket, **options)
    return [one["Key"] for one in found.get("Contents", [])], [one["Prefix"] for one in found.get("CommonPrefixes", [])]
