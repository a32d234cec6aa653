"""What the S3 door is told wrongly: each has its code, stages nothing and leaves nothing behind."""

import base64
import hashlib
import os
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assethub.domain.names import parse_asset_path
from tests.compatibility.s3.conftest import Site
from tests.compatibility.s3.raw import head, put, sha256, signed, talk
from tests.conftest import until

BODY = b"some words\n"
DIGEST = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
ODD = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in "/\\")


@pytest.fixture(autouse=True)
def clean(site: Site) -> Iterator[None]:
    """After each test nothing is staged and no file lies about."""
    yield
    until(lambda: not left(site))
    with site.live.hub.work(None, reading=True) as work:
        found = work.assets.find(parse_asset_path("dataset/texts/words", me="ada"))
        assert found is not None
        assert work.staging.count(found[0].id, "main") == 0


def left(site: Site) -> list[str]:
    folder = site.live.hub.folder
    found = [*(folder / "store" / "multiparts").rglob("*"), *(folder / "store" / "incoming").rglob("*")]
    return [str(one) for one in found if one.is_file()]


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Content-MD5": base64.b64encode(hashlib.md5(b"other").digest()).decode()}, "BadDigest"),
        ({"Content-MD5": "AAAA"}, "InvalidDigest"),
        ({"x-amz-checksum-crc32": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc32c": "AAAAAA=="}, "BadDigest"),
        ({"x-amz-checksum-crc64nvme": "AAAAAAAAAAA="}, "BadDigest"),
        ({"x-amz-checksum-sha1": base64.b64encode(bytes(20)).decode()}, "BadDigest"),
        ({"x-amz-checksum-sha256": DIGEST}, "BadDigest"),
        ({"x-amz-checksum-sha256": "no base64"}, "InvalidRequest"),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha256": DIGEST}, "InvalidRequest"),
    ],
)  # fmt: skip
def test_a_wrong_checksum(site: Site, headers: dict[str, str], told: str) -> None:
    assert put(site, BODY, headers).code == told


def test_a_body_that_is_not_what_was_signed_or_announced(site: Site) -> None:
    assert put(site, BODY, {}, payload=sha256(b"other")).code == "XAmzContentSHA256Mismatch"
    assert put(site, BODY, {}, payload="0" * 63).code == "InvalidArgument"
    assert put(site, b"", {"Expect": "100-continue"}, length=6 << 30).code == "EntityTooLarge"
    chunked = {"x-amz-decoded-content-length": "5", "Content-Encoding": "aws-chunked"}
    kind = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    assert put(site, b"b\r\n" + BODY + b"\r\n0\r\n\r\n", chunked, payload=kind).code == "IncompleteBody"
    chunked["x-amz-decoded-content-length"] = "50"
    assert put(site, b"b\r\n" + BODY + b"\r\n0\r\n\r\n", chunked, payload=kind).code == "IncompleteBody"
    assert put(site, b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", chunked, payload=kind).code == "InvalidRequest"


def test_a_wrong_signature_or_clock(site: Site) -> None:
    target, headers = signed(site, "PUT", f"/{site.bucket}/main/bad")
    right = headers["Authorization"]
    headers |= {"Content-Length": "0", "Authorization": right[:-4] + ("0000" if right[-4:] != "0000" else "1111")}
    assert talk(site, head("PUT", target, headers)).code == "SignatureDoesNotMatch"
    headers["Authorization"] = right
    assert talk(site, head("PUT", target + "2", headers)).code == "SignatureDoesNotMatch"
    sent = datetime.strptime(headers["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
    early, late = sent - timedelta(minutes=16), sent + timedelta(minutes=16)
    wrong = early if early.day == sent.day else late  # of the day that the credential names
    headers["X-Amz-Date"] = f"{wrong:%Y%m%dT%H%M%SZ}"
    assert talk(site, head("PUT", target, headers)).code == "RequestTimeTooSkewed"


def test_a_link_that_is_changed_or_used_for_something_else(site: Site) -> None:
    link = site.boto3(signature_version="s3v4").generate_presigned_url(
        "get_object", Params={"Bucket": site.bucket, "Key": "main/data.txt"}, ExpiresIn=60
    )
    for method, url in (
        ("PUT", link),
        ("DELETE", link),
        ("GET", link.replace("X-Amz-Expires=60", "X-Amz-Expires=600")),
    ):
        answer = httpx2.request(method, url, trust_env=False)
        assert (answer.status_code, b"SignatureDoesNotMatch" in answer.content) == (403, True)
    answer = httpx2.get(link.replace("X-Amz-Expires=60", "X-Amz-Expires=9999999"), trust_env=False)
    assert b"AuthorizationQueryParametersError" in answer.content


@pytest.mark.parametrize("sub", ["accelerate", "analytics", "inventory", "logging", "notification", "torrent"])
def test_a_subresource_that_is_not_there(site: Site, sub: str) -> None:
    for path in (f"/{site.bucket}", f"/{site.bucket}/main/data.txt"):
        for method in ("GET", "PUT", "DELETE"):
            target, headers = signed(site, method, path, query={sub: ""})
            assert talk(site, head(method, target, headers | {"Content-Length": "0"})).code == "NotImplemented"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<Delete>", b"<Other/>", b"\xff\xfe<", b"<Delete></Delete>",
        b'<!DOCTYPE d [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>',
        b'<?xml version="1.0" encoding="utf-7"?><Delete/>', b'<?xml version="1.0" encoding="nothing"?><Delete/>',
        "<!DOCTYPE d [<!ENTITY a 'x'>]><Delete><Object><Key>&a;</Key></Object></Delete>".encode("utf-16"),
        b"<Delete>" + b"<a>" * 50_000, b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>",
    ],
)  # fmt: skip
def test_xml_that_is_none(site: Site, body: bytes) -> None:
    target, headers = signed(site, "POST", f"/{site.bucket}", query={"delete": ""})
    assert talk(site, head("POST", target, headers | {"Content-Length": str(len(body))}) + body).code == "MalformedXML"


def test_a_connection_that_is_cut(site: Site) -> None:
    target, headers = signed(site, "PUT", f"/{site.bucket}/main/bad")
    whole = head("PUT", target, headers | {"Content-Length": str(3 << 20)}) + os.urandom(3 << 20)
    begun = whole.index(b"\r\n\r\n") + 4
    for sent in (4, begun // 2, begun - 1, begun, begun + 1, begun + (1 << 20), begun + (2 << 20) + 7, len(whole) - 1):
        with socket.create_connection(("127.0.0.1", site.port), 30) as wire:
            wire.sendall(whole[:sent])
    until(lambda: not left(site))
    with pytest.raises(ClientError):
        site.boto3().head_object(Bucket=site.bucket, Key="main/bad")


def test_parts_that_are_cut_or_wrong_leave_the_upload_as_it_was(site: Site) -> None:
    boto, key = site.boto3(), {"Bucket": site.bucket, "Key": "main/bad"}
    id = boto.create_multipart_upload(**key)["UploadId"]
    query = {"uploadId": id, "partNumber": "1"}
    target, headers = signed(site, "PUT", f"/{site.bucket}/main/bad", query=query)
    with socket.create_connection(("127.0.0.1", site.port), 30) as wire:
        wire.sendall(head("PUT", target, headers | {"Content-Length": "1000"}) + b"some")
    assert put(site, BODY, {"x-amz-checksum-crc32": "AAAAAA=="}, query=query).code == "BadDigest"
    for number in ("0", "10001", "x", ""):
        assert put(site, BODY, {}, query=query | {"partNumber": number}).code == "InvalidArgument"
    assert put(site, BODY, {}, query=query | {"uploadId": "nothing"}).code == "NoSuchUpload"
    until(lambda: not left(site))
    assert "Parts" not in boto.list_parts(**key, UploadId=id)
    small = [boto.upload_part(**key, UploadId=id, PartNumber=number, Body=BODY)["ETag"] for number in (1, 2)]
    parts = [{"PartNumber": number, "ETag": tag} for number, tag in enumerate(small, 1)]
    with pytest.raises(ClientError) as refused:
        boto.complete_multipart_upload(**key, UploadId=id, MultipartUpload={"Parts": parts})
    assert refused.value.response["Error"]["Code"] == "EntityTooSmall"
    boto.abort_multipart_upload(**key, UploadId=id)


def test_keys_of_every_odd_character_are_listed_and_read_back(site: Site) -> None:
    boto: Any = site.boto3()
    names = [f"main/odd/{one}x" for one in (*ODD, " ", "ü", "漢", "😀", "+%2F", "a b  c", "%41", "x+")]
    kept, codes = [], set()
    for name in names:
        try:
            boto.put_object(Bucket=site.bucket, Key=name, Body=name.encode())
            kept.append(name)
        except ClientError as refused:  # what no file of any system can be called
            codes.add(refused.response["Error"]["Code"])
    assert codes <= {"InvalidArgument"}
    assert len(kept) > len(names) - 12
    listed = boto.list_objects_v2(Bucket=site.bucket, Prefix="main/odd/", EncodingType="url")["Contents"]
    assert sorted(unquote(one["Key"]) for one in listed) == sorted(kept)
    for name in kept:
        assert boto.get_object(Bucket=site.bucket, Key=name)["Body"].read() == name.encode()
    boto.delete_objects(Bucket=site.bucket, Delete={"Objects": [{"Key": name} for name in kept]})
    site.dataset.main.reset()


METHODS = st.sampled_from(["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"])
WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30)
NAMES = st.sampled_from([
    "Authorization", "x-amz-content-sha256", "x-amz-date", "Range", "If-Match", "If-Modified-Since", "Content-MD5",
    "x-amz-copy-source", "x-amz-decoded-content-length", "x-amz-trailer", "x-amz-checksum-crc32", "Date", "Expect",
])  # fmt: skip
SIGNED = ("Authorization", "x-amz-content-sha256", "x-amz-date", "Date")
QUERIES = st.sampled_from([
    "", "?uploads", "?uploadId=x&partNumber=1", "?list-type=2&max-keys=-1", "?list-type=2&continuation-token=zz",
    "?delete", "?X-Amz-Algorithm=x", "?X-Amz-Date=%ff", "?encoding-type=x", "?max-keys=9999999999999", "?versionId=%00",
])  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_requests_at_random_are_answered_and_never_by_an_error_of_the_hub(site: Site) -> None:
    @settings(max_examples=300, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(METHODS, WORDS, QUERIES, st.dictionaries(NAMES, WORDS, max_size=4), st.binary(max_size=40), st.booleans())
    def ask(method: str, word: str, query: str, headers: dict[str, str], body: bytes, valid: bool) -> None:
        path = f"/{site.bucket}/main/{word}".replace("#", "").replace("?", "").encode().decode("latin-1")
        if valid and query.count("=") < 2:
            path = f"/{site.bucket}/main/{word.encode().hex()}"
            asked = dict(one.partition("=")[::2] for one in query[1:].split("&") if one)
            headers = {
                name: told
                for name, told in headers.items()
                if not name.startswith(("Auth", "x-amz-c", "x-amz-da", "Date"))
            }
            target, headers = signed(site, "PATCH" if method == "PUT" else method, path, headers, query=asked)
            method = "PATCH" if method == "PUT" else method
        else:
            target = path + query
        answer = talk(
            site,
            head(method, target, headers | {"Host": f"127.0.0.1:{site.port}", "Content-Length": str(len(body))}) + body,
            end=True,
        )
        assert answer.status == 0 or 200 <= answer.status < 500 or answer.status == 501, answer

    ask()
