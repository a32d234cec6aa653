"""What administrators ask a hub: how it is set up, and what its store holds."""

from assethub.client.connection import Connection
from assethub.protocol.administration import CollectionInfo, NewCollection, SettingInfo, StorageInfo


class Administration:
    connection: Connection

    def settings(self) -> list[SettingInfo]:
        """Every setting that the hub was started with, and where its value came from. For administrators."""
        return self.connection.get_list(SettingInfo, "/settings")

    def storage(self, owner: str | None = None, page: int = 0) -> StorageInfo:
        """Bytes of the store by owner and by asset (of one owner), 50 assets to a page from 0. For administrators."""
        return self.connection.get(StorageInfo, "/storage", owner=owner, page=page)

    def collect(self, *, dry: bool = False) -> CollectionInfo:
        """Let the hub take away now what nothing needs (`dry`: only count it); `storage().round` tells what came of it.

        Conflict while another collection is under way. For administrators.
        """
        return self.connection.send(CollectionInfo, "POST", "/storage/collect", NewCollection(dry=dry))
