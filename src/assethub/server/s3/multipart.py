"""Uploads in parts: begun, sent in any order, listed, put together or given up."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID
from xml.etree.ElementTree import Element

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from assethub.domain.errors import NotFound
from assethub.domain.folders import Role
from assethub.domain.multiparts import LARGEST_OBJECT, MOST_PARTS, SMALLEST_PART, Multipart, Part
from assethub.server.s3.buckets import bucket_of
from assethub.server.s3.checksums import algorithm_named, composite, full_object
from assethub.server.s3.errors import S3Error
from assethub.server.s3.objects import checksums_told, source_of
from assethub.server.s3.payloads import announced, body_of, receive, receive_whole
from assethub.server.s3.refusals import refused
from assethub.server.s3.requests import Call, Operations
from assethub.server.s3.xml import DECLARATION, MEDIA_TYPE, Field, document, encoded, parsed
from assethub.services import multiparts, s3, s3_objects
from assethub.services.multiparts import PartUpload
from assethub.services.s3_objects import etag_of

MOST_XML = 4 << 20
LONGEST_TYPE = 255
PATIENCE = 10.0  # seconds that a client is left without a byte of an answer
NOWHERE = UUID(int=0)


def no_upload(error: NotFound) -> S3Error:
    return S3Error("NoSuchUpload", f"There is no such upload under way: {error}")


def begin(call: Call) -> Response:
    algorithm, kind = call.header("x-amz-checksum-algorithm"), call.header("x-amz-checksum-type")
    checksum = None
    if algorithm:
        name = algorithm_named(algorithm)
        checksum = f"{name.upper()}/{(kind or default_type(name)).upper()}"
        if kind is not None and kind.upper() not in ("COMPOSITE", "FULL_OBJECT"):
            raise S3Error("InvalidRequest", "x-amz-checksum-type is COMPOSITE or FULL_OBJECT.")
    if len(call.header("content-type") or "") > LONGEST_TYPE:
        raise S3Error("InvalidArgument", f"A content type has at most {LONGEST_TYPE} characters.")
    with call.hub.work(call.caller) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        new = multiparts.begin_multipart(
            work, bucket, call.key, call.header("content-type"), call.data(), checksum
        )  # fmt: skip
    headers = {"x-amz-checksum-algorithm": algorithm, "x-amz-checksum-type": kind}
    told = {name: value for name, value in headers.items() if value}
    fields = [("Bucket", call.bucket), ("Key", call.key), ("UploadId", new.id.hex)]
    return document("InitiateMultipartUploadResult", fields, headers=told)


def default_type(algorithm: str) -> str:
    return "FULL_OBJECT" if algorithm.upper() == "CRC64NVME" else "COMPOSITE"


def part_number(call: Call) -> int:
    number = call.number("partNumber", 0)
    if not 1 <= number <= MOST_PARTS:
        raise S3Error("InvalidArgument", f"Part numbers go from 1 to {MOST_PARTS}.")
    return number


async def put_part(call: Call) -> Response:
    if "partNumber" not in call.query:
        raise S3Error("InvalidArgument", "Say with partNumber which part this is.")
    if call.header("x-amz-copy-source"):
        return await run_in_threadpool(copy_part, call)
    size = announced(call)
    upload = await run_in_threadpool(begin_part, call, size)
    try:
        body = body_of(call, compute=wanted_checksum(upload.upload), hashed=True)
        if body.needs_sha256:
            upload.digest = hashlib.sha256()
        await receive(body, upload, upload.digest.hexdigest if upload.digest else None)
        part = await asyncio.shield(run_in_threadpool(upload.finish, dict(body.checksums)))
    finally:
        await run_in_threadpool(upload.discard)
    return Response(headers={"ETag": f'"{etag_of(part.tag)}"', **checksums_told(part.checksums)})


def wanted_checksum(upload: Multipart) -> tuple[str, ...]:
    return (upload.checksum.partition("/")[0].lower(),) if upload.checksum else ()


def begin_part(call: Call, size: int) -> PartUpload:
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
    try:
        return PartUpload.begin(
            call.hub, call.caller, bucket, call.key, call.query["uploadId"], part_number(call), size
        )  # fmt: skip
    except NotFound as error:
        raise no_upload(error) from None


def copy_part(call: Call) -> Response:
    """A part out of an object of the hub's: its bytes are read here."""
    name, key = source_of(call)
    with call.hub.work(call.caller, reading=True) as work:
        one = s3_objects.find_object(work, s3.find_bucket(work, name), key)
    size = one.entry.size
    start, end = copied_range(call.header("x-amz-copy-source-range"), size)
    upload = begin_part(call, end - start)
    try:
        for piece in one.file.read(start, end):
            upload.write(piece)
        part = upload.finish({})
    finally:
        upload.discard()
    return document("CopyPartResult", [("LastModified", part.created_at), ("ETag", f'"{etag_of(part.tag)}"')])


def copied_range(told: str | None, size: int) -> tuple[int, int]:
    if told is None:
        return 0, size
    first, _, last = told.removeprefix("bytes=").partition("-")
    if not told.startswith("bytes=") or not first.isdecimal() or not last.isdecimal():
        raise S3Error("InvalidArgument", "x-amz-copy-source-range is bytes=first-last.")
    if not int(first) <= int(last) < size:
        raise S3Error("InvalidRange", f"The source has {size} bytes.")
    return int(first), int(last) + 1


async def complete(call: Call) -> Response:
    body = await receive_whole(call, MOST_XML, described=False)  # the checksums in its headers are the object's
    task = asyncio.create_task(run_in_threadpool(put_together, call, body))
    done, _ = await asyncio.wait([task], timeout=PATIENCE)
    return task.result() if done else StreamingResponse(awaited(call, task), media_type=MEDIA_TYPE)


async def awaited(call: Call, task: asyncio.Task[Response]) -> AsyncIterator[bytes]:
    """Spaces while it goes on, since clients give up on a silent connection; a refusal comes behind them with status
    200, as Amazon has it."""
    yield DECLARATION
    while not (await asyncio.wait([task], timeout=PATIENCE))[0]:
        yield b" "
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    answer = refused(call.request, error, call.id) if error is not None else task.result()
    yield bytes(answer.body).removeprefix(DECLARATION)


def put_together(call: Call, body: bytes) -> Response:
    wanted = list(parsed(body, "CompleteMultipartUpload").iter("Part"))
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        try:
            upload = multiparts.get_multipart(work, bucket, call.key, call.query["uploadId"])
        except NotFound as error:
            raise no_upload(error) from None
        place, _ = s3.writable(work, bucket, call.key)
        call.condition.check(s3.find_entry(work, place))
        known = {part.number: part for part in work.multiparts.parts(upload.id)}
    parts = chosen(wanted, known)
    checksums = whole_checksums(call, upload, parts)
    location = multiparts.put_together(call.hub, call.caller, bucket, upload, parts)
    data = {**upload.data, **({"checksums": checksums} if checksums else {})}
    with call.hub.work(call.caller) as work:
        entry = s3_objects.put_object(
            work, bucket, call.key, location, call.by, content_type=upload.content_type, data=data,
            condition=call.condition,
        )  # fmt: skip
    multiparts.forget_multipart(call.hub, upload.id)
    told = [(f"Checksum{name.upper()}", value) for name, value in checksums.items() if name != "type"]
    fields: list[Field] = [
        ("Location", str(call.request.url)), ("Bucket", call.bucket), ("Key", call.key),
        ("ETag", f'"{etag_of(entry.sha256)}"'), *told, ("ChecksumType", checksums.get("type")),
    ]  # fmt: skip
    return document("CompleteMultipartUploadResult", fields)


def chosen(wanted: Sequence[Element], known: Mapping[int, Part]) -> list[Part]:
    """The parts that the client names, once they are what it thinks."""
    if not wanted:
        raise S3Error("MalformedXML", "Name the parts that make the object.")
    parts: list[Part] = []
    for one in wanted:
        told = one.findtext("PartNumber") or ""
        number = int(told) if told.isascii() and told.isdecimal() and len(told) < 6 else 0
        part = known.get(number)
        if part is None or (one.findtext("ETag") or "").strip().strip('"') != etag_of(part.tag):
            raise S3Error("InvalidPart", f"Part {told[:20]!r} was not sent, or has another ETag.")
        if parts and number <= parts[-1].number:
            raise S3Error("InvalidPartOrder", "Name the parts in the order of their numbers, each once.")
        for name, kept in part.checksums.items():
            given = one.findtext(f"Checksum{name.upper()}")
            if given is not None and given != kept:
                raise S3Error("InvalidPart", f"Part {number} has another {name} than the request says.")
        parts.append(part)
    small = next((part.number for part in parts[:-1] if part.size < SMALLEST_PART), None)
    if small is not None:
        raise S3Error("EntityTooSmall", f"Part {small} is smaller than 5 MiB and not the last one.")
    if sum(part.size for part in parts) > LARGEST_OBJECT:
        raise S3Error("EntityTooLarge", "An object has at most 5 TiB.")
    return parts


def whole_checksums(call: Call, upload: Multipart, parts: Sequence[Part]) -> dict[str, str]:
    """The checksum of the whole from those of its parts, compared with what the client says it is."""
    if not upload.checksum:
        return {}
    algorithm, _, kind = upload.checksum.partition("/")
    name = algorithm.lower()
    if any(name not in part.checksums for part in parts):
        return {}
    if kind == "COMPOSITE":
        whole = composite(name, [part.checksums[name] for part in parts])
    else:
        whole = full_object(name, [(part.checksums[name], part.size) for part in parts])
    given = call.header(f"x-amz-checksum-{name}")
    if given is not None and given != whole:
        raise S3Error("BadDigest", f"The whole has the {algorithm} {whole}, not {given}.")
    return {name: whole, "type": kind}


def abort(call: Call) -> Response:
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
    try:
        multiparts.abort_multipart(call.hub, call.caller, bucket, call.key, call.query["uploadId"])
    except NotFound as error:
        raise no_upload(error) from None
    return Response(status_code=204)


def list_parts(call: Call) -> Response:
    most, after = call.number("max-parts", 1000, most=1000), call.number("part-number-marker", 0)
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        try:
            upload = multiparts.get_multipart(work, bucket, call.key, call.query["uploadId"])
        except NotFound as error:
            raise no_upload(error) from None
        found = work.multiparts.parts(upload.id, after, most + 1)
    shown: list[Field] = [
        ("Part", (("PartNumber", part.number), ("LastModified", part.created_at),
                  ("ETag", f'"{etag_of(part.tag)}"'), ("Size", part.size)))
        for part in found[:most]
    ]  # fmt: skip
    return document("ListPartsResult", [
        ("Bucket", call.bucket), ("Key", call.key), ("UploadId", upload.id.hex), ("PartNumberMarker", after),
        ("NextPartNumberMarker", found[most - 1].number if len(found) > most else None), ("MaxParts", most),
        ("IsTruncated", len(found) > most), ("StorageClass", "STANDARD"), *shown,
    ])  # fmt: skip


def list_uploads(call: Call) -> Response:
    """Uploads under way to the bucket."""
    most, encoding = call.number("max-uploads", 1000, most=1000), call.query.get("encoding-type")
    prefix, marker = call.query.get("prefix", ""), call.query.get("upload-id-marker")
    with call.hub.work(call.caller, reading=True) as work:
        bucket = bucket_of(call, work, needs=Role.EDITOR)
        after = ("", NOWHERE)
        if marker:
            try:
                last = work.multiparts.get(UUID(marker))
            except ValueError:
                last = None
            if last is None or last.asset != bucket.asset.id:
                raise S3Error("InvalidArgument", "upload-id-marker names no upload under way.")
            after = (last.path, last.id)
        found = multiparts.list_multiparts(work, bucket, after, most + 1)
    shown: list[Field] = [
        ("Upload", (("Key", encoded(key, encoding)), ("UploadId", one.id.hex), ("Initiated", one.created_at),
                    ("StorageClass", "STANDARD")))
        for key, one in found[:most] if key.startswith(prefix)
    ]  # fmt: skip
    last_id = found[most - 1][1].id.hex if len(found) > most else None
    return document("ListMultipartUploadsResult", [
        ("Bucket", call.bucket), ("Prefix", encoded(prefix, encoding)), ("EncodingType", encoding),
        ("MaxUploads", most), ("NextUploadIdMarker", last_id), ("IsTruncated", len(found) > most), *shown,
    ])  # fmt: skip


OPERATIONS: Operations = {
    ("POST", "uploads"): begin, ("PUT", "uploadId"): put_part, ("POST", "uploadId"): complete,
    ("DELETE", "uploadId"): abort, ("GET", "uploadId"): list_parts,
}  # fmt: skip
