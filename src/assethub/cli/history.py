"""ah commit, ah stage, ah log, ah diff, ah merge, ah revert, ah cherry-pick, ah status, ah reset"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, pair, print_json, progress, table
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.sources import Add
    from assethub.client.versions import Version
    from assethub.protocol.history import ChangeInfo, CommitInfo, MergePreview

SIGNS = {"added": "+", "changed": "~", "removed": "-", "renamed": ">"}


def version_of(hub: "Hub", text: str) -> "Version":
    """The version that a reference names; without a ref, main."""
    from assethub.client.versions import Version

    reference = hub.reference(text)
    return Version(hub.connection, reference.asset, reference.ref or "main")


move_option = click.option(
    "--move", multiple=True, metavar="OLD=NEW", help="File, or DIR/=OTHER/ with all below it; no bytes move."
)


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@click.option("-m", "--message", required=True, help="Why this change is made.")
@click.option("-a", "--add", "add", multiple=True, metavar="LOCAL[:REMOTE]",
              help="File or folder to add; ./dir keeps the folder's name, './dir/*' does not.")  # fmt: skip
@click.option("-d", "--delete", "delete", multiple=True, metavar="PATH", help="File, or DIR/ with all below it.")
@click.option("--exclude", multiple=True, metavar="PATTERN",
              help="What of the folders is left out, as in .gitignore; .ahignore files in them count too.")  # fmt: skip
@move_option
@click.option("--staged", is_flag=True, help="Commit what is staged on the branch too.")
@click.option("--only", multiple=True, metavar="PATH", help="Of what is staged, just this path.")
@click.option("--force", is_flag=True, help="Staged changes win over what changed meanwhile.")
@click.option("--expected-parent", metavar="COMMIT", help="Refuse if the branch is not at this commit.")
@json_option
@hub
def commit(
    hub: "Hub", path: str, message: str, add: tuple[str, ...], delete: tuple[str, ...], exclude: tuple[str, ...],
    move: tuple[str, ...], staged: bool, only: tuple[str, ...], force: bool, expected_parent: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Commit files, moves and deletions to a branch, in one step."""
    if not (add or delete or move or staged or only):
        raise click.UsageError("There is nothing to commit: give -a, -d, --move or --staged.")
    version = version_of(hub, path)
    with progress("Uploading") as report:
        made = version.commit(
            message, given_files(add), delete, move=given_moves(move), staged=staged or bool(only), only=only or None,
            force=force, expected_parent=expected_parent, exclude=exclude, progress=report,
        )  # fmt: skip
    show_made(made, as_json, f"{version} holds all of this already; nothing to commit.")


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@click.option("-a", "--add", "add", multiple=True, metavar="LOCAL[:REMOTE]", help="File or folder to stage.")
@click.option("-d", "--delete", "delete", multiple=True, metavar="PATH", help="File, or DIR/ with all below it.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="What of the folders is left out.")
@move_option
@hub
def stage(
    hub: "Hub", path: str, add: tuple[str, ...], delete: tuple[str, ...], exclude: tuple[str, ...],
    move: tuple[str, ...],
) -> None:  # fmt: skip
    """Stage files, moves and deletions on a branch, for a later `ah commit --staged`."""
    if not (add or delete or move):
        raise click.UsageError("There is nothing to stage: give -a, -d or --move.")
    version = version_of(hub, path)
    with progress("Uploading") as report:
        found = version.stage(
            given_files(add), delete, move=given_moves(move), exclude=exclude, progress=report
        )  # fmt: skip
    click.echo(f"Staged {len(found)} changes on {version}; `ah commit {path} --staged -m MESSAGE` commits them.")


def given_files(add: tuple[str, ...]) -> "list[Add]":
    return [dict([split(text)]) if split(text)[1] else text for text in add]


def given_moves(move: tuple[str, ...]) -> dict[str, str]:
    return dict(pair(text, "--move old.txt=new.txt") for text in move)


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
@click.option("--path", default="", metavar="FILE|DIR/", help="Only commits that touched this file or folder.")
@click.option("--author", default="", metavar="NAME", help="Only commits that this user made or recorded.")
@click.option("--search", default="", metavar="TEXT", help="Only commits with this text in their message.")
@json_option
@hub
def log(
    hub: "Hub", reference: str, number: int, path: str, author: str, search: str, as_json: bool
) -> None:  # fmt: skip
    """Show the history of a version, newest first."""
    version = version_of(hub, reference)
    show_commits(version.list_commit(number, path=path, author=author, search=search), as_json)


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
@click.option("--table", "file", metavar="FILE", help="Compare this one file, which is a table, row by row.")
@click.option("--search", default="", metavar="TEXT", help="Only paths with this text in them.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(SIGNS)), help="Only changes of this kind.")
@json_option
@hub
def diff(
    hub: "Hub", reference: str, other: str, file: str | None, search: str, kinds: tuple[str, ...], as_json: bool
) -> None:
    """Show what changes from a version to REF (or another PATH:REF of the same asset)."""
    version = version_of(hub, reference)
    if ":" in other:
        target = hub.reference(other)
        if target.asset != version.asset:
            raise click.UsageError("Both sides of a diff are versions of the same asset.")
        other = target.ref or "main"
    if file is not None:
        from assethub.cli.tables import show_diff

        compared = version.table(file).diff(other)
        print_json(compared) if as_json else show_diff(compared)
        return
    changes = version.diff(other, search=search, kinds=kinds)
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
@click.option("--dry-run", is_flag=True, help="Only show what would change, and the conflicts.")
@json_option
@hub
def merge(
    hub: "Hub", path: str, into: str, strategy: str | None, answers: tuple[str, ...], message: str | None,
    dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Merge a branch (tag, commit) into another branch. Into main, this publishes a model version."""
    if ":" not in path:
        raise click.UsageError("Say what to merge: PATH:BRANCH.")
    version = version_of(hub, path)
    if dry_run:
        show_preview(version.preview_merge(into, strategy=strategy), into, version.ref, as_json)
        return
    made = version.merge(into, strategy=strategy, answers=parse_answers(answers), message=message)
    show_made(made, as_json, f"{into} holds {version.ref} already; nothing to merge.")


def show_preview(plan: "MergePreview", into: str, source: str, as_json: bool) -> None:
    if as_json:
        print_json(plan.model_dump(mode="json"))
        return
    if plan.nothing:
        click.echo(f"{into} holds {source} already; nothing to merge.")
        return
    click.echo(f"{plan.changes} paths of {into} would change (strategy {plan.strategy}).")
    for one in plan.conflicts:
        sides = [f"{what} {size(side.size) if side else 'deleted'}" for what, side in
                 (("source", one.source), ("target", one.target))]  # fmt: skip
        click.echo(f"! {one.path}  ({', '.join(sides)})")
    if plan.conflict_count:
        click.echo(f"{plan.conflict_count} conflicts: answer each with --answer, or choose a --strategy.")


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
        by = f"  ({change.staged_by}, {ago(change.staged_at)})" if change.staged_by and change.staged_at else ""
        click.echo(f"{SIGNS[change.kind]} {change.path}{by}")
    if not staged:
        click.echo(f"Nothing is staged on {version}.")


@click.command()
@click.argument("path", metavar="PATH[:BRANCH]")
@click.argument("files", metavar="[FILE]...", nargs=-1)
@hub
def reset(hub: "Hub", path: str, files: tuple[str, ...]) -> None:
    """Drop what is staged on a branch, or just these files."""
    click.echo(f"Dropped {version_of(hub, path).reset(files or None)} staged changes.")
