"""The operations of the S3 door, each asked with the S3 keys of everybody."""

from dataclasses import dataclass, field

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.testclient import TestClient

from assethub.server.s3.app import BUCKET, OBJECT, SERVICE, create_s3
from tests.matrix.rows import filled
from tests.matrix.world import PEOPLE, World

# Nobody, everybody with a key that writes, and olga with one that only reads and with one for another asset.
S3_COLUMNS = ("visitor", *PEOPLE, "read", "other")
PLACES = {"service": SERVICE, "bucket": BUCKET, "object": OBJECT}
PATHS = {"service": "/", "bucket": "/{bucket}", "object": "/{bucket}/extra/b.txt"}


@dataclass(frozen=True)
class S3Ask:
    path: str = ""  # where it is not the one of PATHS
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""


PARTS, UPLOAD = "/{bucket}/main/parts.bin", {"uploadId": "{multipart}"}
PART = UPLOAD | {"partNumber": "1"}
COPY = {"x-amz-copy-source": "/{bucket}/extra/b.txt"}
ASKS: dict[str, S3Ask] = {
    "PUT bucket": S3Ask("/fresh"),
    "POST bucket?delete": S3Ask(content=b"<Delete><Object><Key>extra/b.txt</Key></Object></Delete>"),
    "PUT object": S3Ask(content=b"x"),
    "PUT object+copy": S3Ask("/{bucket}/main/copy.txt", headers=COPY),
    "PUT object+folder": S3Ask("/{bucket}/main/folder/"),
    "GET object?attributes": S3Ask(headers={"x-amz-object-attributes": "ETag"}),
    "POST object?uploads": S3Ask(PARTS),
    "PUT object?uploadId": S3Ask(PARTS, PART, content=b"x"),
    "PUT object?uploadId+copy": S3Ask(PARTS, PART, COPY),
    "GET object?uploadId": S3Ask(PARTS, UPLOAD),
    "POST object?uploadId": S3Ask(PARTS, UPLOAD, content=b"<CompleteMultipartUpload></CompleteMultipartUpload>"),
    "DELETE object?uploadId": S3Ask(PARTS, {"uploadId": "{multipart_given_up}"}),
}


def s3_operations() -> list[str]:
    return [
        f"{method} {place}" + (f"?{name}" if name else "")
        for place, operations in PLACES.items() for method, name in operations
    ]  # fmt: skip


S3 = {operation: ASKS.get(operation, S3Ask()) for operation in (*s3_operations(), *ASKS)}


def s3_statuses(world: World, operation: str) -> list[int]:
    """What everybody is answered; the world is put back after each change."""
    ask, names = S3[operation], dict(world.names)
    method, place = operation.partition("+")[0].split(" ")
    place, _, subresource = place.partition("?")
    path = filled(ask.path or PATHS[place], names)
    query = ({subresource: ""} if subresource else {}) | filled(ask.query, names)
    client, found = TestClient(create_s3(world.opened.hub), raise_server_exceptions=False), []
    for who in S3_COLUMNS:
        request = AWSRequest(
            method, f"http://testserver{path}", params=query, headers=filled(ask.headers, names), data=ask.content
        )
        if who in world.s3_keys:
            S3SigV4Auth(Credentials(*world.s3_keys[who]), "s3", "us-east-1").add_auth(request)
        sent = request.prepare()
        answer = client.request(method, sent.url, headers=dict(sent.headers.items()), content=ask.content)
        found.append(answer.status_code)
        if method not in ("GET", "HEAD"):
            world.put_back()
    return found
