"""The settings that the hub was started with, for its administrators."""

from collections.abc import Sequence

from assethub.domain.settings import Setting
from assethub.services.work import Work


def list_settings(work: Work) -> Sequence[Setting]:
    """Every setting, with its default and who gave its value; secrets are masked."""
    work.administrator("settings.show")
    return work.hub.settings
