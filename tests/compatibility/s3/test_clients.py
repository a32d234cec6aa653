"""The S3 door by the clients that people have: each reads, lists, writes, sends 200 MiB in parts and removes."""

import hashlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.compatibility.s3.conftest import Site

NEW = "main/new/a b+ü.txt"
PROGRAM = Path(__file__).with_name("programs.py")
Run = Callable[..., str]
once = pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # what clients send is the same on both


@pytest.fixture
def run(site: Site, clients: Path, tmp_path: Path) -> Run:
    """Runs a program of the clients' environment; answers what it printed."""

    def run(program: str, *arguments: str | Path) -> str:
        environment = {
            "PATH": f"{clients}:{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": site.url, "AWS_ACCESS_KEY_ID": site.access_key, "AWS_SECRET_ACCESS_KEY": site.secret,
            "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
            "RCLONE_CONFIG": str(tmp_path / "rclone.conf"), "RCLONE_CONFIG_HUB_TYPE": "s3",
            "RCLONE_CONFIG_HUB_PROVIDER": "Other", "RCLONE_CONFIG_HUB_ENDPOINT": site.url,
            "RCLONE_CONFIG_HUB_ACCESS_KEY_ID": site.access_key, "RCLONE_CONFIG_HUB_SECRET_ACCESS_KEY": site.secret,
        }  # fmt: skip
        (tmp_path / "rclone.conf").touch()
        done = subprocess.run(
            [clients / program, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"{program} {arguments}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
        return done.stdout

    return run


def check_what_was_left(site: Site, big: Path) -> None:
    """What the client did waits for a commit; the files are what it sent, and nothing else lies about."""
    assert [one.path for one in site.dataset.list_object()] == ["data.txt", "deep/er/a.txt"]
    site.dataset.main.commit("By S3", staged=True)
    found = {one.path: one for one in site.dataset.list_object()}
    assert sorted(found) == ["big.bin", "deep/er/a.txt", "new/a b+ü.txt"]
    with big.open("rb") as file:
        assert found["big.bin"].sha256 == hashlib.file_digest(file, "sha256").hexdigest()
    check_nothing_lies_about(site)


def check_nothing_lies_about(site: Site) -> None:
    folder = site.live.hub.folder
    assert not [one for one in (folder / "store" / "multiparts").rglob("*") if one.is_file()]
    assert not [one for one in (folder / "store" / "incoming").rglob("*") if one.is_file()]


@once
@pytest.mark.parametrize("client", ["s3fs", "pyarrow", "duckdb", "obstore", "minio", "s3torchconnector"])
def test_a_library(site: Site, run: Run, big: Path, tmp_path: Path, client: str) -> None:
    run("python", PROGRAM, client, site.bucket, big, tmp_path)
    check_what_was_left(site, big)


@once
def test_the_command_line_of_aws(site: Site, run: Run, big: Path, tmp_path: Path) -> None:
    def aws(*arguments: str | Path) -> str:
        return run("aws", "s3", *arguments)

    here = f"s3://{site.bucket}"
    assert site.bucket in aws("ls")
    assert "PRE main/" in aws("ls", here)
    (tmp_path / "new").write_text("new")
    aws("cp", tmp_path / "new", f"{here}/{NEW}")
    assert aws("cp", f"{here}/{NEW}", "-") == "new"
    aws("cp", "--no-progress", big, f"{here}/main/big.bin")
    aws("cp", "--no-progress", f"{here}/main/big.bin", tmp_path / "back")
    assert same(tmp_path / "back", big)
    aws("cp", f"{here}/main/data.txt", f"{here}/main/moved.txt")
    aws("mv", f"{here}/main/moved.txt", f"{here}/main/again.txt")
    aws("rm", f"{here}/main/again.txt")
    aws("rm", f"{here}/main/data.txt")
    listed = [line.split(maxsplit=3)[3] for line in aws("ls", "--recursive", here).splitlines()]
    assert listed == ["main/big.bin", "main/deep/er/a.txt", NEW]
    check_what_was_left(site, big)


def same(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        return hashlib.file_digest(first, "sha256").digest() == hashlib.file_digest(second, "sha256").digest()


@once
def test_s3cmd(site: Site, run: Run, big: Path, tmp_path: Path) -> None:
    (tmp_path / "s3cfg").write_text(
        f"[default]\naccess_key = {site.access_key}\nsecret_key = {site.secret}\nuse_https = False\n"
        f"host_base = 127.0.0.1:{site.port}\nhost_bucket = 127.0.0.1:{site.port}\nprogress_meter = False\n"
    )

    def s3cmd(*arguments: str | Path) -> str:
        return run("s3cmd", "-c", tmp_path / "s3cfg", *arguments)

    here = f"s3://{site.bucket}"
    assert here in s3cmd("ls")
    assert "main/data.txt" in s3cmd("ls", f"{here}/main/")
    (tmp_path / "new").write_text("new")
    s3cmd("put", tmp_path / "new", f"{here}/{NEW}")
    s3cmd("get", f"{here}/{NEW}", tmp_path / "new.back")
    assert (tmp_path / "new.back").read_text() == "new"
    s3cmd("put", big, f"{here}/main/big.bin")
    s3cmd("get", f"{here}/main/big.bin", tmp_path / "back")
    assert same(tmp_path / "back", big)
    s3cmd("cp", f"{here}/main/data.txt", f"{here}/main/copy.txt")
    s3cmd("info", f"{here}/main/copy.txt")
    s3cmd("rm", f"{here}/main/copy.txt", f"{here}/main/data.txt")
    names = [line.split(here + "/")[1] for line in s3cmd("ls", "--recursive", here).splitlines()]
    assert names == ["main/big.bin", "main/deep/er/a.txt", NEW]
    check_what_was_left(site, big)


@once
def test_rclone(site: Site, run: Run, big: Path, tmp_path: Path) -> None:
    here = f"hub:{site.bucket}"
    assert run("rclone", "lsf", here) == "main/\n"
    (tmp_path / "new").write_text("new")
    run("rclone", "copyto", tmp_path / "new", f"{here}/{NEW}")
    assert run("rclone", "cat", f"{here}/{NEW}") == "new"
    run("rclone", "copyto", big, f"{here}/main/big.bin", "--s3-chunk-size", "16M", "--s3-upload-cutoff", "32M")
    run("rclone", "copyto", f"{here}/main/big.bin", tmp_path / "back")
    assert same(tmp_path / "back", big)
    run("rclone", "deletefile", f"{here}/main/data.txt")
    names = run("rclone", "lsf", "-R", "--files-only", here).splitlines()
    assert sorted(names) == ["main/big.bin", "main/deep/er/a.txt", NEW]
    check_what_was_left(site, big)


@once
def test_rclone_syncs_many_files_both_ways(site: Site, run: Run, tmp_path: Path) -> None:
    there, mine, back = f"hub:{site.bucket}.at.main", tmp_path / "mine", tmp_path / "back"
    for number in range(2000):
        path = mine / f"{number // 100:02}" / f"{number:04}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number}\n")
    quick = ("--transfers", "16", "--checkers", "16", "--fast-list")
    run("rclone", "sync", mine, there, *quick)
    site.dataset.main.commit("Synced", staged=True)
    assert len(list(site.dataset.list_object())) == 2000
    run("rclone", "sync", there, back, *quick)
    run("rclone", "check", "--download", mine, back)
    for number in range(0, 2000, 500):
        (back / f"{number // 100:02}" / f"{number:04}.txt").write_text("changed\n")
        (back / f"{number // 100:02}" / f"{number + 1:04}.txt").unlink()
    run("rclone", "sync", back, there, *quick)
    staged = site.dataset.main.commit("Changed", staged=True)
    assert staged is not None
    run("rclone", "sync", there, mine, *quick)
    changed = sorted(str(path.relative_to(mine)) for path in mine.rglob("*.txt") if path.read_text() == "changed\n")
    assert changed == ["00/0000.txt", "05/0500.txt", "10/1000.txt", "15/1500.txt"]
    assert len(list(mine.rglob("*.txt"))) == 1996
    check_nothing_lies_about(site)
