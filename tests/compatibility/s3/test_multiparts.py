"""Objects that are put together of parts, by boto3."""

import os
import shutil
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.compatibility.s3.conftest import Site, code_of


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


def test_a_part_of_an_upload_that_is_just_given_up_finds_none(site: Site, boto: Any) -> None:
    """The folder is gone and the row is still there: what a part sees that arrives while the upload is removed."""
    key = {"Bucket": site.bucket, "Key": "main/parts"}
    id = boto.create_multipart_upload(**key)["UploadId"]
    boto.upload_part(**key, UploadId=id, PartNumber=1, Body=b"x")
    shutil.rmtree(site.live.hub.folder / "store" / "multiparts" / id)
    with pytest.raises(ClientError) as refused:
        boto.upload_part(**key, UploadId=id, PartNumber=2, Body=b"x")
    assert code_of(refused) == "NoSuchUpload"


def test_what_a_multipart_cannot_keep_is_refused(site: Site) -> None:
    key = {"Bucket": site.bucket, "Key": "main/odd"}
    for told, code in (
        ({"ContentType": "x" * 300}, "InvalidArgument"), ({"ChecksumAlgorithm": "A" * 30}, "InvalidRequest"),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "PARTLY"}, "InvalidRequest"),
    ):  # fmt: skip
        with pytest.raises(ClientError) as refused:
            site.boto3().create_multipart_upload(**key, **told)
        assert code_of(refused) == code
