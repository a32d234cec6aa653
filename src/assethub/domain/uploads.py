"""Large contents on their way in, part by part."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from assethub.domain.errors import Invalid

PART = 16 << 20  # bytes of a part, unless there would be too many
MOST_PARTS = 10_000
ABANDONED = timedelta(days=7)  # without a part that arrives, an upload is forgotten after this


@dataclass(frozen=True)
class OpenUpload:
    """A content that a user sends to an asset; parts are numbered from 0, all but the last of the same size."""

    id: UUID
    asset: UUID
    user: UUID
    sha256: str
    size: int
    part_size: int
    seen_at: datetime  # when it began, or its last part arrived

    @property
    def count(self) -> int:
        return -(-self.size // self.part_size)

    def span(self, number: int) -> tuple[int, int]:
        """Where a part begins and ends in the content. Invalid if there is no such part."""
        if not 0 <= number < self.count:
            raise Invalid(
                f"There is no part {number}: this upload of {self.size} bytes has the parts 0 to {self.count - 1}."
            )
        return number * self.part_size, min((number + 1) * self.part_size, self.size)


def part_size(size: int) -> int:
    """Whole MiB, so that the content has at most `MOST_PARTS` parts."""
    return max(PART, -(-size // (MOST_PARTS << 20)) << 20)
