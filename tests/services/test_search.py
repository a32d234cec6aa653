"""Search: whole words of people, in any script and whatever their case, and nothing of how they are kept."""

import pytest

from assethub.domain.assets import TrainingSettings
from assethub.domain.names import AssetPath, FolderPath, Kind
from assethub.domain.owners import Caller
from assethub.domain.search import Search, split_words
from assethub.services import assets, folders
from assethub.services.search import search
from assethub.services.work import Hub

PLACE = FolderPath("ada", Kind.DATASET, "things")


def found(hub: Hub, caller: Caller, words: str) -> tuple[list[str], list[str]]:
    with hub.work(caller, reading=True) as work:
        answer = search(work, Search(split_words(words)))
    return [one.path.folder for one in answer.folders], [one.path.name for one in answer.assets]


def at(name: str) -> AssetPath:
    return PLACE.asset(name)


@pytest.fixture
def things(hub: Hub, ada: Caller) -> Hub:
    with hub.work(ada) as work:
        folders.create_folder(work, PLACE, "Größe und ÄRGER", ("图像", 'say "cheese"'))
        assets.create_asset(work, at("first"), "ÉCLAIR 100% a_b", ("Ωmega",), TrainingSettings())
        assets.create_asset(work, at("second"), "", (), TrainingSettings())
    return hub


@pytest.mark.parametrize("words", ["größe ärger", "GRÖßE", "图像", '"cheese"', "ÄRGER"])
def test_folders_are_found_by_description_and_labels_in_any_case(things: Hub, ada: Caller, words: str) -> None:
    assert found(things, ada, words)[0] == ["things"]


@pytest.mark.parametrize("words", ["éclair", "ωMEGA", "100%", "a_b", "FIRST éclair things ada"])
def test_assets_are_found_by_path_description_and_labels_in_any_case(things: Hub, ada: Caller, words: str) -> None:
    assert found(things, ada, words)[1] == ["first"]


@pytest.mark.parametrize("words", ["[", "]", "u00e9", "axb", "100x", "null"])
def test_how_things_are_kept_is_not_searched(things: Hub, ada: Caller, words: str) -> None:
    assert found(things, ada, words) == ([], [])


def test_what_changes_is_found_by_what_it_is_now(things: Hub, ada: Caller) -> None:
    with things.work(ada) as work:
        assets.change_asset(work, at("first"), name="third", description="Ein Öl")
        folders.change_folder(work, PLACE, labels=("Łódź",))
    assert found(things, ada, "first") == ([], [])
    assert found(things, ada, "öl ωmega THIRD") == ([], ["third"])
    assert found(things, ada, "łódź") == (["things"], [])
    assert found(things, ada, "cheese") == ([], [])
