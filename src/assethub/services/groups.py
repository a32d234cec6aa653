"""Groups: who is a member, who looks after them."""

from typing import Any

from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.names import check_name
from assethub.domain.owners import Caller, Group, Member, OwnerKind, Scope
from assethub.services.accounts import get_user, told
from assethub.services.work import Work


def create_group(work: Work, name: str, title: str = "", claim: str | None = None) -> Group:
    """A new group with its maker as its admin. `claim` is for hub administrators: whom the provider says it of."""
    person = work.account("group.create")
    if claim is not None:
        work.administrator("group.claim")
    check_name("owner", name)
    if work.owners.find(name):
        raise Conflict(f"A user or group named {name!r} exists already.")
    group = Group(work.new_id(), name, title.strip()[:200], work.now(), claim or None, 1)
    work.groups.add(group)
    work.groups.put(group.id, person.user.id, admin=True)
    work.record("group.create", name)
    return group


def get_group(work: Work, name: str) -> Group:
    """A group by name, for whoever is signed in."""
    work.account("group.see", needs=Scope.READ)
    return find_group(work, name)


def find_group(work: Work, name: str) -> Group:
    group = work.groups.find(name)
    if group is None:
        raise NotFound(f"There is no group {name!r}.")
    return group


def list_groups(work: Work, words: str = "", after: str = "", limit: int = 1000) -> list[Group]:
    work.account("group.list", needs=Scope.READ)
    return work.groups.listed(words, after, min(limit, 1000))


def my_groups(work: Work) -> list[tuple[Group, bool]]:
    """The caller's groups, and whether they are an admin of each."""
    return work.groups.of(work.account("group.list", needs=Scope.READ).user.id)


def list_members(work: Work, name: str) -> list[Member]:
    return work.groups.members(get_group(work, name).id)


def may_manage(work: Work, group: Group) -> bool:
    """Whether the caller looks after the group: its admins and the hub's do."""
    caller = work.caller
    if not isinstance(caller, Caller):
        return False
    member = work.groups.member(group.id, caller.user.id)
    return caller.admin or (member is not None and member.admin)


def managed(work: Work, name: str, action: str) -> Group:
    """The group, if the caller looks after it."""
    work.account(action)
    group = find_group(work, name)
    if not may_manage(work, group):
        raise work.refused(Forbidden(f"Only an admin of the group {group.name!r} may do this."), action, group.name)
    return group


def change_group(work: Work, name: str, *, title: str | None = None, claim: str | None = None) -> Group:
    """`claim` is for hub administrators; an empty one takes it away."""
    group = managed(work, name, "group.change")
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = title.strip()[:200]
    if claim is not None:
        work.administrator("group.claim")
        values["claim"] = claim.strip()[:200] or None
    if values:
        work.owners.change(group.id, values)
        work.record("group.change", group.name, **told(values))
    return find_group(work, name)


def put_member(work: Work, name: str, user: str, *, admin: bool = False) -> None:
    """Make a user a member or an admin of the group. Invalid for what is no active user."""
    group = managed(work, name, "group.member")
    found = get_user(work, user)
    if found.deactivated_at is not None or found.kind is OwnerKind.GROUP:
        raise Invalid(f"{found.name!r} is deactivated and cannot become a member.")
    before = work.groups.member(group.id, found.id)
    work.groups.put(group.id, found.id, admin=admin, claimed=before is not None and before.claimed)
    keep_an_admin(work, group)
    work.record("group.member", group.name, user=found.name, admin=admin)


def remove_member(work: Work, name: str, user: str) -> None:
    """Admins remove anybody; everybody may leave."""
    person = work.account("group.member")
    own = person.user.name.lower() == user.lower()
    group = find_group(work, name) if own else managed(work, name, "group.member")
    found = get_user(work, user)
    if not work.groups.remove(group.id, found.id):
        raise NotFound(f"{found.name!r} is no member of the group {group.name!r}.")
    keep_an_admin(work, group)
    work.record("group.member", group.name, user=found.name, removed=True)


def keep_an_admin(work: Work, group: Group) -> None:
    """A group without an admin could only be helped by the hub's."""
    members = work.groups.members(group.id)
    if members and not any(member.admin for member in members):
        raise Conflict(f"The group {group.name!r} needs an admin; make another member one first.")


def delete_group(work: Work, name: str) -> None:
    """Conflict while it owns folders, deleted ones that can still come back among them."""
    group = managed(work, name, "group.delete")
    owned = work.folders.count(group.id)
    if owned:
        raise Conflict(
            f"The group {group.name!r} owns {owned} folders; delete them first, and wait until they are gone."
        )
    work.owners.delete(group.id)
    work.record("group.delete", group.name)
