"""Git repositories of code: a revision pinned to its commit, and the task file read there."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from assethub.domain.errors import Damaged, Invalid, Unavailable
from assethub.domain.names import check_path
from assethub.domain.repositories import Remote
from assethub.domain.runs import Code, CodeRefs
from assethub.domain.tasks import TASK_FILE, Task
from assethub.protocol.task_file import tasks_of
from assethub.services.git import Opener, Way, command, complaint, environment, local_way, run_git
from assethub.services.remotes import way_to
from assethub.services.work import Hub

REVISION = re.compile(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*")
LARGEST_TASK_FILE = 256 << 10
PIECE = 64 << 10
LISTING_SECONDS = 20
LISTING = threading.BoundedSemaphore(8)
MOST_REFS = 1000  # branches, and tags, of a repository that are listed
CLOSED = re.compile(
    r"could not read Username|Authentication failed|returned error: 40[13]|[Pp]ermission denied|"
    r"repository .*not found|Repository not found"
)


def is_local(url: str) -> bool:
    return url.startswith("/")


def check_url(hub: Hub, url: str) -> str:
    """The address in the form that is kept, if the hub may fetch from it: https, ssh, or below a root."""
    if is_local(url):
        real = Path(url).resolve()
        if any(real.is_relative_to(root.resolve()) for root in hub.git_roots):
            return str(real)
        raise Invalid(
            f"The Git repository {url!r} is not below a folder that this hub's administrator allows (git_roots)."
        )
    remote = Remote.parse(url)
    if not remote.steps:
        raise Invalid(f"{str(remote)!r} is no repository's address: it has no path.")
    return str(remote)


def pin(
    hub: Hub, url: str, revision: str | None, subpath: str | None, opener: Opener | None = None
) -> tuple[Code, dict[str, Task]]:
    """The repository at the commit that the revision names now, and its tasks. Fetches from the network."""
    address = check_url(hub, url)
    wanted = revision or "HEAD"
    if not REVISION.fullmatch(wanted) or ".." in wanted:
        raise Invalid(f"{wanted!r} is not a Git revision; give a branch, a tag or a commit.")
    folder = (subpath or "").strip("/")
    if folder:
        check_path(folder)
    sha = fetch(hub, address, wanted, opener)
    code = Code(address, wanted, sha, folder)
    return code, read_tasks(cache_of(hub, address, opener), code)


def ensure(hub: Hub, code: Code, opener: Opener | None) -> bool:
    """Fetch pinned code again if the hub does not have it any more; whether it did."""
    if sha_of(cache_of(hub, code.url, opener), code.sha) is not None:
        return False
    fetch(hub, check_url(hub, code.url), code.sha, opener)
    return True


def fetch(hub: Hub, url: str, revision: str, opener: Opener | None) -> str:
    """Bring the revision into the hub's cache of the repository; answers its commit's sha."""
    cache = cache_of(hub, url, opener)
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = cache.with_name(f"{uuid.uuid4().hex}.new")
        git(["init", "--quiet", "--bare", str(fresh)], None)
        try:
            fresh.rename(cache)
        except OSError:  # another request made it meanwhile
            shutil.rmtree(fresh)
    ref = f"refs/pins/{uuid.uuid4().hex}"  # keeps the commit
    with reaching(hub, url, opener) as way, alone(cache):
        told = tried(cache, way, "--depth=1", f"+{revision}:{ref}")
        if told is None:
            return peeled(cache, ref)
        if re.fullmatch(r"[0-9a-f]{4,40}", revision):  # a commit: some servers give only refs, so take them all
            told = tried(cache, way, f"+refs/*:refs/all/{ref[10:]}/*")
            found = sha_of(cache, revision)
            if told is None and found:
                return found
    if told is not None and "couldn't find remote ref" not in told and "not our ref" not in told:
        raise unread(url, opener.scrubbed(told) if opener else told, opener)
    raise Invalid(f"The Git repository {url} has no branch, tag or commit {revision!r}.")


def list_refs(hub: Hub, url: str, opener: Opener | None) -> CodeRefs:
    """The branches and tags that a repository has now. Asks the network."""
    address = check_url(hub, url)
    if not LISTING.acquire(blocking=False):  # a server that stalls holds a thread of the hub's meanwhile
        raise Unavailable("The hub is listing other repositories; try again in a moment.")
    try:
        with reaching(hub, address, opener) as way:
            wanted = ["HEAD", "refs/heads/*", "refs/tags/*"]
            done = run_git(["ls-remote", "--symref", "--", way.url, *wanted], None, way, LISTING_SECONDS)
    finally:
        LISTING.release()
    if done.returncode != 0:
        told = complaint(done.stderr)
        raise unread(address, opener.scrubbed(told) if opener else told, opener)
    default: str | None = None
    found: dict[str, list[str]] = {"heads": [], "tags": []}
    for line in done.stdout.splitlines():
        first, _, name = line.partition("\t")
        if name == "HEAD" and first.startswith("ref: refs/heads/"):
            default = first.removeprefix("ref: refs/heads/")
        _, _, rest = name.partition("/")
        kind, _, short = rest.partition("/")
        if kind in found and short and not short.endswith("^{}") and len(found[kind]) < MOST_REFS:
            found[kind].append(short)
    return CodeRefs(address, default, tuple(found["heads"]), tuple(reversed(found["tags"])))


def reaching(hub: Hub, url: str, opener: Opener | None) -> AbstractContextManager[Way]:
    scratch = scratch_of(hub)
    if is_local(url):
        return local_way(scratch, Path(url))
    return way_to(hub.outbound, Remote.parse(url), opener, scratch, hub.folder / "git" / "known_hosts")


def tried(cache: Path, way: Way, *arguments: str) -> str | None:
    """What git complained of at a fetch, or None if all went well."""
    *options, refs = arguments
    done = run_git(["fetch", "--quiet", "--no-tags", *options, "--", way.url, refs], cache, way)
    return None if done.returncode == 0 else complaint(done.stderr)


def unread(url: str, told: str, opener: Opener | None) -> Invalid:
    if CLOSED.search(told) and opener is not None:
        return Invalid(
            f"The Git credential {opener.credential.name!r} does not open {url}, or no repository is there: {told}"
        )
    if CLOSED.search(told):
        return Invalid(
            f"No repository at {url} is open to everybody; if it is private, keep a Git credential for it "
            f"(`ah credential add`). The server said: {told}"
        )
    if "Host key verification failed" in told:
        return Invalid(
            f"The server of {url} shows another host key than before. If that is right, the hub's administrator "
            "removes the old one from git/known_hosts in the data folder."
        )
    return Invalid(f"The Git repository {url} could not be read: {told}")


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """One fetch into a cache at a time: git gives up where another holds its lock."""
    with (cache / "fetching").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (cache / "shallow.lock").unlink(missing_ok=True)  # of a fetch that was killed
        yield


def peeled(cache: Path, ref: str) -> str:
    sha = sha_of(cache, ref)
    if sha is None:
        raise Invalid(f"The Git revision {ref!r} is not a commit.")
    return sha


def sha_of(cache: Path, name: str) -> str | None:
    if not cache.exists():
        return None
    done = run_git(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], cache)
    return done.stdout.strip() or None if done.returncode == 0 else None


def packed(cache: Path, sha: str) -> Iterator[bytes]:
    """A commit with its files and without its history, as a Git pack."""
    with subprocess.Popen(
        command(["-c", "pack.threads=1", "pack-objects", "-q", "--revs", "--delta-base-offset", "--stdout"], cache),
        env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(f"--shallow {sha}\n{sha}\n".encode())
            process.stdin.close()
            while piece := process.stdout.read(PIECE):
                yield piece
        except BaseException:  # whoever wanted it has gone
            process.kill()
            raise
        if process.wait() != 0:
            raise Damaged(f"The hub's copy of the repository is damaged: its commit {sha[:8]} cannot be packed.")


def read_tasks(cache: Path, code: Code) -> dict[str, Task]:
    path = f"{code.subpath}/{TASK_FILE}" if code.subpath else TASK_FILE
    size = run_git(["cat-file", "-s", f"{code.sha}:{path}"], cache)
    if size.returncode != 0:
        raise Invalid(f"The repository {code.url} has no {path} at {code.sha[:8]}; it says how to train and evaluate.")
    if int(size.stdout) > LARGEST_TASK_FILE:
        raise Invalid(f"{path} has {size.stdout.strip()} bytes; a task file has at most {LARGEST_TASK_FILE}.")
    return tasks_of(run_git(["cat-file", "blob", f"{code.sha}:{path}"], cache).stdout)


def cache_of(hub: Hub, url: str, opener: Opener | None) -> Path:
    """Where the hub keeps a repository: what a credential opened lies apart, and goes with it."""
    folder = hub.folder / "git"
    name = f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"
    return folder / opener.credential.id.hex / name if opener else folder / name


def scratch_of(hub: Hub) -> Path:
    return hub.folder / "git" / "private"


def opened_by(hub: Hub) -> set[uuid.UUID]:
    """The credentials that something was fetched with."""
    folder = hub.folder / "git"
    names = [found.name for found in folder.iterdir()] if folder.exists() else []
    return {uuid.UUID(name) for name in names if re.fullmatch(r"[0-9a-f]{32}", name)}


def forget(hub: Hub, credential: uuid.UUID) -> None:
    """Remove what was fetched with a credential."""
    shutil.rmtree(hub.folder / "git" / credential.hex, ignore_errors=True)


def git(arguments: list[str], repository: Path | None) -> None:
    done = run_git(arguments, repository)
    if done.returncode != 0:
        raise Unavailable(f"git {arguments[0]} failed: {complaint(done.stderr)}")
