"""/search and stars"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.folders import Which
from assethub.domain.names import Kind
from assethub.domain.search import Search, Sort, split_words
from assethub.protocol.assets import AssetInfo
from assethub.protocol.search import FoundFileInfo, FoundFilesInfo, FoundInfo, StarsInfo
from assethub.server.api.assets import asset_info
from assethub.server.api.folders import folder_info
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentReference, CurrentWork, WorkRoute
from assethub.services import assets, search, stars

router = APIRouter(tags=["search"], route_class=WorkRoute)


@router.get("/search")
def find(
    work: CurrentWork, q: str, kind: Kind | None = None, which: Which = Which.ALL, owner: str | None = None,
    label: str | None = None, sort: Sort = Sort.BEST, limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> FoundInfo:  # fmt: skip
    """Folders and assets that the caller may see and that have every word in their path, description, labels or card.

    What a card says now may be found a moment later. Without a word, `owner` or `label` has to be given.
    """
    found = search.search(work, Search(split_words(q), kind, which, owner or None, label or None, sort=sort), limit)
    return FoundInfo(
        folders=[folder_info(one) for one in found.folders], assets=[asset_info(one) for one in found.assets]
    )


@router.get("/search/files")
def find_files(
    work: CurrentWork, q: str, kind: Kind | None = None, which: Which = Which.ALL, owner: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> FoundFilesInfo:  # fmt: skip
    """Files on main whose paths have every word that their asset's path has not.

    `complete` is false where there are more, or more assets than one search looks into. Of assets with very many files
    some names are not kept: `find` of the asset itself looks at them all.
    """
    found, complete = search.find_files(work, Search(split_words(q), kind, which, owner), limit)
    files = [FoundFileInfo(asset=str(one.asset.path), path=one.path, size=one.size) for one in found]
    return FoundFilesInfo(files=files, complete=complete)


@router.get(f"{ASSET}/find")
def find_in_version(
    work: CurrentWork, reference: CurrentReference, q: str, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> FoundFilesInfo:
    """Files of a version (default: main) whose paths have every word; `complete` is false if there may be more."""
    found = search.find_in_version(work, reference, q, limit)
    asset = str(reference.asset)
    files = [FoundFileInfo(asset=asset, path=path, size=size) for path, size in found.paths]
    return FoundFilesInfo(files=files, complete=found.complete)


@router.get("/me/stars")
def my_stars(work: CurrentWork, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[AssetInfo]:
    """The assets that the caller starred and may see, the last changed first."""
    return [asset_info(one) for one in stars.my_stars(work, limit=limit)]


@router.put(f"{ASSET}/star")
def star(work: CurrentWork, path: CurrentAsset) -> StarsInfo:
    return StarsInfo(stars=stars.star(work, path), starred=True)


@router.delete(f"{ASSET}/star")
def unstar(work: CurrentWork, path: CurrentAsset) -> StarsInfo:
    return StarsInfo(stars=stars.unstar(work, path), starred=False)


@router.get(f"{ASSET}/star")
def get_stars(work: CurrentWork, path: CurrentAsset) -> StarsInfo:
    """How many stars an asset has, and whether one is the caller's."""
    count, mine, _ = stars.standing(work, assets.get_asset(work, path))
    return StarsInfo(stars=count, starred=mine)
