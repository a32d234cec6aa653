"""Objects: read whole or by range, written, copied and removed."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from assethub.domain.folders import Role
from assethub.server.bodies import INLINE, begun, handed_over, span_of
from assethub.server.s3.bodies import Body
from assethub.server.s3.buckets import bucket_of, full_control
from assethub.server.s3.errors import S3Error
from assethub.server.s3.payloads import announced, body_of, receive, receive_whole
from assethub.server.s3.requests import Call, Operations
from assethub.server.s3.xml import document
from assethub.services import s3, s3_objects
from assethub.services.receiving import Upload
from assethub.services.s3_objects import Found, etag_of

EMPTY = hashlib.sha256().hexdigest()
OVERRIDES = ("cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires")


def found(call: Call) -> Found:
    with call.hub.work(call.caller, reading=True) as work:
        return s3_objects.find_object(work, bucket_of(call, work), call.key)


def http_date(at: datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def head_of(call: Call, one: Found) -> dict[str, str]:
    """The headers of an object, with those that the query asks for instead."""
    head = {
        "Accept-Ranges": "bytes", "ETag": f'"{one.etag}"', "Last-Modified": http_date(one.entry.mtime),
        "Content-Type": one.entry.content_type, "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }  # fmt: skip
    head |= {name.title(): told for name, told in one.data.get("headers", {}).items()}
    head |= {f"x-amz-meta-{name}": told for name, told in one.data.get("metadata", {}).items()}
    for name in OVERRIDES:
        told = call.query.get(f"response-{name}")
        if told is not None:
            if call.signature is None:
                raise S3Error("InvalidRequest", "Only signed requests may ask for other headers.")
            head[name.title()] = told
    return {name: told for name, told in head.items() if told.isprintable()}


def checksum_headers(call: Call, one: Found) -> dict[str, str]:
    if call.header("x-amz-checksum-mode") != "ENABLED":
        return {}
    return checksums_told(one.data.get("checksums", {}))


def checksums_told(kept: Mapping[str, str]) -> dict[str, str]:
    return {f"x-amz-checksum-{name}": told for name, told in kept.items()}


def unchanged(call: Call, one: Found) -> bool:
    """Whether the client has the object already (304). PreconditionFailed if it wants another (RFC 9110, 13.2.2)."""
    tags, modified = etags(call.header("if-match")), one.entry.mtime.replace(microsecond=0)
    since = call.moment("if-unmodified-since")
    if (tags and "*" not in tags and one.etag not in tags) or (not tags and since is not None and modified > since):
        raise S3Error("PreconditionFailed", "The object is not the one that the request is about.")
    tags, since = etags(call.header("if-none-match")), call.moment("if-modified-since")
    if tags:
        return "*" in tags or one.etag in tags
    return since is not None and modified <= since


def etags(told: str | None) -> list[str]:
    return [one.strip().removeprefix("W/").strip('"') for one in (told or "").split(",") if one.strip()]


def get_object(call: Call) -> Response:
    one = found(call)
    head = head_of(call, one)
    if unchanged(call, one):
        return Response(status_code=304, headers={name: head[name] for name in ("ETag", "Last-Modified")})
    size, start, end, status = one.entry.size, 0, one.entry.size, 200
    if call.number("partNumber", 1, least=1) > 1:
        raise S3Error("InvalidRange", "Objects here have one part.")
    wanted = call.header("range")
    if wanted:
        span = span_of(wanted, size)
        if span is None:
            raise S3Error("InvalidRange", f"The object has {size} bytes.")
        if span != (0, size) or wanted.startswith("bytes="):
            start, end, status = *span, 206
            head["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if status == 200:
        head |= checksum_headers(call, one)
    head["Content-Length"] = str(end - start)
    if call.method == "HEAD":
        return Response(status_code=status, headers=head)
    if size <= INLINE:
        return Response(one.file.read_all()[start:end], status, head)
    if not one.data.keys() - {"checksums"} and (handed := handed_over(call.request, one.file, head)):
        return handed  # nginx would drop the headers that only we know
    return StreamingResponse(begun(one.file.read(start, end)), status, head)


def attributes(call: Call) -> Response:
    """GetObjectAttributes: those that `x-amz-object-attributes` names."""
    one = found(call)
    wanted = {name.strip() for name in (call.header("x-amz-object-attributes") or "").split(",")}
    kept = [(f"Checksum{name.upper()}", told) for name, told in one.data.get("checksums", {}).items() if name != "type"]
    fields: list[tuple[str, Any]] = [
        ("ETag", one.etag if "ETag" in wanted else None), ("Checksum", kept if kept and "Checksum" in wanted else None),
        ("StorageClass", "STANDARD" if "StorageClass" in wanted else None),
        ("ObjectSize", one.entry.size if "ObjectSize" in wanted else None),
    ]  # fmt: skip
    return document("GetObjectAttributesResponse", fields, headers={"Last-Modified": http_date(one.entry.mtime)})


async def put_object(call: Call) -> Response:
    if call.header("x-amz-copy-source"):
        return await run_in_threadpool(copy_object, call)
    size = announced(call)
    if call.key.endswith("/"):
        return await put_folder(call, size)
    upload = await run_in_threadpool(begin, call, size)
    try:
        body = body_of(call, hashed=True)
        await receive(body, upload, upload.incoming.digest.hexdigest)
        return await asyncio.shield(run_in_threadpool(keep, call, upload, body))
    finally:
        await run_in_threadpool(upload.discard)


async def put_folder(call: Call, size: int) -> Response:
    """Clients mark folders with empty objects; here folders are there by their files, so there is nothing to keep."""
    if size:
        raise S3Error("InvalidArgument", "A key that ends with / stands for a folder, which holds no bytes.")
    await receive_whole(call, 0)
    await run_in_threadpool(check_folder, call)
    return Response(headers={"ETag": f'"{etag_of(EMPTY)}"'})


def check_folder(call: Call) -> None:
    with call.hub.work(call.caller, reading=True) as work:
        s3.writable(work, bucket_of(call, work, needs=Role.EDITOR), call.key)


def begin(call: Call, size: int) -> Upload:
    return s3_objects.begin_object(call.hub, call.caller, call.bucket, call.key, call.condition, size)


def keep(call: Call, upload: Upload, body: Body) -> Response:
    data = call.data() | ({"checksums": body.checksums} if body.checksums else {})
    entry = s3_objects.keep_object(
        call.hub, call.caller, call.bucket, call.key, upload, call.by, content_type=call.header("content-type"),
        data=data, condition=call.condition,
    )  # fmt: skip
    return Response(headers={"ETag": f'"{etag_of(entry.sha256)}"', **checksums_told(body.checksums)})


def source_of(call: Call) -> tuple[str, str]:
    """Bucket and key of what is copied."""
    told = unquote(call.header("x-amz-copy-source") or "").removeprefix("/")
    path, _, version = told.partition("?versionId=")
    bucket, _, key = path.partition("/")
    if not bucket or not key or version not in ("", "null"):
        raise S3Error("InvalidArgument", "x-amz-copy-source is /bucket/key.")
    return bucket, key


def copy_object(call: Call) -> Response:
    replacing = call.header("x-amz-metadata-directive") == "REPLACE"
    name, key = source_of(call)
    with call.hub.work(call.caller) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        from_bucket = s3.find_bucket(work, name)
        check_source(call, s3_objects.find_object(work, from_bucket, key))
        if (name, key) == (call.bucket, call.key) and not replacing:
            raise S3Error("InvalidRequest", "An object is copied onto itself only to replace its metadata.")
        entry = s3_objects.copy_object(
            work, from_bucket, key, bucket, call.key, call.by, content_type=call.header("content-type"),
            data=call.data() if replacing else None, condition=call.condition,
        )  # fmt: skip
    return document("CopyObjectResult", [("LastModified", entry.mtime), ("ETag", f'"{etag_of(entry.sha256)}"')])


def check_source(call: Call, one: Found) -> None:
    """The conditions on what is copied."""
    matches, none = (
        etags(call.header("x-amz-copy-source-if-match")),
        etags(call.header("x-amz-copy-source-if-none-match")),
    )
    after = call.moment("x-amz-copy-source-if-modified-since")
    before = call.moment("x-amz-copy-source-if-unmodified-since")
    modified = one.entry.mtime.replace(microsecond=0)
    wrong = (matches and one.etag not in matches) or (none and one.etag in none)
    if wrong or (after is not None and modified <= after) or (before is not None and modified > before):
        raise S3Error("PreconditionFailed", "The source is not the one that the request is about.")


def delete_object(call: Call) -> Response:
    with call.hub.work(call.caller) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        if call.condition.matches is not None:
            place, _ = s3.writable(work, bucket, call.key)
            call.condition.check(s3.find_entry(work, place))
        for problem in s3_objects.delete_objects(work, bucket, [call.key], call.by).values():
            raise problem
    return Response(status_code=204)


def object_acl(call: Call) -> Response:
    found(call)
    return full_control(call.bucket)


def tagging(call: Call) -> Response:
    found(call)
    return document("Tagging", [("TagSet", [])])


OPERATIONS: Operations = {
    ("GET", ""): get_object, ("HEAD", ""): get_object, ("PUT", ""): put_object, ("DELETE", ""): delete_object,
    ("GET", "attributes"): attributes, ("GET", "acl"): object_acl, ("GET", "tagging"): tagging,
}  # fmt: skip
