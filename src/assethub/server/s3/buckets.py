"""Buckets: what there is, what is in them, and removing many keys at once."""

from starlette.responses import Response

from assethub.domain.folders import Role
from assethub.server.s3.errors import S3Error
from assethub.server.s3.payloads import receive_whole
from assethub.server.s3.requests import Call, Operations
from assethub.server.s3.xml import Field, document, encoded, parsed
from assethub.services import s3, s3_buckets, s3_objects
from assethub.services.s3 import Bucket, Page
from assethub.services.work import Work

MOST_KEYS = 1000
ABSENT = {
    "cors": "NoSuchCORSConfiguration", "encryption": "ServerSideEncryptionConfigurationNotFoundError",
    "lifecycle": "NoSuchLifecycleConfiguration", "object-lock": "ObjectLockConfigurationNotFoundError",
    "policy": "NoSuchBucketPolicy", "publicAccessBlock": "NoSuchPublicAccessBlockConfiguration",
    "replication": "ReplicationConfigurationNotFoundError", "tagging": "NoSuchTagSet",
    "website": "NoSuchWebsiteConfiguration",
}  # fmt: skip
MOST_XML = 2 << 20
GRANTEE = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"'  # s3cmd reads it


def bucket_of(call: Call, work: Work, *, needs: Role = Role.VIEWER) -> Bucket:
    return s3.find_bucket(work, call.bucket, needs=needs)


def list_buckets(call: Call) -> Response:
    with call.hub.work(call.caller, reading=True) as work:
        found = s3.list_buckets(work)
    name = getattr(call.caller, "name", "")
    owner = (("ID", name), ("DisplayName", name))
    inside = [("Bucket", (("Name", one.bucket), ("CreationDate", one.created_at))) for one in found]
    return document("ListAllMyBucketsResult", [("Owner", owner), ("Buckets", inside)])


def head_bucket(call: Call) -> Response:
    with call.hub.work(call.caller, reading=True) as work:
        bucket_of(call, work)
    return Response(headers={"x-amz-bucket-region": "us-east-1"})


def location(call: Call) -> Response:
    with call.hub.work(call.caller, reading=True) as work:
        bucket_of(call, work)
    return document("LocationConstraint", [])


def create_bucket(call: Call) -> Response:
    """An asset in the folder that the key names."""
    with call.hub.work(call.caller) as work:
        made = s3_buckets.create_bucket(work, call.bucket, call.by)
    return Response(headers={"Location": f"/{made.bucket}"})


def delete_bucket(call: Call) -> Response:
    with call.hub.work(call.caller) as work:
        s3_buckets.delete_bucket(work, bucket_of(call, work, needs=Role.EDITOR), call.by)
    return Response(status_code=204)


def listed(call: Call, after: str, limit: int) -> Page:
    prefix, delimiter = call.query.get("prefix", ""), call.query.get("delimiter", "")
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work)
        return s3.list_keys(work, bucket, prefix, delimiter, after, limit) if limit else Page([], [], None)


def contents(call: Call, page: Page, name: str = "Contents", extra: tuple[Field, ...] = ()) -> list[Field]:
    encoding = call.query.get("encoding-type")
    lines: list[Field] = [
        (name, (
            ("Key", encoded(key, encoding)), *extra, ("LastModified", entry.mtime),
            ("ETag", f'"{s3_objects.etag_of(entry.sha256)}"'), ("Size", entry.size), ("StorageClass", "STANDARD"),
        ))
        for key, entry in page.keys
    ]  # fmt: skip
    return lines + [("CommonPrefixes", [("Prefix", encoded(one, encoding))]) for one in page.prefixes]


def asked(call: Call) -> list[Field]:
    """What a listing tells again of its request."""
    encoding = call.query.get("encoding-type")
    if encoding not in (None, "url"):
        raise S3Error("InvalidArgument", "encoding-type is url, or is left out.")
    delimiter = call.query.get("delimiter")
    return [
        ("Name", call.bucket), ("Prefix", encoded(call.query.get("prefix", ""), encoding)),
        ("Delimiter", encoded(delimiter, encoding) if delimiter else None), ("EncodingType", encoding),
    ]  # fmt: skip


def list_objects(call: Call) -> Response:
    if call.query.get("list-type") == "2":
        return list_objects_v2(call)
    encoding, limit = call.query.get("encoding-type"), call.number("max-keys", MOST_KEYS, most=MOST_KEYS)
    marker = call.query.get("marker", "")
    page = listed(call, marker, limit)
    more = page.next if call.query.get("delimiter") else None  # without one, the last key is where to go on
    return document("ListBucketResult", [
        *asked(call), ("Marker", encoded(marker, encoding)), ("MaxKeys", limit),
        ("NextMarker", encoded(more, encoding)), ("IsTruncated", page.next is not None), *contents(call, page),
    ])  # fmt: skip


def list_objects_v2(call: Call) -> Response:
    encoding, limit = call.query.get("encoding-type"), call.number("max-keys", MOST_KEYS, most=MOST_KEYS)
    token, start = call.query.get("continuation-token"), call.query.get("start-after")
    if token == "":
        raise S3Error("InvalidArgument", "The continuation token is empty.")
    page = listed(call, opened(token) if token else start or "", limit)
    return document("ListBucketResult", [
        *asked(call), ("MaxKeys", limit), ("KeyCount", len(page.keys) + len(page.prefixes)),
        ("IsTruncated", page.next is not None), ("ContinuationToken", token),
        ("NextContinuationToken", sealed(page.next)), ("StartAfter", encoded(start, encoding)),
        *contents(call, page),
    ])  # fmt: skip


def sealed(key: str | None) -> str | None:
    return None if key is None else key.encode().hex()


def opened(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError:
        raise S3Error("InvalidArgument", "The continuation token is none of this hub's.") from None


def list_versions(call: Call) -> Response:
    """Each key once, with the version `null`: the versions of an asset are its commits."""
    encoding, limit = call.query.get("encoding-type"), call.number("max-keys", MOST_KEYS, most=MOST_KEYS)
    marker = call.query.get("key-marker", "")
    page = listed(call, marker, limit)
    lines = contents(call, page, "Version", (("VersionId", "null"), ("IsLatest", True)))
    return document("ListVersionsResult", [
        *asked(call), ("KeyMarker", encoded(marker, encoding)), ("MaxKeys", limit),
        ("IsTruncated", page.next is not None), ("NextKeyMarker", encoded(page.next, encoding)),
        ("NextVersionIdMarker", "null" if page.next is not None else None), *lines,
    ])  # fmt: skip


async def delete_objects(call: Call) -> Response:
    from starlette.concurrency import run_in_threadpool

    body = await receive_whole(call, MOST_XML)
    return await run_in_threadpool(delete_these, call, body)


def delete_these(call: Call, body: bytes) -> Response:
    wanted = parsed(body, "Delete")
    keys = [one.findtext("Key") or "" for one in wanted.iter("Object")]
    if not 0 < len(keys) <= MOST_KEYS:
        raise S3Error("MalformedXML", f"One request removes 1 to {MOST_KEYS} keys.")
    with call.hub.work(call.caller) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        problems = s3_objects.delete_objects(work, bucket, keys, call.by)
    quiet = (wanted.findtext("Quiet") or "").lower() == "true"
    told: list[Field] = [
        ("Error", (("Key", key), ("Code", "MethodNotAllowed"), ("Message", "Tags and commits never change.")))
        for key in problems
    ]
    if not quiet:
        told = [("Deleted", [("Key", key)]) for key in keys if key not in problems] + told
    return document("DeleteResult", told)


def versioning(call: Call) -> Response:
    with call.hub.work(call.caller, reading=True) as work:
        bucket_of(call, work)
    return document("VersioningConfiguration", [])


def acl(call: Call) -> Response:
    """Who may do what is told by the folder's sharing; clients want to see some owner."""
    with call.hub.work(call.caller, reading=True) as work:
        owner = bucket_of(call, work).asset.path.owner
    return full_control(owner)


def full_control(name: str) -> Response:
    owner = (("ID", name), ("DisplayName", name))
    grant = ((f"Grantee {GRANTEE}", owner), ("Permission", "FULL_CONTROL"))
    return document("AccessControlPolicy", [("Owner", owner), ("AccessControlList", [("Grant", grant)])])


def nothing(call: Call) -> Response:
    """What Amazon's buckets can have and these never do."""
    with call.hub.work(call.caller, reading=True) as work:
        bucket_of(call, work)
    raise S3Error(ABSENT[call.subresource], f"Buckets of this hub have no {call.subresource}.")


OPERATIONS: Operations = {
    ("GET", ""): list_objects, ("HEAD", ""): head_bucket, ("PUT", ""): create_bucket, ("DELETE", ""): delete_bucket,
    ("GET", "location"): location, ("GET", "versions"): list_versions, ("GET", "versioning"): versioning,
    ("GET", "acl"): acl, ("POST", "delete"): delete_objects, **{("GET", name): nothing for name in ABSENT},
}  # fmt: skip
