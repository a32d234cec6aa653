"""S3 keys in forms, and what is shown for the tools that speak S3."""

from starlette.datastructures import FormData

from assethub.domain.errors import Invalid
from assethub.domain.names import parse_asset_path, parse_folder_path
from assethub.domain.s3_keys import REGION, S3Key, parse_wait
from assethub.domain.s3_snippets import SNIPPETS, S3Access
from assethub.server.console.pages import Page, text_of
from assethub.server.dependencies import s3_endpoint
from assethub.services import s3_keys
from assethub.services.work import Work

FIELDS = ("s3_name", "s3_asset", "s3_folder", "s3_wait", "s3_days", "s3_write")
LONGEST = 3650


def create(page: Page, work: Work, form: FormData, account: str | None = None) -> S3Access:
    """Make the key that a form asks for; what it answers holds the secret, and is shown once."""
    asset, folder, wait = (text_of(form, name) for name in ("s3_asset", "s3_folder", "s3_wait"))
    me = account or page.person.name
    key, secret = s3_keys.create_s3_key(
        work, text_of(form, "s3_name") or "", write=text_of(form, "s3_write") is not None,
        asset=parse_asset_path(asset, me=me) if asset else None,
        folder=parse_folder_path(folder, me=me) if folder else None,
        commit_after=parse_wait(wait) if wait else None, days=days_of(form, "s3_days"), account=account,
    )  # fmt: skip
    return S3Access(s3_endpoint(page.request), REGION, key.access_key, secret, key.bucket)


def revoke(work: Work, form: FormData, account: str | None = None) -> None:
    s3_keys.revoke_s3_key(work, text_of(form, "access_key") or "", account)


def days_of(form: FormData, name: str = "days") -> int | None:
    text = text_of(form, name)
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST:
        raise Invalid(f"A key is good for 1 to {LONGEST} days, or (left empty) for ever.")
    return int(text)


def keys_of(work: Work, account: str | None = None) -> list[S3Key]:
    return s3_keys.list_s3_keys(work, account)


def snippets_of(access: S3Access) -> dict[str, str]:
    return {name: written(access) for name, written in SNIPPETS.items()}


def without_key(page: Page, bucket: str) -> S3Access:
    """The same for somebody who has yet to fill in a key."""
    return S3Access(s3_endpoint(page.request), REGION, bucket=bucket)
