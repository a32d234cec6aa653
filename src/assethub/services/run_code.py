"""The code of runs: what is asked for, its tasks, and what a run gets out of the hub's own copy.

No credential ever leaves the hub.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Invalid, NotFound, Unavailable
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath
from assethub.domain.owners import Asking, RunCaller
from assethub.domain.runs import Code, CodeRefs
from assethub.domain.tasks import Task
from assethub.services import credentials, repositories
from assethub.services.git import Opener
from assethub.services.work import Hub, Work

RECENT = 300  # runs that are looked at for repositories


@dataclass(frozen=True)
class WantedCode:
    """A repository at a revision, and what opens it for whoever asks."""

    url: str
    revision: str | None
    subpath: str | None
    opener: Opener | None


def wanted_code(
    work: Work, asset: Asset, git: str | None, revision: str | None, subpath: str | None
) -> WantedCode:  # fmt: skip
    """What a request for a model names; what it leaves out comes from the model's training settings."""
    training = asset.training
    url = git or training.git
    if url is None:
        raise Invalid(
            f"No Git repository is given, and the training settings of {asset.path} name none; "
            "give one with -r, or keep one with `ah update`."
        )
    own = git is None or git == training.git
    return WantedCode(
        url, revision or (training.revision if own else None),
        subpath if subpath is not None else (training.subpath if own else None),
        credentials.find_opener(work, url, work.person.user.id, asset),
    )  # fmt: skip


def pin_code(hub: Hub, wanted: WantedCode) -> tuple[Code, dict[str, Task]]:
    """The code at the commit that the revision names now, and its tasks. Fetches from the network."""
    found = repositories.pin(hub, wanted.url, wanted.revision, wanted.subpath, wanted.opener)
    credentials.note_use(hub, wanted.opener)
    return found


def read_tasks(
    hub: Hub, caller: Asking, model: AssetPath, git: str | None, revision: str | None, subpath: str | None
) -> tuple[Code, dict[str, Task]]:
    """The tasks that a run for the model could be of, for those who may start one."""
    with hub.work(caller, reading=True) as work:
        asset = work.asset(model, needs=Role.RUNNER)
        wanted = wanted_code(work, asset, git, revision, subpath)
    return pin_code(hub, wanted)


def list_refs(hub: Hub, caller: Asking, model: AssetPath, git: str | None = None) -> CodeRefs:
    """The branches and tags of the repository for those who may start a run for the model; up to a minute old."""
    with hub.work(caller, reading=True) as work:
        wanted = wanted_code(work, work.asset(model, needs=Role.RUNNER), git, None, None)
    opener = wanted.opener
    key = (wanted.url, opener.credential.id if opener else None)
    return hub.code_refs.get(key, lambda: repositories.list_refs(hub, wanted.url, opener))


def used_repositories(work: Work) -> list[str]:
    """The addresses of repositories that runs were made from lately, of those that the caller may see."""
    work.may_list()
    return work.runs.repositories(RECENT)


def open_code(hub: Hub, caller: Asking, id: UUID) -> Iterator[bytes]:
    """The pinned commit with its files as a Git pack, for the run itself.

    What the hub does not have any more is fetched again, by what opens it for the run's starter now.
    """
    with hub.work(caller, reading=True) as work:
        run = work.runs.find(id)
        if not isinstance(caller, RunCaller) or caller.run != id or run is None:
            raise NotFound.named("run", str(id))
        receiving = work.asset_by_id(run.asset, needs=Role.RUNNER)
        with final():
            opener = credentials.find_opener(work, run.code.url, run.created_by, receiving)
    with final():
        fetched = repositories.ensure(hub, run.code, opener)
        pieces = repositories.packed(repositories.cache_of(hub, run.code.url, opener), run.code.sha)
        first = next(pieces, b"")
    if fetched:
        credentials.note_use(hub, opener)
    return chain([first], pieces)


@contextmanager
def final() -> Iterator[None]:
    """Nothing that fails here is mended by the runner's asking again: the run has failed, with this sentence."""
    try:
        yield
    except Unavailable as error:
        raise Invalid(str(error)) from error
