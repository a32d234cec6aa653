"""S3 keys: an access key and a secret that sign requests to the S3 door."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.task_format import seconds_of

REGION = "us-east-1"  # what clients take for granted; the hub has no others
LONGEST_NAME = 100
LONGEST_WAIT = 24 * 60 * 60  # seconds


@dataclass(frozen=True)
class S3Key:
    """A key as it is listed; its secret was shown once."""

    access_key: str
    user: UUID
    name: str
    write: bool
    commit_after: int | None  # seconds without a further write after which staged changes are committed
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    asset: UUID | None = None  # all that the key is good for
    asset_path: str | None = None
    bucket: str | None = None  # of the asset
    folder: UUID | None = None  # where a new bucket's asset is made
    folder_path: str | None = None


def parse_wait(text: str) -> int:
    """The seconds of 30s, 5m or 1h30m."""
    total = seconds_of(text)
    if not total:
        raise Invalid(f"{text!r} is no time to wait; write one such as 30s, 5m or 1h30m.")
    return total


def check_terms(name: str, *, write: bool, asset: bool, folder: bool, commit_after: int | None) -> str:
    """The name without the space around it. Invalid where what is asked of a key does not go together."""
    label = name.strip()
    if not 1 <= len(label) <= LONGEST_NAME or not label.isprintable():
        raise Invalid(f"A key's name has 1 to {LONGEST_NAME} characters, all of them printable.")
    if asset and folder:
        raise Invalid("A key for one asset makes no others, so it takes no folder for new buckets.")
    if folder and not write:
        raise Invalid("A key that only reads makes no buckets; let it write, or leave the folder out.")
    if commit_after is not None and not write:
        raise Invalid("A key that only reads leaves nothing to commit; let it write, or leave the time out.")
    if commit_after is not None and not 1 <= commit_after <= LONGEST_WAIT:
        raise Invalid(f"Staged changes are committed after 1 second to 24 hours, not after {commit_after} seconds.")
    return label
