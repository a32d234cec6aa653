"""The S3 door by boto3: each operation as Amazon's documentation tells it."""

import os
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.compatibility.s3.conftest import Site, bucket_of, code_of, keys


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


def test_the_door_is_at_s3_of_the_hub_and_before_a_domain_too(site: Site) -> None:
    there = site.boto3(url=f"{site.live.url}/s3")
    there.put_object(Bucket=site.bucket, Key="main/there", Body=b"x")
    assert "main/there" in keys(site.boto3(), site.bucket)[0]


def test_who_asks_for_a_bucket_that_is_there_is_told_so(site: Site) -> None:
    for pair in (site.key(write=True), (site.access_key, site.secret)):
        for name in (site.bucket, f"{site.bucket}.at.main"):
            with pytest.raises(ClientError) as refused:
                site.boto3(*pair).create_bucket(Bucket=name)
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
