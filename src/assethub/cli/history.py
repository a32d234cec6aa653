"""ah commit, ah log, ah diff, ah merge, ah revert, ah cherry-pick, ah status, ah reset"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, pair, print_json, progress, size, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.versions import Version
    from assethub.protocol.history import ChangeInfo, CommitInfo

SIGNS = {"added": "+", "changed": "~", "removed": "-", "renamed": ">"}


def version_of(hub: "Hub", text: str) -> "Version":
    """The version that a reference names; without a ref, main."""
    from assethub.client.versions import Version

    reference = hub.reference(text)
    return Version(hub.connection, reference.asset, reference.ref or "main")


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@click.option("-m", "--message", required=True, help="Why this change is made.")
@click.option("-a", "--add", "add", multiple=True, metavar="LOCAL[:REMOTE]",
              help="File or folder to add; ./dir keeps the folder's name, './dir/*' does not.")  # fmt: skip
@click.option("-d", "--delete", "delete", multiple=True, metavar="PATH", help="File, or DIR/ with all below it.")
@click.option("--exclude", multiple=True, metavar="PATTERN",
              help="What of the folders is left out, as in .gitignore; .ahignore files in them count too.")  # fmt: skip
@click.option("--staged", is_flag=True, help="Commit what is staged on the branch too.")
@click.option("--force", is_flag=True, help="Staged changes win over what changed meanwhile.")
@click.option("--expected-parent", metavar="COMMIT", help="Refuse if the branch is not at this commit.")
@json_option
@hub
def commit(
    hub: "Hub", path: str, message: str, add: tuple[str, ...], delete: tuple[str, ...], exclude: tuple[str, ...],
    staged: bool, force: bool, expected_parent: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Commit files and deletions to a branch, in one step."""
    if not (add or delete or staged):
        raise click.UsageError("There is nothing to commit: give -a, -d or --staged.")
    version = version_of(hub, path)
    given = [dict([split(text)]) if split(text)[1] else text for text in add]
    with progress("Uploading") as report:
        made = version.commit(
            message, given, delete, staged=staged, force=force, expected_parent=expected_parent, exclude=exclude,
            progress=report,
        )  # fmt: skip
    show_made(made, as_json, f"{version} holds all of this already; nothing to commit.")


def split(text: str) -> tuple[str, str]:
    """LOCAL and REMOTE; a drive letter's colon is no separator."""
    local, found, remote = text.partition(":")
    if found and len(local) == 1 and remote.startswith("\\"):
        local, _, remote = text.rpartition(":")
    return local, remote


def counts(commit: "CommitInfo") -> str:
    parts = [(commit.added, "added"), (commit.changed, "changed"), (commit.removed, "removed")]
    return ", ".join(f"{count} {what}" for count, what in parts if count) or "same files"


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.option("-n", "--number", default=20, show_default=True, help="How many commits.")
@json_option
@hub
def log(hub: "Hub", reference: str, number: int, as_json: bool) -> None:
    """Show the history of a version, newest first."""
    show_commits(version_of(hub, reference).list_commit(number), as_json)


def show_commits(commits: "Sequence[CommitInfo]", as_json: bool) -> None:
    if as_json:
        print_json(list(commits))
        return
    rows = [
        (one.id[:8], one.message.splitlines()[0], one.author if one.author == one.committer else f"{one.author} by "
         f"{one.committer}", ago(one.made_at), f"{one.files} files, {size(one.size)}", counts(one))
        for one in commits
    ]  # fmt: skip
    table(rows, ("commit", "message", "author", "made", "holds", "changes"))


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("other", metavar="REF")
@json_option
@hub
def diff(hub: "Hub", reference: str, other: str, as_json: bool) -> None:
    """Show what changes from a version to REF (or another PATH:REF of the same asset)."""
    version = version_of(hub, reference)
    if ":" in other:
        target = hub.reference(other)
        if target.asset != version.asset:
            raise click.UsageError("Both sides of a diff are versions of the same asset.")
        other = target.ref or "main"
    changes = version.diff(other)
    if as_json:
        print_json(changes)
        return
    for change in changes:
        click.echo(describe(change))
    if not changes:
        click.echo("No difference.")


def describe(change: "ChangeInfo") -> str:
    moved = f"{change.old_path} → {change.path}" if change.old_path else change.path
    old, new = (size(side.size) if side else "" for side in (change.old, change.new))
    sizes = f"{old} → {new}" if old and new and change.kind == "changed" else new or old
    return f"{SIGNS[change.kind]} {moved}  ({sizes})"


@click.command()
@click.argument("path", metavar="PATH:BRANCH")
@click.option("--into", default="main", show_default=True, help="Branch that receives it.")
@click.option("--strategy", type=click.Choice(["merge", "source", "target", "replace"]),
              help="How to answer conflicts.  [default: replace into main, else merge]")  # fmt: skip
@click.option("--answer", "answers", multiple=True, metavar="PATH=source|target", help="Answer to one conflict.")
@click.option("-m", "--message", help="Message of the merge commit.")
@json_option
@hub
def merge(
    hub: "Hub", path: str, into: str, strategy: str | None, answers: tuple[str, ...], message: str | None, as_json: bool
) -> None:
    """Merge a branch (tag, commit) into another branch. Into main, this publishes a model version."""
    if ":" not in path:
        raise click.UsageError("Say what to merge: PATH:BRANCH.")
    version = version_of(hub, path)
    made = version.merge(into, strategy=strategy, answers=parse_answers(answers), message=message)
    show_made(made, as_json, f"{into} holds {version.ref} already; nothing to merge.")


def answer_option(command: Callable[..., None]) -> Callable[..., None]:
    help = "Answer to one conflict."
    return click.option("--answer", "answers", multiple=True, metavar="PATH=source|target", help=help)(command)


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@click.argument("commit_id", metavar="COMMIT")
@answer_option
@json_option
@hub
def revert(hub: "Hub", path: str, commit_id: str, answers: tuple[str, ...], as_json: bool) -> None:
    """Take back on a branch what a commit changed."""
    version = version_of(hub, path)
    made = version.revert(commit_id, answers=parse_answers(answers))
    show_made(made, as_json, f"Nothing of {commit_id} is left on {version.ref}.")


@click.command("cherry-pick")
@click.argument("path", metavar="PATH[:BRANCH]")
@click.argument("commit_id", metavar="COMMIT")
@answer_option
@json_option
@hub
def cherry_pick(hub: "Hub", path: str, commit_id: str, answers: tuple[str, ...], as_json: bool) -> None:
    """Make the change of one commit on a branch."""
    version = version_of(hub, path)
    made = version.cherry_pick(commit_id, answers=parse_answers(answers))
    show_made(made, as_json, f"{version.ref} holds the change of {commit_id} already.")


def parse_answers(answers: tuple[str, ...]) -> dict[str, str]:
    return dict(pair(text, "--answer config.json=source") for text in answers)


def show_made(made: "CommitInfo | None", as_json: bool, nothing: str) -> None:
    """The new commit on a line, or why there is none."""
    if as_json:
        print_json(made.model_dump(mode="json") if made else None)
    elif made is None:
        click.echo(nothing)
    else:
        click.echo(f"{made.id[:8]} {made.message.splitlines()[0]}  ({counts(made)})")


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@json_option
@hub
def status(hub: "Hub", path: str, as_json: bool) -> None:
    """Show what is staged on a branch."""
    version = version_of(hub, path)
    staged = version.status()
    if as_json:
        print_json(staged)
        return
    for change in staged:
        click.echo(f"{'-' if change.deleted else '+'} {change.path}")
    if not staged:
        click.echo(f"Nothing is staged on {version}.")


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@hub
def reset(hub: "Hub", path: str) -> None:
    """Drop what is staged on a branch."""
    click.echo(f"Dropped {version_of(hub, path).reset()} staged changes.")
