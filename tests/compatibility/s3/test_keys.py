"""What S3 keys and signed links let in, and what they do not, by boto3."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import httpx2
import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from assethub.domain.multiparts import DueCommit
from tests.compatibility.s3.conftest import Site, bucket_of, code_of
from tests.conftest import until


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


def test_a_key_with_a_folder_makes_and_removes_buckets(site: Site) -> None:
    from assethub.domain.names import FolderPath, Kind

    made = site.boto3(*site.key(write=True, folder=FolderPath("ada", Kind.DATASET, "texts")))
    made.create_bucket(Bucket="fresh")
    assert bucket_of(site.live, "dataset/texts/fresh")
    made.delete_bucket(Bucket=bucket_of(site.live, "dataset/texts/fresh"))
    with pytest.raises(ClientError) as refused:
        site.boto3().create_bucket(Bucket="other")
    assert code_of(refused) == "AccessDenied"


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
