"""Git credentials, as the SDK shows them."""

from abc import ABC, abstractmethod
from uuid import UUID

from assethub.client.connection import Connection
from assethub.protocol.credentials import CredentialInfo, NewCredential


class GitCredentials(ABC):
    """What keeps Git credentials: a `Hub` those for your own runs, a `Folder` those for runs whose result it gets."""

    connection: Connection

    @property
    @abstractmethod
    def credentials_url(self) -> str: ...

    def credentials(self) -> list[CredentialInfo]:
        """By name, without their secrets: nobody reads them again. A folder's are for its owners."""
        return self.connection.get_list(CredentialInfo, self.credentials_url)

    def create_credential(
        self, url: str, secret: str, *, name: str | None = None, username: str | None = None
    ) -> CredentialInfo:
        """Keep what opens the Git repositories whose address begins with `url`, such as https://github.com/acme.

        `secret` is a token for an https address, the text of a private SSH key without passphrase for an ssh address.
        `username` goes beside it (default: git). Conflict if the name is taken (default: taken from the address).
        """
        given = {"url": url, "secret": secret, "name": name, "username": username}
        new = NewCredential(**{key: value for key, value in given.items() if value is not None})
        return self.connection.send(CredentialInfo, "POST", self.credentials_url, new)

    def delete_credential(self, id: str | UUID) -> None:
        """Forget it; runs that have their code already go on."""
        self.connection.delete(f"{self.credentials_url}/{id}")
