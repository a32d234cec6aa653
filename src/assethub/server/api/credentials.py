"""/credentials, one's own and a folder's"""

from uuid import UUID

from fastapi import APIRouter

from assethub.domain.credentials import Credential, CredentialKind
from assethub.domain.names import FolderPath
from assethub.protocol.credentials import CredentialInfo, NewCredential
from assethub.server.dependencies import FOLDER, CurrentFolder, CurrentWork, WorkRoute
from assethub.services import credentials
from assethub.services.work import Work

router = APIRouter(tags=["credentials"], route_class=WorkRoute)


def credential_info(one: Credential) -> CredentialInfo:
    return CredentialInfo.model_validate(one)


def create(work: Work, new: NewCredential, folder: FolderPath | None) -> CredentialInfo:
    made = credentials.create_credential(
        work, new.url, new.secret, kind=CredentialKind(new.kind) if new.kind else None, name=new.name,
        username=new.username, folder=folder,
    )  # fmt: skip
    return credential_info(made)


@router.get("/credentials")
def list_credentials(work: CurrentWork) -> list[CredentialInfo]:
    """One's own Git credentials, without their secrets."""
    return [credential_info(one) for one in credentials.list_credentials(work)]


@router.post("/credentials", status_code=201)
def create_credential(work: CurrentWork, new: NewCredential) -> CredentialInfo:
    """Keep a token or an SSH key for one's own runs; nobody reads the secret again."""
    return create(work, new, None)


@router.delete("/credentials/{id}", status_code=204)
def delete_credential(work: CurrentWork, id: UUID) -> None:
    credentials.delete_credential(work, id)


@router.get(f"{FOLDER}/credentials")
def list_folder_credentials(work: CurrentWork, path: CurrentFolder) -> list[CredentialInfo]:
    """The Git credentials that runs use whose result goes to the folder; for its owners."""
    return [credential_info(one) for one in credentials.list_credentials(work, path)]


@router.post(f"{FOLDER}/credentials", status_code=201)
def create_folder_credential(work: CurrentWork, path: CurrentFolder, new: NewCredential) -> CredentialInfo:
    """Keep a token or an SSH key for all runs whose result goes to the folder; for its owners."""
    return create(work, new, path)


@router.delete(f"{FOLDER}/credentials/{{id}}", status_code=204)
def delete_folder_credential(work: CurrentWork, path: CurrentFolder, id: UUID) -> None:
    credentials.delete_credential(work, id, path)
