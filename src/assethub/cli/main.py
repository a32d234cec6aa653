"""The command `ah`: commands by name, imported when they are used, and every refusal as a sentence."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, QuotaExceeded, TooMany

COMMANDS: dict[str, tuple[str, str, str]] = {  # name -> group in the help, module, one line of help
    "create": ("Assets", "assets", "Make a folder, an asset, a branch or a tag."),
    "ls": ("Assets", "ls", "List folders, assets, files, branches, tags, commits, runs or evaluations."),
    "search": ("Assets", "search", "Find folders, assets and files by words."),
    "star": ("Assets", "search", "Give an asset your star."),
    "unstar": ("Assets", "search", "Take your star back."),
    "stars": ("Assets", "search", "List what you starred."),
    "update": ("Assets", "assets", "Rename or describe; set a model's training settings."),
    "delete": ("Assets", "assets", "Delete a folder, an asset, a branch or a tag."),
    "restore": ("Assets", "assets", "Bring back what was deleted in the last 14 days."),
    "commit": ("Versions", "history", "Commit files or deletions to a branch."),
    "download": ("Versions", "files", "Download a version or some of its files."),
    "cat": ("Versions", "files", "Print a file of a version."),
    "head": ("Versions", "tables", "Show the first rows of a table, or what its columns hold."),
    "tensors": ("Versions", "files", "Show the tensors of a weights file."),
    "log": ("Versions", "history", "Show the history of a version."),
    "diff": ("Versions", "history", "Show what differs between two versions."),
    "merge": ("Versions", "history", "Merge a branch into another; into main this publishes it."),
    "revert": ("Versions", "history", "Take back on a branch what a commit changed."),
    "cherry-pick": ("Versions", "history", "Make the change of one commit on a branch."),
    "import": ("Versions", "importing", "Import files from a bucket or a folder of the server, or what was exported."),
    "stage": ("Versions", "history", "Stage files, moves and deletions on a branch."),
    "status": ("Versions", "history", "Show what is staged on a branch."),
    "reset": ("Versions", "history", "Drop what is staged on a branch."),
    "copy": ("Versions", "storage", "Copy files of a version to another asset."),
    "usage": ("Versions", "storage", "Show how many bytes an asset, a version or an owner takes."),
    "lineage": ("Versions", "lineage", "Show what made a version, and what was made from it."),
    "export": ("Versions", "exporting", "Write a version with its history as one file for another hub."),
    "train": ("Runs", "train", "Train a model, or continue from a version of it."),
    "evaluate": ("Runs", "train", "Evaluate a model version."),
    "run": ("Runs", "progress", "Look at runs, follow, cancel and repeat them."),
    "task": ("Runs", "tasks", "Check a task file, or show what a model's takes."),
    "evaluation": ("Runs", "evaluations", "Enter, list and delete evaluations."),
    "leaderboard": ("Runs", "leaderboard", "Rank what was evaluated on a dataset, across models."),
    "reproduce": ("Runs", "reproduce", "Run what made a version once more, and say if the same came out."),
    "gate": ("Runs", "gates", "Say what a version must reach before it is published."),
    "login": ("Account", "account", "Sign in to a hub and keep a key for it."),
    "logout": ("Account", "account", "Forget the key."),
    "whoami": ("Account", "account", "Show who is signed in, and where."),
    "credential": ("Account", "credentials", "Keep what opens private Git repositories."),
    "key": ("Account", "account", "Make, list and revoke API keys."),
    "s3key": ("Account", "s3_keys", "Make, list and revoke keys for tools that speak S3."),
    "session": ("Account", "people", "Look at the browsers you are signed in with, and sign them out."),
    "share": ("People", "people", "Give roles in a folder, or show who has them."),
    "group": ("People", "people", "Make groups, and say who is in them."),
    "user": ("People", "people", "Sign up, change and deactivate users."),
    "audit": ("Hub", "audit", "Show who did what."),
    "serve": ("Hub", "serve", "Run a hub."),
    "demo": ("Hub", "demo", "Run a hub with a worked example on real data."),
    "admin": ("Hub", "admin", "Look after a hub on its own machine."),
    "doctor": ("Hub", "doctor", "Check that everything here is in order."),
    "config": ("Hub", "account", "Show the settings in use and where they come from."),
}
ATTRIBUTES = {
    "credential": "credential_group",
    "key": "key_group",
    "group": "group_group",
    "user": "user_group",
    "s3key": "s3key_group",
    "session": "session_group",
    "run": "run_group",
    "task": "task_group",
    "cherry-pick": "cherry_pick",
    "import": "import_",
}  # where a name is another thing's
STATUS: tuple[tuple[type[HubError], int], ...] = (
    (NotFound, 3), (Conflict, 4), (Forbidden, 1), (Invalid, 1), (QuotaExceeded, 1), (TooMany, 1)
)  # fmt: skip
AWAY, INTERRUPTED = 5, 130


class Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = import_module(f"assethub.cli.{COMMANDS[name][1]}")
        command: click.Command = getattr(module, ATTRIBUTES.get(name, name))
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for name, (group, _, help) in COMMANDS.items():
            groups.setdefault(group, []).append((name, help))
        for group, rows in groups.items():
            with formatter.section(group):
                formatter.write_dl(rows)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="assethub", prog_name="ah")
def ah() -> None:
    """Asset Hub: a home for AI models and datasets.

    Paths are OWNER/model/FOLDER/NAME or OWNER/dataset/FOLDER/NAME, with :REF for a branch, tag or commit; your own
    OWNER may be left out. The hub is the one of `ah login`, or of ASSETHUB_ENDPOINT and ASSETHUB_API_KEY.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command; exit status 1 refused, 2 wrong usage, 3 not found, 4 conflict, 5 server or network."""
    try:
        code = ah.main(arguments, prog_name="ah", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        click.echo("Interrupted; the same command again goes on where it stopped.", err=True)
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except HubError as error:
        click.echo(f"Error: {error}", err=True)
        for line in error.details:
            click.echo(f"  {line}", err=True)
        sys.exit(next((status for kind, status in STATUS if isinstance(error, kind)), AWAY))
    except BrokenPipeError:  # the reader of our output has gone, as `ah log … | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
