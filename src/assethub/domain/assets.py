"""Assets: models and datasets, and the training settings that a model keeps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from assethub.domain.folders import Role
from assethub.domain.names import AssetPath


@dataclass(frozen=True)
class TrainingSettings:
    """What a run of this model takes for granted when it is not told otherwise."""

    git: str | None = None
    revision: str | None = None
    subpath: str | None = None
    datasets: tuple[str, ...] = ()
    params: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Asset:
    id: UUID
    folder: UUID
    path: AssetPath
    description: str
    labels: tuple[str, ...]
    training: TrainingSettings
    created_at: datetime
    updated_at: datetime
    bucket: str = ""  # its name in S3, the same whatever the asset is called later
    role: Role | None = None  # of the caller
