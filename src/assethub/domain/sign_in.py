"""The provider that people may sign in with, as it is set."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ProviderSettings:
    """Who vouches for people. `groups_claim` may lead into objects by dots, such as realm_access.roles."""

    issuer: str
    client_id: str
    client_secret: str
    name: str = "single sign-on"
    scopes: str = "openid profile email"
    groups_claim: str = "groups"
    admin_group: str = ""
    create_users: bool = True


REFUSED = "The sign-in provider's answer is not valid, so you are not signed in; try again."
