"""Stars, what somebody worked with last, and words of cards and files: found by those who may see the asset alone."""

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import NotFound
from assethub.domain.folders import Role
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.domain.search import Search, Sort, Source, split_words, terms_of
from assethub.services import assets, cards, deletions, purging, search, sharing, stars
from assethub.services.indexing import MOST_FILE_WORDS, Indexer
from assethub.services.work import Hub
from tests.services.conftest import MODEL, Committing


def asked(words: str, **more: object) -> Search:
    return Search(split_words(words), **more)  # type: ignore[arg-type]


def names(hub: Hub, caller: Caller, wanted: Search) -> list[str]:
    with hub.work(caller, reading=True) as work:
        return [one.path.name for one in search.find_assets(work, wanted, 50)]


def files(hub: Hub, caller: Caller, words: str) -> list[str]:
    with hub.work(caller, reading=True) as work:
        return [one.path for one in search.find_files(work, asked(words), 50)[0]]


def test_stars_are_given_once_and_taken_back(hub: Hub, ada: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        assert (stars.star(work, MODEL), stars.star(work, MODEL)) == (1, 1)
        assert [one.path for one in stars.my_stars(work)] == [MODEL]
        assert stars.standing(work, model)[:2] == (1, True)
        assert (stars.unstar(work, MODEL), stars.unstar(work, MODEL)) == (0, 0)
        assert stars.my_stars(work) == []


def test_who_may_not_see_an_asset_any_more_loses_sight_of_its_star(
    hub: Hub, ada: Caller, eve: Caller, model: Asset
) -> None:
    with hub.work(eve) as work, pytest.raises(NotFound):
        stars.star(work, MODEL)
    with hub.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.VIEWER)
    with hub.work(eve) as work:
        assert stars.star(work, MODEL) == 1
        stars.works_with(work, model.id)
    with hub.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", None)
    with hub.work(eve) as work:
        assert (stars.my_stars(work), stars.worked_with(work)) == ([], [])


def test_recent_work_is_what_somebody_committed_to_or_opened(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a.txt": "a"})
    with hub.work(ada, reading=True) as work:
        assert [one.path.name for one, _ in stars.worked_with(work)] == ["net", "digits"]
    stars.opened(hub, ada, dataset.id)
    with hub.work(ada, reading=True) as work:
        found = stars.worked_with(work)
        assert [one.path.name for one, _ in found] == ["digits", "net"]
        assert not stars.due(found[0][1])


def test_assets_are_found_by_words_of_their_card_as_it_is_now(
    hub: Hub, ada: Caller, eve: Caller, model: Asset, commit: Committing
) -> None:
    indexer = Indexer(hub)
    commit(MODEL, {"README.md": "# Reads Überraschungen\n\nTrained on 手写数字 images."})
    assert names(hub, ada, asked("überr")) == []
    indexer.round()
    for words in ("überr", "READS images", "手写数字", "写数", "net trained"):
        assert names(hub, ada, asked(words)) == ["net"], words
        assert names(hub, eve, asked(words)) == []
    assert names(hub, ada, asked("berraschungen")) == []  # words are found by their beginning
    commit(MODEL, {"README.md": "# Writes"})
    indexer.round()
    assert (names(hub, ada, asked("überr")), names(hub, ada, asked("writes"))) == ([], ["net"])
    commit(MODEL, {}, delete=("README.md",))
    indexer.round()
    assert names(hub, ada, asked("writes")) == []


def test_a_card_that_was_removed_for_good_is_not_found_by_its_words(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"README.md": "password hunter2"})
    Indexer(hub).round()
    assert names(hub, ada, asked("hunter2")) == ["net"]
    purging.purge(hub, purging.content_of(hub, Reference(MODEL), "README.md"), "a secret", "ada")
    assert names(hub, ada, asked("hunter2")) == []
    Indexer(hub).round()
    assert names(hub, ada, asked("hunter2")) == []


def test_files_are_found_by_parts_of_their_paths_and_the_asset_they_are_in(
    hub: Hub, ada: Caller, eve: Caller, model: Asset, commit: Committing
) -> None:
    indexer = Indexer(hub)
    commit(MODEL, {"weights/pytorch_model.bin": "1", "config.json": "2", "data/Train-00001.parquet": "3"})
    indexer.round()
    assert files(hub, ada, "pytorch_model") == ["weights/pytorch_model.bin"]
    assert files(hub, ada, "train parq") == ["data/Train-00001.parquet"]
    assert files(hub, ada, "net config.json") == ["config.json"]
    assert files(hub, ada, "net") == []
    assert files(hub, eve, "config.json") == []
    commit(MODEL, {"new.txt": "4"}, delete=("config.json",))
    assert files(hub, ada, "config.json") == []  # what is told comes from the tree, though the words are older
    indexer.round()
    assert files(hub, ada, "new.txt") == ["new.txt"]


def test_an_asset_with_very_many_names_keeps_so_many_words_of_them(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {f"img{number:05}.png": "x" for number in range(MOST_FILE_WORDS + 100)})
    Indexer(hub).round()
    with hub.work(None, reading=True) as work:
        assert len(work.asset_words.of(model.id, Source.FILE)) == MOST_FILE_WORDS
    with hub.work(ada, reading=True) as work:
        found = search.find_in_version(work, Reference(MODEL), "img00699", 10)
        assert ([path for path, _ in found.paths], found.complete) == (["img00699.png"], True)
        assert not search.find_in_version(work, Reference(MODEL), "img", 10).complete


def test_words_are_taken_once_for_each_version_of_main(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    commit(MODEL, {"README.md": "one"})
    Indexer(hub).round()
    with hub.work(None, reading=True) as work:
        assert work.asset_words.stale(None, 10) == []
    commit(MODEL, {"b": "two"})
    with hub.work(None, reading=True) as work:
        assert [one.asset for one in work.asset_words.stale(None, 10)] == [model.id]


def test_searches_filter_and_sort(hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing) -> None:
    with hub.work(ada) as work:
        assets.change_asset(work, MODEL, labels=("text", 'say "ah"', "50%"))
        stars.star(work, MODEL)
    commit(MODEL, {"a": "12345"})
    assert names(hub, ada, Search(label="text")) == ["net"]
    assert names(hub, ada, Search(label='say "ah"')) == ["net"]
    assert [names(hub, ada, Search(label=label)) for label in ("tex", "50", "ah", "%")] == [[]] * 4
    assert names(hub, ada, Search(owner="ADA", sort=Sort.NAME)) == ["digits", "net"]
    assert names(hub, ada, Search(owner="nobody")) == []
    assert [names(hub, ada, Search(sort=sort))[0] for sort in (Sort.SIZE, Sort.STARS)] == ["net", "net"]
    assert names(hub, ada, asked("n")) == ["net"]


def test_names_that_begin_with_the_words_come_first(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    with hub.work(ada) as work:
        for name, told in (("other", "a net"), ("subnet", ""), ("network", "")):
            assets.create_asset(work, MODEL.parent.asset(name), told, (), model.training)
    assert names(hub, ada, asked("net")) == ["net", "network", "subnet", "other"]


def test_deleted_folders_are_listed_for_their_owners(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        deletions.delete_folder(work, MODEL.parent)
    with hub.work(ada, reading=True) as work:
        assert [one.path for one in deletions.deleted_folders(work, "ada")] == [MODEL.parent]
    with hub.work(eve, reading=True) as work:
        assert deletions.deleted_folders(work, "ada") == []


def test_terms_are_letters_and_digits_and_pairs_where_no_spaces_are_written() -> None:
    assert terms_of("pytorch_model-00001.bin 手写数字 é") == [
        "pytorch",
        "model",
        "00001",
        "bin",
        "手写",
        "写数",
        "数字",
        "é",
    ]
    assert terms_of("--- !") == []


@pytest.mark.parametrize(
    ("text", "license", "tags"),
    [
        ("---\nlicense: mit\ntags: [a, b, a]\n---\n# x", "mit", ("a", "b")),
        ("---\nlicense: other\nlicense_name: own-terms\n---\n", "own-terms", ()),
        ("---\nlicense: [\n---\n", None, ()),
        ("---\n- a\n---\n", None, ()),
        ("# no front matter", None, ()),
        ("---\nlicense: never closed", None, ()),
    ],
)
def test_a_card_says_its_license_and_tags(text: str, license: str | None, tags: tuple[str, ...]) -> None:
    facts = cards.facts_of(text)
    assert (facts.license, facts.tags) == (license, tags)
