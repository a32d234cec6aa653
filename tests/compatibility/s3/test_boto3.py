"""The S3 door by boto3: each operation as Amazon's documentation tells it."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import httpx2
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from assethub.domain.multiparts import DueCommit
from tests.compatibility.s3.conftest import Site, bucket_of
from tests.conftest import until


@pytest.fixture
def boto(site: Site) -> Any:
    return site.boto3()


def code_of(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def keys(boto: Any, bucket: str, **options: Any) -> tuple[list[str], list[str]]:
    found = boto.list_objects_v2(Bucket=bucket, **options)
    return [one["Key"] for one in found.get("Contents", [])], [one["Prefix"] for one in found.get("CommonPrefixes", [])]


def test_a_bucket_is_listed_by_branch_folder_and_page(site: Site, boto: Any) -> None:
    assert site.bucket in [one["Name"] for one in boto.list_buckets()["Buckets"]]
    boto.head_bucket(Bucket=site.bucket)
    assert boto.get_bucket_location(Bucket=site.bucket)["LocationConstraint"] is None
    assert keys(boto, site.bucket) == (["main/data.txt", "main/deep/er/a.txt"], [])
    assert keys(boto, site.bucket, Delimiter="/") == ([], ["main/"])
    assert keys(boto, site.bucket, Delimiter="/", Prefix="ma") == ([], ["main/"])
    assert keys(boto, site.bucket, Delimiter="/", Prefix="main/") == (["main/data.txt"], ["main/deep/"])
    assert keys(boto, site.bucket, Prefix="main/deep/") == (["main/deep/er/a.txt"], [])
    assert keys(boto, site.bucket, Prefix="nothing/") == ([], [])
    pages = boto.get_paginator("list_objects_v2").paginate(Bucket=site.bucket, PaginationConfig={"PageSize": 1})
    assert [one["Key"] for page in pages for one in page.get("Contents", [])] == [
        "main/data.txt", "main/deep/er/a.txt"
    ]  # fmt: skip
    versions = boto.list_object_versions(Bucket=site.bucket)["Versions"]
    assert [(one["Key"], one["VersionId"]) for one in versions] == [
        ("main/data.txt", "null"), ("main/deep/er/a.txt", "null")
    ]  # fmt: skip


def test_what_is_put_is_read_listed_and_waits_for_a_commit(site: Site, boto: Any) -> None:
    body = os.urandom(300_000)
    put = boto.put_object(
        Bucket=site.bucket, Key="main/new/x y+ü.bin", Body=body, ContentType="application/x-thing",
        Metadata={"who": "me"}, CacheControl="no-store",
    )  # fmt: skip
    got = boto.get_object(Bucket=site.bucket, Key="main/new/x y+ü.bin")
    assert got["Body"].read() == body
    assert (got["ETag"], got["ContentType"], got["Metadata"]) == (put["ETag"], "application/x-thing", {"who": "me"})
    assert got["CacheControl"] == "no-store"
    assert got["ChecksumCRC32"] == put["ChecksumCRC32"]
    part = boto.get_object(Bucket=site.bucket, Key="main/new/x y+ü.bin", Range="bytes=10-19")
    assert (part["Body"].read(), part["ContentRange"]) == (body[10:20], f"bytes 10-19/{len(body)}")
    assert "main/new/x y+ü.bin" in keys(boto, site.bucket)[0]
    assert [one.path for one in site.dataset.list_object()] == ["data.txt", "deep/er/a.txt"]
    boto.delete_object(Bucket=site.bucket, Key="main/data.txt")
    assert keys(boto, site.bucket, Prefix="main/", Delimiter="/") == ([], ["main/deep/", "main/new/"])
    first = site.dataset.list_commit()[0].id
    commit = site.dataset.main.commit("By S3", staged=True)
    assert commit is not None
    assert [one.path for one in site.dataset.list_object()] == ["deep/er/a.txt", "new/x y+ü.bin"]
    old = boto.get_object(Bucket=site.bucket, Key=f"{first}/data.txt")["Body"].read()
    assert old == b"one two three\n"
    assert boto.head_object(Bucket=site.bucket, Key="main/new/x y+ü.bin")["Metadata"] == {"who": "me"}


def test_tags_and_commits_are_read_only_and_branches_with_slashes_are_told_apart(site: Site, boto: Any) -> None:
    site.hub.create("model/texts/net")
    model = site.hub.model("model/texts/net")
    bucket = bucket_of(site.live, "model/texts/net")
    for name in ("exp/a", "exp/b"):
        model.create_branch(name)
        boto.put_object(Bucket=bucket, Key=f"{name}/w.txt", Body=name.encode())
    model.create_tag("v1")
    assert keys(boto, bucket, Delimiter="/") == ([], ["exp/", "main/", "v1/"])
    assert keys(boto, bucket, Delimiter="/", Prefix="exp/") == ([], ["exp/a/", "exp/b/"])
    assert boto.get_object(Bucket=bucket, Key="exp/b/w.txt")["Body"].read() == b"exp/b"
    for key in ("v1/x", f"{model.list_commit()[0].id}/x"):
        with pytest.raises(ClientError) as refused:
            boto.put_object(Bucket=bucket, Key=key, Body=b"x")
        assert code_of(refused) == "MethodNotAllowed"
    for key in ("nowhere/x", "exp/x"):
        with pytest.raises(ClientError) as refused:
            boto.put_object(Bucket=bucket, Key=key, Body=b"x")
        assert code_of(refused) == "NoSuchKey"
    copied = boto.copy_object(Bucket=bucket, Key="main/w.txt", CopySource=f"{bucket}/exp/a/w.txt")
    assert copied["CopyObjectResult"]["ETag"] == boto.head_object(Bucket=bucket, Key="exp/a/w.txt")["ETag"]
    one = f"{bucket}.at.exp.a"
    assert keys(boto, one) == (["w.txt"], [])
    boto.put_object(Bucket=one, Key="deep/y", Body=b"y")
    assert keys(boto, bucket, Prefix="exp/a/") == (["exp/a/deep/y", "exp/a/w.txt"], [])


def test_conditions_hold_or_nothing_is_written(site: Site, boto: Any) -> None:
    put = boto.put_object(Bucket=site.bucket, Key="main/c", Body=b"1", IfNoneMatch="*")
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": '"another"'}):
        with pytest.raises(ClientError) as refused:
            boto.put_object(Bucket=site.bucket, Key="main/c", Body=b"2", **condition)
        assert code_of(refused) == "PreconditionFailed"
    boto.put_object(Bucket=site.bucket, Key="main/c", Body=b"3", IfMatch=put["ETag"])
    assert boto.get_object(Bucket=site.bucket, Key="main/c")["Body"].read() == b"3"
    with pytest.raises(ClientError) as refused:
        boto.get_object(Bucket=site.bucket, Key="main/c", IfMatch=put["ETag"])
    assert code_of(refused) == "PreconditionFailed"
    with pytest.raises(ClientError) as refused:
        boto.get_object(Bucket=site.bucket, Key="main/c", Range="bytes=9-")
    assert code_of(refused) == "InvalidRange"


def test_an_object_is_put_together_of_parts(site: Site, boto: Any) -> None:
    parts = [os.urandom(5 << 20), os.urandom(5 << 20), b"end"]
    key = {"Bucket": site.bucket, "Key": "main/big.bin"}
    id = boto.create_multipart_upload(**key, Metadata={"a": "b"}, ChecksumAlgorithm="CRC32C")["UploadId"]
    assert [one["UploadId"] for one in boto.list_multipart_uploads(Bucket=site.bucket)["Uploads"]] == [id]
    sent = {}
    for number in (3, 1, 2):
        made = boto.upload_part(
            **key, UploadId=id, PartNumber=number, Body=parts[number - 1], ChecksumAlgorithm="CRC32C"
        )
        sent[number] = {"PartNumber": number, "ETag": made["ETag"], "ChecksumCRC32C": made["ChecksumCRC32C"]}
    assert [one["PartNumber"] for one in boto.list_parts(**key, UploadId=id)["Parts"]] == [1, 2, 3]
    for wrong, told in (
        ([sent[1], sent[2] | {"ETag": '"x"'}], "InvalidPart"), ([sent[2], sent[1]], "InvalidPartOrder"),
        ([sent[1], sent[3], sent[2]], "InvalidPartOrder"), ([{"PartNumber": 9, "ETag": "x"}], "InvalidPart"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as refused:
            boto.complete_multipart_upload(**key, UploadId=id, MultipartUpload={"Parts": wrong})
        assert code_of(refused) == told
    done = boto.complete_multipart_upload(**key, UploadId=id, MultipartUpload={"Parts": [sent[n] for n in (1, 2, 3)]})
    assert done["ChecksumCRC32C"].endswith("-3")
    got = boto.get_object(**key)
    assert (got["Body"].read(), got["Metadata"], got["ETag"]) == (b"".join(parts), {"a": "b"}, done["ETag"])
    with pytest.raises(ClientError) as refused:
        boto.list_parts(**key, UploadId=id)
    assert code_of(refused) == "NoSuchUpload"
    other = boto.create_multipart_upload(**key)["UploadId"]
    copied = boto.upload_part_copy(
        **key, UploadId=other, PartNumber=1, CopySource=f"{site.bucket}/main/big.bin", CopySourceRange="bytes=0-9"
    )
    assert copied["CopyPartResult"]["ETag"]
    boto.abort_multipart_upload(**key, UploadId=other)
    assert "Uploads" not in boto.list_multipart_uploads(Bucket=site.bucket)
    assert not list((site.live.hub.folder / "store" / "multiparts").iterdir())


def test_many_keys_are_removed_at_once(site: Site, boto: Any) -> None:
    for name in ("a", "b", "c"):
        boto.put_object(Bucket=site.bucket, Key=f"main/{name}", Body=b"x")
    wanted = [{"Key": f"main/{name}"} for name in ("a", "b", "nothing", "data.txt")]
    told = boto.delete_objects(Bucket=site.bucket, Delete={"Objects": wanted})
    assert len(told["Deleted"]) == 4
    assert keys(boto, site.bucket)[0] == ["main/c", "main/deep/er/a.txt"]
    site.dataset.create_tag("v1")
    odd = ["v1/data.txt", "main", "main/", "mainly/data.txt", "main/c", "main/c"]
    told = boto.delete_objects(Bucket=site.bucket, Delete={"Objects": [{"Key": key} for key in odd]})
    assert [(one["Key"], one["Code"]) for one in told["Errors"]] == [("v1/data.txt", "MethodNotAllowed")]
    assert "main/c" not in keys(boto, site.bucket)[0]


def test_links_that_are_signed_work_until_they_expire(site: Site) -> None:
    boto = site.boto3(signature_version="s3v4")
    get = boto.generate_presigned_url(
        "get_object", Params={"Bucket": site.bucket, "Key": "main/data.txt"}, ExpiresIn=60
    )
    answer = httpx2.get(get, trust_env=False)
    assert (answer.status_code, answer.text) == (200, "one two three\n")
    put = boto.generate_presigned_url("put_object", Params={"Bucket": site.bucket, "Key": "main/p"}, ExpiresIn=60)
    assert httpx2.put(put, content=b"by link", trust_env=False).status_code == 200
    assert boto.get_object(Bucket=site.bucket, Key="main/p")["Body"].read() == b"by link"
    assert httpx2.get(get.replace("data.txt", "p"), trust_env=False).status_code == 403
    assert httpx2.get(f"{site.url}/{site.bucket}/main/data.txt", trust_env=False).status_code == 403
    signed_then = S3SigV4QueryAuth(Credentials(site.access_key, site.secret), "s3", "us-east-1", expires=60)
    old = AWSRequest("GET", f"{site.url}/{site.bucket}/main/data.txt")
    long_ago = datetime.now(UTC) - timedelta(seconds=61)
    with patch("botocore.auth.get_current_datetime", lambda: long_ago):
        signed_then.add_auth(old)
    late = httpx2.get(old.url, trust_env=False)
    assert (late.status_code, "AccessDenied" in late.text, "expired" in late.text) == (403, True, True)


def test_wrong_keys_and_secrets_are_refused_by_their_codes(site: Site) -> None:
    for access_key, secret, told in (
        (site.access_key, "wrong", "SignatureDoesNotMatch"), ("AHAHAHAHAHAHAHAHAHAH", "x", "InvalidAccessKeyId"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as refused:
            site.boto3(access_key, secret).list_buckets()
        assert code_of(refused) == told
    reading = site.boto3(*site.key())
    assert reading.get_object(Bucket=site.bucket, Key="main/data.txt")["Body"].read()
    with pytest.raises(ClientError) as refused:
        reading.put_object(Bucket=site.bucket, Key="main/x", Body=b"x")
    assert code_of(refused) == "AccessDenied"
    for bucket in ("nothing-here", "UPPER"):
        with pytest.raises(ClientError) as refused:
            site.boto3().list_objects_v2(Bucket=bucket)
        assert code_of(refused) == "NoSuchBucket"


def test_the_door_is_at_s3_of_the_hub_and_before_a_domain_too(site: Site) -> None:
    there = site.boto3(url=f"{site.live.url}/s3")
    there.put_object(Bucket=site.bucket, Key="main/there", Body=b"x")
    assert "main/there" in keys(site.boto3(), site.bucket)[0]


def test_a_key_with_a_folder_makes_and_removes_buckets(site: Site) -> None:
    from assethub.domain.names import FolderPath, Kind

    made = site.boto3(*site.key(write=True, folder=FolderPath("ada", Kind.DATASET, "texts")))
    made.create_bucket(Bucket="fresh")
    assert bucket_of(site.live, "dataset/texts/fresh")
    made.delete_bucket(Bucket=bucket_of(site.live, "dataset/texts/fresh"))
    with pytest.raises(ClientError) as refused:
        site.boto3().create_bucket(Bucket="other")
    assert code_of(refused) == "AccessDenied"


def test_who_asks_for_a_bucket_that_is_there_is_told_so(site: Site) -> None:
    for keys in (site.key(write=True), (site.access_key, site.secret)):
        for name in (site.bucket, f"{site.bucket}.at.main"):
            with pytest.raises(ClientError) as refused:
                site.boto3(*keys).create_bucket(Bucket=name)
            assert code_of(refused) == "BucketAlreadyOwnedByYou"


def test_a_mark_of_a_folder_is_taken_and_not_kept(site: Site, boto: Any) -> None:
    for key in ("main/", "main/rows/"):
        boto.put_object(Bucket=site.bucket, Key=key, Body=b"")
    assert keys(boto, site.bucket, Delimiter="/", Prefix="main/") == (["main/data.txt"], ["main/deep/"])
    for key, body, told in (("main/rows/", b"x", "InvalidArgument"), ("nowhere/", b"", "NoSuchKey")):
        with pytest.raises(ClientError) as refused:
            boto.put_object(Bucket=site.bucket, Key=key, Body=body)
        assert code_of(refused) == told
    grants = boto.get_object_acl(Bucket=site.bucket, Key="main/data.txt")["Grants"]
    assert grants[0]["Grantee"]["Type"] == "CanonicalUser"


def test_a_part_of_an_upload_that_is_just_given_up_finds_none(site: Site, boto: Any) -> None:
    """The folder is gone and the row is still there: what a part sees that arrives while the upload is removed."""
    key = {"Bucket": site.bucket, "Key": "main/parts"}
    id = boto.create_multipart_upload(**key)["UploadId"]
    boto.upload_part(**key, UploadId=id, PartNumber=1, Body=b"x")
    shutil.rmtree(site.live.hub.folder / "store" / "multiparts" / id)
    with pytest.raises(ClientError) as refused:
        boto.upload_part(**key, UploadId=id, PartNumber=2, Body=b"x")
    assert code_of(refused) == "NoSuchUpload"


def test_a_key_may_commit_what_it_wrote_once_it_is_quiet(site: Site) -> None:
    writing = site.boto3(*site.key(write=True, commit_after=1, asset="dataset/texts/words"))
    for name in ("a", "b"):
        writing.put_object(Bucket=site.bucket, Key=f"main/{name}", Body=name.encode())
    until(lambda: len(site.dataset.list_commit()) == 3)
    made = site.dataset.list_commit()[0]
    assert (made.message, made.author) == ("2 changes by S3", "ada")
    assert site.dataset.main.read("b") == b"b"
    site.hub.create("model/texts/gated")
    site.hub.get("model/texts").add_gate("accuracy >= 0.9", "dataset/texts/words")  # type: ignore[union-attr]
    bucket = bucket_of(site.live, "model/texts/gated")
    writing = site.boto3(*site.key(write=True, commit_after=1))
    writing.put_object(Bucket=bucket, Key="main/w", Body=b"w")  # what may not be committed so stays staged
    until(lambda: not due(site))
    assert [one.path for one in site.hub.model("model/texts/gated").main.status()] == ["w"]


def test_what_a_multipart_cannot_keep_is_refused(site: Site) -> None:
    key = {"Bucket": site.bucket, "Key": "main/odd"}
    for told, code in (
        ({"ContentType": "x" * 300}, "InvalidArgument"), ({"ChecksumAlgorithm": "A" * 30}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "PARTLY"}, "InvalidRequest"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as refused:
            site.boto3().create_multipart_upload(**key, **told)
        assert code_of(refused) == code


def test_a_key_is_used_by_those_alone_who_have_its_secret(site: Site) -> None:
    access_key, secret = site.key()

    def last_used() -> datetime | None:
        return next(one.last_used_at for one in site.hub.s3_keys() if one.access_key == access_key)

    with pytest.raises(ClientError):
        site.boto3(access_key, "wrong").list_buckets()
    assert last_used() is None
    site.boto3(access_key, secret).list_buckets()
    assert last_used() is not None


def due(site: Site) -> list[DueCommit]:
    with site.live.hub.work(None, reading=True) as work:
        return work.due_commits.due(datetime.now(UTC) + timedelta(days=1))
