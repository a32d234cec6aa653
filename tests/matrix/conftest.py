from collections.abc import Iterator

import pytest

from tests.matrix.world import World, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(tmp_path_factory.mktemp("world"))
    yield made
    made.kept.close()
    made.opened.close()
