"""Who there is on a hub, as the SDK shows them: users, groups, sessions and keys."""

from urllib.parse import quote
from uuid import UUID

from assethub.client.connection import Connection
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
    SessionInfo,
    SignInLink,
    UserChange,
    UserInfo,
)  # fmt: skip


class Group:
    """A group of users, which can own folders and be given roles. `info` is what the hub said of it last."""

    def __init__(self, connection: Connection, info: GroupInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"Group({self.name!r})"

    @property
    def name(self) -> str:
        return self.info.name

    @property
    def url(self) -> str:
        return f"/groups/{quote(self.name)}"

    def members(self) -> list[MemberInfo]:
        """Admins first, then by name."""
        return self.connection.get_list(MemberInfo, f"{self.url}/members")

    def add(self, user: str, *, admin: bool = False) -> None:
        """Make a user a member or an admin. Forbidden unless you look after the group."""
        self.connection.request("PUT", f"{self.url}/members/{quote(user)}", json=Membership(admin=admin).model_dump())

    def remove(self, user: str) -> None:
        """Take a member out; yourself, to leave. Conflict if no admin would be left."""
        self.connection.delete(f"{self.url}/members/{quote(user)}")

    def update(self, *, title: str | None = None, claim: str | None = None) -> "Group":
        """`claim`, for hub administrators: whom the sign-in provider says this of are members; empty: nobody."""
        change = GroupChange(title=title, claim=claim)
        self.info = self.connection.send(GroupInfo, "PATCH", self.url, change)
        return self

    def delete(self) -> None:
        """Conflict while it owns folders."""
        self.connection.delete(self.url)


class People:
    """What a hub knows of people; `Hub` is one."""

    connection: Connection

    def search_owners(self, words: str, *, kind: str | None = None) -> list[OwnerInfo]:
        """Up to 20 users and groups to share with, by a part of their name or title."""
        return self.connection.get_list(OwnerInfo, "/owners", search=words, kind=kind)

    def owner_usage(self, name: str) -> OwnerUsageInfo:
        """How many bytes an owner's assets hold and may hold: of yourself, your groups, for administrators of all."""
        return self.connection.get(OwnerUsageInfo, f"/owners/{quote(name)}/usage")

    def set_quota(self, name: str, quota: int | None) -> OwnerUsageInfo:
        """Let an owner's assets hold so many bytes (None: as the hub's own setting says); for administrators."""
        return self.connection.send(OwnerUsageInfo, "PUT", f"/owners/{quote(name)}/quota", Quota(quota=quota))

    def users(self, search: str = "") -> list[UserInfo]:
        """All users and service accounts by name; for administrators."""
        found: list[UserInfo] = []
        while page := self.connection.get_list(UserInfo, "/users", search=search, after=last_of(found)):
            found += page
        return found

    def create_user(
        self, name: str, password: str | None = None, *, admin: bool = False, title: str = "",
        email: str | None = None, service: bool = False,
    ) -> UserInfo:  # fmt: skip
        """Sign up a user, or (`service`) an account for programs; for administrators. Conflict if the name is taken."""
        new = NewUser(name=name, password=password, admin=admin, title=title, email=email, service=service)
        return self.connection.send(UserInfo, "POST", "/users", new)

    def update_user(
        self, name: str, *, title: str | None = None, email: str | None = None, admin: bool | None = None,
        active: bool | None = None,
    ) -> UserInfo:  # fmt: skip
        """Your own title and email; for administrators also who is one, and who may sign in at all."""
        given = {"title": title, "email": email, "admin": admin, "active": active}
        change = UserChange(**{key: value for key, value in given.items() if value is not None})  # type: ignore[arg-type]
        return self.connection.send(UserInfo, "PATCH", f"/users/{quote(name)}", change)

    def set_password(self, new: str, *, old: str | None = None, user: str | None = None) -> None:
        """Your own (with the old one), or as an administrator a user's; their browsers are signed out."""
        url = f"/users/{quote(user)}/password" if user else "/me/password"
        self.connection.request("PUT", url, again=False, json=NewPassword(new=new, old=old).model_dump())

    def create_sign_in_link(self, user: str) -> str:
        """An address that signs a user in once, within an hour; for administrators."""
        return self.connection.send(SignInLink, "POST", f"/users/{quote(user)}/sign-in-link").url

    def groups(self, search: str = "", *, mine: bool = False) -> list[Group]:
        """The groups of the hub by name, or yours."""
        if mine:
            return [Group(self.connection, one) for one in self.connection.get_list(GroupInfo, "/me/groups")]
        found: list[GroupInfo] = []
        while page := self.connection.get_list(GroupInfo, "/groups", search=search, after=last_of(found)):
            found += page
        return [Group(self.connection, one) for one in found]

    def group(self, name: str) -> Group:
        return Group(self.connection, self.connection.get(GroupInfo, f"/groups/{quote(name)}"))

    def create_group(self, name: str, *, title: str = "", claim: str | None = None) -> Group:
        """A new group with you as its admin. `claim` is for hub administrators."""
        new = NewGroup(name=name, title=title, claim=claim)
        return Group(self.connection, self.connection.send(GroupInfo, "POST", "/groups", new))

    def sessions(self) -> list[SessionInfo]:
        """The browsers that you are signed in with, the last used first."""
        return self.connection.get_list(SessionInfo, "/sessions")

    def end_session(self, id: str | UUID) -> None:
        self.connection.delete(f"/sessions/{id}")

    def end_sessions(self) -> None:
        """Sign out of every browser; API keys stay."""
        self.connection.delete("/sessions")

    def keys(self, *, user: str | None = None) -> list[KeyInfo]:
        """Your API keys, or (for administrators) those of a service account."""
        return self.connection.get_list(KeyInfo, keys_url(user))

    def create_key(
        self, name: str, *, scope: str = "write", expires_in_days: int | None = None, folder: str | None = None,
        user: str | None = None,
    ) -> CreatedKey:  # fmt: skip
        """A new API key (scope read, write or admin; with `folder`, for what is in it alone).

        Its secret is in this answer only. `user` is a service account, for administrators.
        """
        new = NewKey(name=name, scope=scope, expires_in_days=expires_in_days, folder=folder)
        return self.connection.send(CreatedKey, "POST", keys_url(user), new)

    def revoke_key(self, id: str | UUID, *, user: str | None = None) -> None:
        self.connection.delete(f"{keys_url(user)}/{id}")


def keys_url(user: str | None) -> str:
    return f"/users/{quote(user)}/keys" if user else "/keys"


def last_of(found: list[UserInfo] | list[GroupInfo]) -> str:
    """The name that the next page comes after."""
    return found[-1].name if found else ""
