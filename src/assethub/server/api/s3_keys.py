"""/s3 and /s3-keys: where the S3 door is, and the keys to it"""

from fastapi import APIRouter, Request

from assethub.domain.names import parse_asset_path, parse_folder_path
from assethub.domain.s3_keys import REGION, S3Key
from assethub.protocol.s3_keys import CreatedS3Key, NewS3Key, S3Info, S3KeyInfo
from assethub.server.dependencies import CurrentWork, WorkRoute, s3_endpoint
from assethub.services import s3_keys
from assethub.services.work import Work

router = APIRouter(tags=["S3"], route_class=WorkRoute)


def s3_key_info(key: S3Key) -> S3KeyInfo:
    return S3KeyInfo(
        access_key=key.access_key, name=key.name, write=key.write, asset=key.asset_path, bucket=key.bucket,
        folder=key.folder_path, commit_after=key.commit_after, created_at=key.created_at, expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )  # fmt: skip


def create(request: Request, work: Work, new: NewS3Key, account: str | None) -> CreatedS3Key:
    me = account or work.person.name
    key, secret = s3_keys.create_s3_key(
        work, new.name, write=new.write, asset=parse_asset_path(new.asset, me=me) if new.asset else None,
        folder=parse_folder_path(new.folder, me=me) if new.folder else None, commit_after=new.commit_after,
        days=new.expires_in_days, account=account,
    )  # fmt: skip
    told = s3_key_info(key).model_dump()
    return CreatedS3Key(**told, secret=secret, endpoint=s3_endpoint(request), region=REGION)


@router.get("/s3")
def s3(request: Request) -> S3Info:
    """Where the S3 door is; for everybody."""
    return S3Info(endpoint=s3_endpoint(request), region=REGION)


@router.get("/s3-keys")
def list_s3_keys(work: CurrentWork) -> list[S3KeyInfo]:
    """One's own S3 keys, without their secrets."""
    return [s3_key_info(key) for key in s3_keys.list_s3_keys(work)]


@router.post("/s3-keys", status_code=201)
def create_s3_key(request: Request, work: CurrentWork, new: NewS3Key) -> CreatedS3Key:
    """A new S3 key of one's own; its secret is in this answer only."""
    return create(request, work, new, None)


@router.delete("/s3-keys/{access_key}", status_code=204)
def revoke_s3_key(work: CurrentWork, access_key: str) -> None:
    s3_keys.revoke_s3_key(work, access_key)


@router.get("/users/{name}/s3-keys")
def list_service_s3_keys(work: CurrentWork, name: str) -> list[S3KeyInfo]:
    """The S3 keys of a service account; for administrators."""
    return [s3_key_info(key) for key in s3_keys.list_s3_keys(work, name)]


@router.post("/users/{name}/s3-keys", status_code=201)
def create_service_s3_key(request: Request, work: CurrentWork, name: str, new: NewS3Key) -> CreatedS3Key:
    """A new S3 key of a service account, for administrators; its secret is in this answer only."""
    return create(request, work, new, name)


@router.delete("/users/{name}/s3-keys/{access_key}", status_code=204)
def revoke_service_s3_key(work: CurrentWork, name: str, access_key: str) -> None:
    s3_keys.revoke_s3_key(work, access_key, name)
