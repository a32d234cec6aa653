"""Git repositories of code: a revision pinned to its commit, and the task file read there."""

import hashlib
import os
import re
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any

import yaml

from assethub.domain.errors import Invalid, Unavailable
from assethub.domain.names import check_path
from assethub.domain.runs import Code
from assethub.domain.tasks import TASK_FILE, Task, parse_tasks
from assethub.services.work import Hub

REMOTE = re.compile(r"(https://|ssh://)[^\s]+|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s:][^\s]*")
REVISION = re.compile(r"[^\s~^:?*\[\\-][^\s~^:?*\[\\]*")
LARGEST_TASK_FILE = 256 << 10
MOST_NODES = 10_000
SECONDS = 300


def check_url(hub: Hub, url: str) -> str:
    """The address itself, if the hub may fetch from it: https, ssh, or a path below an administrator's root."""
    if REMOTE.fullmatch(url):
        return url
    path = Path(url)
    if path.is_absolute():
        real = path.resolve()
        if any(real.is_relative_to(root.resolve()) for root in hub.git_roots):
            return str(real)
        raise Invalid(
            f"The Git repository {url!r} is not below a folder that this hub's administrator allows (git_roots)."
        )
    raise Invalid(f"{url!r} is not a Git address that the hub fetches from; use https://… or ssh://… or git@host:path.")


def pin(hub: Hub, url: str, revision: str | None, subpath: str | None) -> tuple[Code, dict[str, Task]]:
    """The repository at the commit that the revision names now, and its tasks. Fetches from the network."""
    address = check_url(hub, url)
    wanted = revision or "HEAD"
    if not REVISION.fullmatch(wanted) or ".." in wanted:
        raise Invalid(f"{wanted!r} is not a Git revision; give a branch, a tag or a commit.")
    folder = (subpath or "").strip("/")
    if folder:
        check_path(folder)
    sha = fetch(hub, address, wanted)
    code = Code(address, wanted, sha, folder)
    return code, read_tasks(hub, code)


def fetch(hub: Hub, url: str, revision: str) -> str:
    """Bring the revision into the hub's cache of the repository; answers its commit's sha."""
    cache = cache_of(hub, url)
    if not cache.exists():
        cache.parent.mkdir(parents=True, exist_ok=True)
        fresh = cache.with_name(f"{uuid.uuid4().hex}.new")
        git(["init", "--quiet", "--bare", str(fresh)], None)
        try:
            fresh.rename(cache)
        except OSError:  # another request made it meanwhile
            shutil.rmtree(fresh)
    ref = f"refs/pins/{uuid.uuid4().hex}"  # keeps the commit, and needs no lock between requests
    told = git(["fetch", "--quiet", "--no-tags", "--depth=1", "--", url, f"+{revision}:{ref}"], cache, check=False)
    if told is None:
        return peeled(cache, ref)
    if re.fullmatch(r"[0-9a-f]{4,40}", revision):  # a commit: some servers give only refs, so take them all
        told = git(["fetch", "--quiet", "--no-tags", "--", url, f"+refs/*:refs/all/{ref[10:]}/*"], cache, check=False)
        found = sha_of(cache, revision)
        if told is None and found:
            return found
    if told is not None and "couldn't find remote ref" not in told and "not our ref" not in told:
        raise Invalid(f"The Git repository {url} could not be read: {told}")
    raise Invalid(f"The Git repository {url} has no branch, tag or commit {revision!r}.")


def peeled(cache: Path, ref: str) -> str:
    sha = sha_of(cache, ref)
    if sha is None:
        raise Invalid(f"The Git revision {ref!r} is not a commit.")
    return sha


def sha_of(cache: Path, name: str) -> str | None:
    done = run_git(["rev-parse", "--verify", "--quiet", f"{name}^{{commit}}"], cache)
    return done.stdout.strip() or None if done.returncode == 0 else None


def read_tasks(hub: Hub, code: Code) -> dict[str, Task]:
    path = f"{code.subpath}/{TASK_FILE}" if code.subpath else TASK_FILE
    cache = cache_of(hub, code.url)
    size = run_git(["cat-file", "-s", f"{code.sha}:{path}"], cache)
    if size.returncode != 0:
        raise Invalid(f"The repository {code.url} has no {path} at {code.sha[:8]}; it says how to train and evaluate.")
    if int(size.stdout) > LARGEST_TASK_FILE:
        raise Invalid(f"{path} has {size.stdout.strip()} bytes; a task file has at most {LARGEST_TASK_FILE}.")
    return tasks_of(run_git(["cat-file", "blob", f"{code.sha}:{path}"], cache).stdout)


def tasks_of(text: str) -> dict[str, Task]:
    """The tasks in the text of a task file; Invalid names the line of what is wrong."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Invalid(f"{TASK_FILE}, line {line}: this is not valid YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise Invalid(f"{TASK_FILE} is not valid YAML: {error}.") from None
    lines: dict[tuple[str, ...], int] = {}
    document = plain(node, (), lines, [0]) if node is not None else None
    return parse_tasks(document, lines)


def plain(node: yaml.Node, where: tuple[str, ...], lines: dict[tuple[str, ...], int], count: list[int]) -> Any:
    """The node as plain values, with the line of every key noted."""
    count[0] += 1
    if count[0] > MOST_NODES:
        raise Invalid(f"{TASK_FILE} is too large or refers to itself.")
    if isinstance(node, yaml.MappingNode):
        values: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Invalid(f"{TASK_FILE}, line {key.start_mark.line + 1}: a key must be a plain text.")
            at = (*where, key.value)
            if at in lines:
                raise Invalid(f"{TASK_FILE}, line {key.start_mark.line + 1}: the key {key.value!r} is given twice.")
            lines[at] = key.start_mark.line + 1
            values[key.value] = plain(value, at, lines, count)
        return values
    if isinstance(node, yaml.SequenceNode):
        return [plain(item, where, {}, count) for item in node.value]
    return yaml.SafeLoader("").construct_object(node)


def cache_of(hub: Hub, url: str) -> Path:
    return hub.folder / "git" / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"


def git(arguments: list[str], repository: Path | None, *, check: bool = True) -> str | None:
    """What git complained of, or None if all went well."""
    done = run_git(arguments, repository)
    if done.returncode == 0:
        return None
    complaint = (done.stderr.strip().splitlines() or ["git said nothing"])[-1].removeprefix("fatal: ")
    if check:
        raise Unavailable(f"git {arguments[0]} failed: {complaint}")
    return complaint


def run_git(arguments: list[str], repository: Path | None) -> subprocess.CompletedProcess[str]:
    program = shutil.which("git")
    if program is None:
        raise Unavailable("git is not installed on the hub's machine; install it (apt-get install git) and try again.")
    options = ["-c", "protocol.allow=never", "-c", "gc.auto=0"]
    for protocol in ("https", "ssh", "file"):  # `file` only reaches paths that check_url let through
        options += ["-c", f"protocol.{protocol}.allow=always"]
    where = ["--git-dir", str(repository)] if repository else []
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": "ssh -o BatchMode=yes", "LC_ALL": "C"}
    try:
        return subprocess.run(
            [program, *options, *where, *arguments], env=os.environ | quiet, capture_output=True, text=True,
            timeout=SECONDS, check=False, stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(f"git {arguments[0]} took longer than {SECONDS} s; the Git server may be away.") from None
