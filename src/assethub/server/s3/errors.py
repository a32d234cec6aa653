"""Refusals of the S3 door, by the codes that S3 clients know (Amazon S3 API reference, "Error responses")."""

from dataclasses import dataclass

STATUS = {
    "AccessDenied": 403, "AuthorizationHeaderMalformed": 400, "AuthorizationQueryParametersError": 400,
    "BadDigest": 400, "BucketAlreadyOwnedByYou": 409, "BucketNotEmpty": 409, "ConditionalRequestConflict": 409,
    "EntityTooLarge": 400, "EntityTooSmall": 400, "IncompleteBody": 400, "InternalError": 500,
    "InvalidAccessKeyId": 403, "InvalidArgument": 400, "InvalidBucketName": 400, "InvalidDigest": 400,
    "InvalidPart": 400, "InvalidPartOrder": 400, "InvalidRange": 416, "InvalidRequest": 400, "KeyTooLongError": 400,
    "MalformedXML": 400, "MethodNotAllowed": 405, "MissingContentLength": 411, "NoSuchBucket": 404,
    "NoSuchBucketPolicy": 404, "NoSuchCORSConfiguration": 404, "NoSuchKey": 404, "NoSuchLifecycleConfiguration": 404,
    "NoSuchPublicAccessBlockConfiguration": 404, "NoSuchTagSet": 404, "NoSuchUpload": 404,
    "NoSuchWebsiteConfiguration": 404, "NotImplemented": 501, "ObjectLockConfigurationNotFoundError": 404,
    "OperationAborted": 409, "PreconditionFailed": 412, "QuotaExceeded": 403,
    "ReplicationConfigurationNotFoundError": 404, "RequestTimeTooSkewed": 403,
    "ServerSideEncryptionConfigurationNotFoundError": 404, "ServiceUnavailable": 503, "SignatureDoesNotMatch": 403,
    "SlowDown": 503, "XAmzContentChecksumMismatch": 400, "XAmzContentSHA256Mismatch": 400,
}  # fmt: skip


@dataclass
class S3Error(Exception):
    """What an S3 client is told: a code of STATUS and a sentence."""

    code: str
    message: str

    def __post_init__(self) -> None:
        super().__init__(self.message)

    @property
    def status(self) -> int:
        return STATUS[self.code]
