"""ah share, ah group, ah user, ah session"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.folders import SharingInfo


@click.command()
@click.argument("folder")
@click.option("--user", help="Give the role to this user.")
@click.option("--group", help="Give the role to this group.")
@click.option("--everyone", is_flag=True, help="Give the role to everyone who is signed in.")
@click.option("--public", is_flag=True, help="Let readers see it who are not signed in (role viewer or none).")
@click.option("--role", type=click.Choice(["viewer", "runner", "editor", "owner", "none"]))
@json_option
@hub
def share(
    hub: "Hub", folder: str, user: str | None, group: str | None, everyone: bool, public: bool, role: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Give a role in FOLDER, take it away (--role none), or show who has one."""
    from assethub.client.folders import Folder

    found = hub.get(folder)
    if not isinstance(found, Folder):
        parent = folder.rsplit("/", 1)[0]
        raise click.UsageError(f"{folder} is no folder; roles are given on folders, such as {parent}.")
    chosen = [name for name in (user, group, everyone and "everyone", public and "public") if name]
    if (role is None) != (not chosen) or len(chosen) > 1:
        raise click.UsageError("Name one of --user, --group, --everyone or --public, together with --role.")
    if role is None:
        show_sharing(found.sharing(), as_json)
    elif everyone:
        show_sharing(found.open(everyone=role), as_json)
    elif public:
        if role not in ("viewer", "none"):
            raise click.UsageError("Readers who are not signed in can be viewers; give --role viewer or none.")
        show_sharing(found.open(public=role == "viewer"), as_json)
    else:
        show_sharing(found.share(chosen[0], None if role == "none" else role), as_json)


def show_sharing(sharing: "SharingInfo", as_json: bool) -> None:
    if as_json:
        print_json(sharing)
        return
    rows = [(sharing.owner, sharing.owner_kind, "owner")]
    rows += [(one.name, one.kind, one.role) for one in sharing.grants]
    rows += [("everyone signed in", "", sharing.everyone)] if sharing.everyone else []
    rows += [("everyone", "", "viewer")] if sharing.public else []
    table(rows, ("name", "kind", "role"))


@click.group("group")
def group_group() -> None:
    """Groups of users, which own folders and are given roles."""


@group_group.command("create")
@click.argument("name")
@click.option("--title", default="", help="What it is for.")
@click.option("--claim", help="For administrators: whom the sign-in provider says this of are members.")
@hub
def create_group(hub: "Hub", name: str, title: str, claim: str | None) -> None:
    """Make a group; you become its admin."""
    click.echo(f"Created the group {hub.create_group(name, title=title, claim=claim).name}")


@group_group.command("ls")
@click.argument("name", required=False)
@click.option("--mine", is_flag=True, help="Only the groups that you are in.")
@json_option
@hub
def list_groups(hub: "Hub", name: str | None, mine: bool, as_json: bool) -> None:
    """List the groups, or the members of one."""
    if name is not None:
        members = hub.group(name).members()
        if as_json:
            print_json(members)
            return
        table([(one.name, "admin" if one.admin else "member", one.title) for one in members], ("name", "as", "title"))
        return
    groups = hub.groups(mine=mine)
    if as_json:
        print_json([group.info for group in groups])
        return
    table([(one.name, one.info.members, one.info.title) for one in groups], ("name", "members", "title"), right=(1,))


@group_group.command("add")
@click.argument("name")
@click.argument("user")
@click.option("--admin", is_flag=True, help="As an admin, who looks after the group.")
@hub
def add_member(hub: "Hub", name: str, user: str, admin: bool) -> None:
    """Make USER a member of the group, or change what they are in it."""
    hub.group(name).add(user, admin=admin)
    click.echo(f"{user} is {'an admin' if admin else 'a member'} of {name}")


@group_group.command("remove")
@click.argument("name")
@click.argument("user")
@hub
def remove_member(hub: "Hub", name: str, user: str) -> None:
    """Take USER out of the group."""
    hub.group(name).remove(user)
    click.echo(f"{user} is no member of {name} any more")


@group_group.command("delete")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@hub
def delete_group(hub: "Hub", name: str, yes: bool) -> None:
    """Delete the group, with the roles that were given to it."""
    if not yes:
        click.confirm(f"Delete the group {name}?", abort=True)
    hub.group(name).delete()
    click.echo(f"Deleted the group {name}")


@click.group("user")
def user_group() -> None:
    """Users and service accounts, for administrators with a key of the scope admin."""


@user_group.command("ls")
@click.argument("search", required=False, default="")
@json_option
@hub
def list_users(hub: "Hub", search: str, as_json: bool) -> None:
    """List the users, or those whose name or title holds SEARCH."""
    users = hub.users(search)
    if as_json:
        print_json(users)
        return
    rows = [
        (one.name, "deactivated" if one.deactivated_at else "administrator" if one.admin else one.kind, one.title)
        for one in users
    ]
    table(rows, ("name", "is", "title"))


@user_group.command("create")
@click.argument("name")
@click.option("--admin", is_flag=True, help="Make them an administrator of the hub.")
@click.option("--service", is_flag=True, help="An account for programs: `ah key create --user NAME` gives it keys.")
@click.option("--title", default="", help="Their full name.")
@click.option("--email")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@hub
def create_user(
    hub: "Hub", name: str, admin: bool, service: bool, title: str, email: str | None, password_stdin: bool
) -> None:
    """Sign up a user with a password, or an account for programs."""
    import sys

    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    elif not service:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    made = hub.create_user(name, password, admin=admin, title=title, email=email, service=service)
    click.echo(f"Signed up {made.name}")


@user_group.command("change")
@click.argument("name")
@click.option("--title", help="Their full name.")
@click.option("--email")
@click.option("--admin/--no-admin", default=None, help="Whether they are an administrator of the hub.")
@click.option("--active/--deactivate", default=None, help="Deactivating ends their sessions, keys and runs at once.")
@hub
def change_user(
    hub: "Hub", name: str, title: str | None, email: str | None, admin: bool | None, active: bool | None
) -> None:
    """Change a user; your own title and email need no administrator."""
    hub.update_user(name, title=title, email=email, admin=admin, active=active)
    click.echo(f"Changed {name}")


@user_group.command("link")
@click.argument("name")
@hub
def link_user(hub: "Hub", name: str) -> None:
    """Print an address that signs the user in once, within an hour."""
    click.echo(hub.create_sign_in_link(name))


@click.group("session")
def session_group() -> None:
    """Browsers that you are signed in with."""


@session_group.command("ls")
@json_option
@hub
def list_sessions(hub: "Hub", as_json: bool) -> None:
    """List them, the last used first."""
    sessions = hub.sessions()
    if as_json:
        print_json(sessions)
        return
    rows = [(one.id, ago(one.seen_at), one.address, one.agent[:60]) for one in sessions]
    table(rows, ("id", "used", "from", "browser"))


@session_group.command("end")
@click.argument("id", required=False)
@hub
def end_session(hub: "Hub", id: str | None) -> None:
    """Sign out of one browser, or of all of them."""
    if id is None:
        hub.end_sessions()
        click.echo("Signed out everywhere; API keys stay.")
    else:
        hub.end_session(id)
        click.echo(f"Ended {id}")
