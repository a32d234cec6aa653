"""Versions through the S3 door: staged, committed, read again by commit, copied between branches; what takes long."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import event

from tests.compatibility.s3.conftest import Site, bucket_of, code_of, keys


def test_removing_many_keys_asks_the_database_a_few_times(site: Site, boto: Any, tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(300):
        (tmp_path / "many" / f"{number:03}").write_text("x")
    site.dataset.commit("Add some", [str(tmp_path / "many")])
    asked: list[int] = []
    for some in (range(2), range(2, 300)):
        statements: list[str] = []

        def note(connection: object, cursor: object, statement: str, *rest: object, to: list[str] = statements) -> None:
            to.append(statement)

        wanted = [{"Key": f"main/many/{number:03}"} for number in some]
        event.listen(site.live.hub.engine, "before_cursor_execute", note)
        told = boto.delete_objects(Bucket=site.bucket, Delete={"Objects": wanted})
        event.remove(site.live.hub.engine, "before_cursor_execute", note)
        assert len(told["Deleted"]) == len(some)
        asked.append(sum("staged" in one or "refs" in one or "commits" in one for one in statements))
    assert max(asked) < 10  # the hub itself asks now and then too
    assert [one.path for one in site.dataset.main.status()] == [f"many/{number:03}" for number in range(300)]


def test_versions_by_s3_alone(site: Site, boto: Any) -> None:
    """Put to a branch, see it staged, commit by the command line, read the old version, copy between branches."""
    site.hub.create("model/texts/reader")
    model = site.hub.model("model/texts/reader")
    bucket = bucket_of(site.live, "model/texts/reader")
    boto.put_object(Bucket=bucket, Key="main/weights.bin", Body=b"one" * 100_000)
    assert [one.path for one in model.main.status()] == ["weights.bin"]
    environment = {**os.environ, **site.live.environment}
    program = [str(Path(sys.executable).with_name("ah")), "commit", "ada/model/texts/reader", "--staged", "-m", "By S3"]
    subprocess.run(program, check=True, env=environment, capture_output=True)
    assert model.main.status() == []
    (first, *_) = model.main.list_commit()
    assert first.message == "By S3"

    boto.put_object(Bucket=bucket, Key="main/weights.bin", Body=b"two" * 100_000)
    subprocess.run(program, check=True, env=environment, capture_output=True)
    assert boto.get_object(Bucket=bucket, Key="main/weights.bin")["Body"].read() == b"two" * 100_000
    assert boto.get_object(Bucket=bucket, Key=f"{first.id}/weights.bin")["Body"].read() == b"one" * 100_000

    stored = size_of(site)
    for branch in ("exp/a", "exp/b"):
        model.create_branch(branch)
        boto.copy_object(Bucket=bucket, Key=f"{branch}/copied.bin", CopySource=f"{bucket}/main/weights.bin")
        assert boto.get_object(Bucket=bucket, Key=f"{branch}/copied.bin")["Body"].read() == b"two" * 100_000
    assert size_of(site) == stored  # no byte was moved
    boto.put_object(Bucket=bucket, Key="exp/a/only", Body=b"a")
    assert keys(boto, bucket, Delimiter="/") == ([], ["exp/", "main/"])
    assert keys(boto, bucket, Delimiter="/", Prefix="exp/") == ([], ["exp/a/", "exp/b/"])
    assert keys(boto, bucket, Prefix="exp/b/")[0] == ["exp/b/copied.bin", "exp/b/weights.bin"]


def size_of(site: Site) -> int:
    store = site.live.hub.folder / "store"
    return sum(
        one.stat().st_size for name in ("objects", "packs") for one in (store / name).rglob("*") if one.is_file()
    )


def test_a_completion_that_lasts_is_answered_bit_by_bit(site: Site, boto: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assethub.server.s3.multipart.PATIENCE", 0)
    key = {"Bucket": site.bucket, "Key": "main/slow"}
    id = boto.create_multipart_upload(**key)["UploadId"]
    etag = boto.upload_part(**key, UploadId=id, PartNumber=1, Body=b"x" * 9)["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": "other"}]}
    with pytest.raises(ClientError) as refused:
        boto.complete_multipart_upload(**key, UploadId=id, MultipartUpload=parts)
    assert code_of(refused) in ("InvalidPart", "InternalError")  # botocore takes a refusal with status 200 for a fault
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    done = boto.complete_multipart_upload(**key, UploadId=id, MultipartUpload=parts)
    assert boto.get_object(**key)["ETag"] == done["ETag"]
