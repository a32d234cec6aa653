"""/owners, /users and /groups: who there is"""

from uuid import UUID

from fastapi import APIRouter, Request

from assethub.domain.owners import Group, OwnerKind, Scope
from assethub.protocol.owners import (
    CreatedKey,
    GroupChange,
    GroupInfo,
    KeyInfo,
    MemberInfo,
    Membership,
    NewGroup,
    NewKey,
    NewPassword,
    NewUser,
    OwnerInfo,
    OwnerUsageInfo,
    Quota,
    SignInLink,
    UserChange,
    UserInfo,
)  # fmt: skip
from assethub.server.api.owners import created_key, key_info
from assethub.server.dependencies import CurrentWork, WorkRoute
from assethub.services import accounts, groups, keys, quotas, sessions

router = APIRouter(tags=["people"], route_class=WorkRoute)


@router.get("/owners")
def search_owners(work: CurrentWork, search: str, kind: OwnerKind | None = None) -> list[OwnerInfo]:
    """Up to 20 active users and groups whose name or title holds what is searched for."""
    found = accounts.search_owners(work, search, (kind,) if kind else tuple(OwnerKind))
    return [OwnerInfo.model_validate(owner) for owner in found]


@router.get("/owners/{name}")
def get_owner(work: CurrentWork, name: str) -> OwnerInfo:
    return OwnerInfo.model_validate(accounts.find_owner(work, name))


@router.get("/owners/{name}/usage")
def get_usage(work: CurrentWork, name: str) -> OwnerUsageInfo:
    """How many bytes the owner's assets hold, and may hold: for them, members of the group, and administrators."""
    return OwnerUsageInfo.model_validate(quotas.owner_usage(work, name))


@router.put("/owners/{name}/quota")
def set_quota(work: CurrentWork, name: str, given: Quota) -> OwnerUsageInfo:
    """Let the owner's assets hold so many bytes; for administrators. What they hold already stays."""
    return OwnerUsageInfo.model_validate(quotas.set_quota(work, name, given.quota))


@router.get("/users")
def list_users(work: CurrentWork, search: str = "", after: str = "", limit: int = 1000) -> list[UserInfo]:
    """Users and service accounts by name, from after a name on; for administrators."""
    return [UserInfo.model_validate(user) for user in accounts.list_users(work, search, after, limit)]


@router.post("/users", status_code=201)
def create_user(work: CurrentWork, new: NewUser) -> UserInfo:
    """For administrators."""
    kind = OwnerKind.SERVICE if new.service else OwnerKind.USER
    made = accounts.create_user(
        work, new.name, new.password, admin=new.admin, title=new.title, email=new.email, kind=kind
    )
    return UserInfo.model_validate(made)


@router.patch("/users/{name}")
def change_user(work: CurrentWork, name: str, change: UserChange) -> UserInfo:
    """Deactivating ends sessions, keys and runs at once; what the user owns stays."""
    given = change.model_dump(exclude_unset=True)
    return UserInfo.model_validate(accounts.change_user(work, name, **given))


@router.put("/users/{name}/password", status_code=204)
def reset_password(work: CurrentWork, name: str, given: NewPassword) -> None:
    """For administrators: the user's browsers are signed out."""
    accounts.reset_password(work, name, given.new)


@router.post("/users/{name}/sign-in-link", status_code=201)
def create_sign_in_link(request: Request, work: CurrentWork, name: str) -> SignInLink:
    """A link that signs the user in once, for administrators; it is in this answer only."""
    secret = sessions.create_sign_in_link(work, name)
    return SignInLink(url=f"{request.url.scheme}://{request.url.netloc}/sign-in/link?token={secret}")


@router.get("/users/{name}/keys")
def list_service_keys(work: CurrentWork, name: str) -> list[KeyInfo]:
    """The API keys of a service account; for administrators."""
    return [key_info(key) for key in keys.list_service_keys(work, name)]


@router.post("/users/{name}/keys", status_code=201)
def create_service_key(work: CurrentWork, name: str, new: NewKey) -> CreatedKey:
    """A new API key of a service account, for administrators; its secret is in this answer only."""
    return created_key(
        keys.create_service_key(work, name, new.name, Scope[new.scope.upper()], new.expires_in_days, new.folder)
    )


@router.delete("/users/{name}/keys/{id}", status_code=204)
def revoke_service_key(work: CurrentWork, name: str, id: UUID) -> None:
    keys.revoke_service_key(work, name, id)


def group_info(group: Group) -> GroupInfo:
    return GroupInfo.model_validate(group)


@router.get("/groups")
def list_groups(work: CurrentWork, search: str = "", after: str = "", limit: int = 1000) -> list[GroupInfo]:
    """Groups by name, from after a name on."""
    return [group_info(group) for group in groups.list_groups(work, search, after, limit)]


@router.post("/groups", status_code=201)
def create_group(work: CurrentWork, new: NewGroup) -> GroupInfo:
    """A new group with the caller as its admin."""
    return group_info(groups.create_group(work, new.name, new.title, new.claim))


@router.get("/groups/{name}")
def get_group(work: CurrentWork, name: str) -> GroupInfo:
    return group_info(groups.get_group(work, name))


@router.patch("/groups/{name}")
def change_group(work: CurrentWork, name: str, change: GroupChange) -> GroupInfo:
    return group_info(groups.change_group(work, name, title=change.title, claim=change.claim))


@router.delete("/groups/{name}", status_code=204)
def delete_group(work: CurrentWork, name: str) -> None:
    """Conflict while it owns folders."""
    groups.delete_group(work, name)


@router.get("/groups/{name}/members")
def list_members(work: CurrentWork, name: str) -> list[MemberInfo]:
    return [MemberInfo.model_validate(member) for member in groups.list_members(work, name)]


@router.put("/groups/{name}/members/{user}", status_code=204)
def put_member(work: CurrentWork, name: str, user: str, membership: Membership) -> None:
    """Make a user a member or an admin of the group."""
    groups.put_member(work, name, user, admin=membership.admin)


@router.delete("/groups/{name}/members/{user}", status_code=204)
def remove_member(work: CurrentWork, name: str, user: str) -> None:
    """Admins remove anybody; everybody may leave."""
    groups.remove_member(work, name, user)
