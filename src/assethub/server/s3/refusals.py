"""Refusals in the words of S3, whatever refused."""

import logging

from starlette.requests import Request
from starlette.responses import Response

from assethub.domain.errors import HubError
from assethub.server.refusals import status_of
from assethub.server.s3.errors import S3Error
from assethub.server.s3.xml import document
from assethub.services.s3 import NoBucket, ReadOnlyKey
from assethub.services.s3_buckets import BucketExists, BucketNotEmpty
from assethub.services.s3_objects import ConditionFailed

log = logging.getLogger("assethub.s3")
CODES = {  # by the status that the other doors answer with
    401: "AccessDenied", 403: "AccessDenied", 404: "NoSuchKey", 409: "OperationAborted", 410: "NoSuchKey",
    413: "QuotaExceeded", 422: "InvalidArgument", 429: "SlowDown", 500: "InternalError", 503: "SlowDown",
    507: "ServiceUnavailable",
}  # fmt: skip
ANSWERS: dict[type[Exception], S3Error] = {
    ConditionFailed: S3Error("PreconditionFailed", "A condition of the request does not hold of the object."),
    BucketExists: S3Error("BucketAlreadyOwnedByYou", "You have a bucket of this name."),
    BucketNotEmpty: S3Error("BucketNotEmpty", "There is something in this bucket."),
    ReadOnlyKey: S3Error("MethodNotAllowed", "Tags and commits never change; write to a branch."),
}


def refused(request: Request, error: Exception, id: str) -> Response:
    """The answer to a request that came to this; what is a fault of ours the log tells whole, the client only so."""
    if isinstance(error, S3Error):
        return refusal(request, error, id)
    if type(error) in ANSWERS:
        return refusal(request, ANSWERS[type(error)], id)
    if isinstance(error, HubError):
        return refusal(request, translated(error), id)
    log.error("request %s failed", id, exc_info=error)
    return refusal(request, S3Error("InternalError", "The hub failed at this; its log says why."), id)


def translated(error: HubError) -> S3Error:
    return S3Error("NoSuchBucket" if isinstance(error, NoBucket) else CODES[status_of(error)], str(error))


def refusal(request: Request, error: S3Error, id: str) -> Response:
    headers = {"x-amz-request-id": id}
    if request.method == "HEAD" or error.status == 304:
        return Response(status_code=error.status, headers=headers)
    fields = (
        ("Code", error.code), ("Message", error.message), ("Resource", request.url.path), ("RequestId", id),
    )  # fmt: skip
    return document("Error", fields, error.status, headers)
