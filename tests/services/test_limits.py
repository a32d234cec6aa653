"""How often somebody may ask, and try to sign in: counted by a clock that the tests move."""

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from assethub.domain.errors import HubError, SignInNeeded, TooMany, Unavailable
from assethub.domain.owners import Caller, Origin
from assethub.services import accounts, limits, sessions
from assethub.services.limits import ADDRESS, NAME, PAIR, Attempts, Rates, group_of
from assethub.services.work import Hub
from tests.conftest import PASSWORD

HERE, THERE = "203.0.113.7", "198.51.100.9"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def refused(rates: Rates, secret: str | None, address: str = HERE) -> int | None:
    """After how many seconds it is worth asking again; None: it was allowed."""
    try:
        rates.spend(secret, address)
    except TooMany as error:
        return error.retry_after
    return None


def test_a_caller_has_a_minutes_worth_at_once_and_then_as_it_comes_in(clock: Clock) -> None:
    rates = Rates(6, clock)
    assert [refused(rates, None) for _ in range(8)] == [None] * 6 + [10, 10]
    clock.now += 9.5
    assert refused(rates, None) == 1
    clock.now += 0.5
    assert [refused(rates, None) for _ in range(2)] == [None, 10]
    clock.now += 3600
    assert [refused(rates, None) for _ in range(7)] == [None] * 6 + [10]


def test_keys_count_for_themselves_and_made_up_ones_for_their_address(clock: Clock) -> None:
    rates = Rates(2, clock)
    rates.learn("good")
    assert [refused(rates, "good") for _ in range(3)] == [None, None, 30]
    assert [refused(rates, f"made up {number}") for number in range(3)] == [None, None, 30]
    assert refused(rates, "made up", THERE) is None
    rates.learn("made up")  # it was good after all
    assert refused(rates, "made up", THERE) is None


def test_the_addresses_of_one_household_count_together() -> None:
    assert group_of("2001:db8:1:2:3::4") == group_of("2001:db8:1:2:ffff::") != group_of("2001:db8:1:3::")
    assert group_of("::ffff:192.0.2.1") == group_of("192.0.2.1") == "192.0.2.1"
    assert group_of("192.0.2.2") != group_of("192.0.2.1")
    assert group_of("testclient") == "testclient"


def test_without_a_limit_nobody_is_counted(clock: Clock) -> None:
    rates = Rates(0, clock)
    rates.learn("good")
    for _ in range(1000):
        rates.spend("good", HERE)
    assert rates.free == {}


def test_memory_is_bounded_however_many_ask(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 10)
    rates, attempts = Rates(60, clock), Attempts(clock)
    for number in range(100):
        rates.spend(None, f"10.0.0.{number}")
        rates.learn(f"key {number}")
        failing(attempts, f"name {number}", f"10.0.1.{number}")
        succeed(attempts, f"other {number}", f"10.0.2.{number}")
    assert len(rates.free) <= 10
    assert len(attempts.failed) <= 10 + 3
    assert len(attempts.known) <= 10


def failing(attempts: Attempts, name: str, address: str = HERE) -> float | None:
    """An attempt that fails: how long it had to wait, if it was too early."""
    try:
        with attempts.at(address, name):
            raise SignInNeeded("Wrong.")
    except TooMany as error:
        return error.retry_after
    except SignInNeeded:
        return None


def succeed(attempts: Attempts, name: str, address: str = HERE) -> None:
    with attempts.at(address, name):
        pass


def test_the_wait_grows_with_every_failure_and_ends(clock: Clock) -> None:
    attempts = Attempts(clock)
    assert [failing(attempts, "ada") for _ in range(PAIR.free)] == [None] * PAIR.free
    waits = []
    for _ in range(14):
        wait = failing(attempts, "ada")
        assert wait is not None
        waits.append(wait)
        clock.now += wait
        assert failing(attempts, "ADA") is None
    assert waits[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert max(waits) <= PAIR.longest
    clock.now += PAIR.window
    assert [failing(attempts, "ada") for _ in range(PAIR.free)] == [None] * PAIR.free


def test_guessing_goes_on_at_a_dozen_an_hour_at_most(clock: Clock) -> None:
    attempts = Attempts(clock)
    tried = 0
    while clock.now < 1000 + 24 * 3600:
        wait = failing(attempts, "ada")
        tried += wait is None
        clock.now += wait or 0
    assert tried < 24 * 15


def test_who_signs_in_begins_anew(clock: Clock) -> None:
    attempts = Attempts(clock)
    for _ in range(PAIR.free - 1):
        failing(attempts, "ada")
    succeed(attempts, "ada")
    assert [failing(attempts, "ada") for _ in range(PAIR.free)] == [None] * PAIR.free
    assert failing(attempts, "ada") == 1


def test_another_name_or_another_address_is_not_made_to_wait(clock: Clock) -> None:
    attempts = Attempts(clock)
    while failing(attempts, "ada") is None:
        pass
    succeed(attempts, "eve")
    succeed(attempts, "ada", THERE)


def test_many_names_from_one_address_wait_too(clock: Clock) -> None:
    attempts = Attempts(clock)
    assert [failing(attempts, f"name {number}") for number in range(ADDRESS.free)] == [None] * ADDRESS.free
    assert failing(attempts, "another") == 1
    assert failing(attempts, "another", THERE) is None


def test_nobody_is_locked_out_by_others_who_guess_from_everywhere(clock: Clock) -> None:
    attempts = Attempts(clock)
    succeed(attempts, "ada", HERE)
    for number in range(NAME.free):
        assert failing(attempts, "ada", f"10.0.0.{number}") is None
    assert failing(attempts, "ada", "10.0.1.1") == 1
    for number in range(200):  # they go on as fast as they may
        clock.now += failing(attempts, "ada", f"10.1.0.{number}") or 0
    wait = failing(attempts, "ada", "10.2.0.1")
    assert wait is not None
    assert wait <= NAME.longest
    succeed(attempts, "ada", HERE)  # where she signed in before
    assert failing(attempts, "ada", "10.2.0.2") is None  # and the count begins anew


def test_attempts_side_by_side_gain_nothing(clock: Clock) -> None:
    attempts = Attempts(clock)
    inside, go = threading.Barrier(PAIR.free + 1), threading.Event()

    def guess() -> None:
        with suppress(SignInNeeded), attempts.at(HERE, "ada"):
            inside.wait()
            go.wait()
            raise SignInNeeded("Wrong.")

    threads = [threading.Thread(target=guess) for _ in range(PAIR.free)]
    for thread in threads:
        thread.start()
    inside.wait()
    assert failing(attempts, "ada") == 1
    go.set()
    for thread in threads:
        thread.join()


def test_what_is_no_fault_of_theirs_does_not_count(clock: Clock) -> None:
    attempts = Attempts(clock)
    for error in (Unavailable("Busy."), RuntimeError("A fault.")):
        for _ in range(PAIR.free * 2):
            with suppress(HubError, RuntimeError), attempts.at(HERE, "ada"):
                raise error
    assert failing(attempts, "ada") is None


def test_passwords_are_guarded_and_made_up_links_lock_nobody_out(hub: Hub, ada: Caller, clock: Clock) -> None:
    guarded = replace(hub, attempts=Attempts(clock))
    origin = Origin("a password", HERE)
    for name in ("ada", "nobody"):  # whether there is one is not told
        for _ in range(PAIR.free):
            with pytest.raises(SignInNeeded):
                accounts.check_password(guarded, name, "wrong", origin)
        with pytest.raises(TooMany, match="next one is possible in 1 second"):
            accounts.check_password(guarded, name, PASSWORD, origin)
    with pytest.raises(TooMany):
        accounts.change_password(guarded, replace(ada, origin=origin), PASSWORD, "another horse")
    clock.now += 1
    assert accounts.check_password(guarded, "ada", PASSWORD, origin).name == "ada"
    accounts.change_password(guarded, replace(ada, origin=origin), PASSWORD, "another horse")
    for _ in range(2 * ADDRESS.free):
        with pytest.raises(SignInNeeded):
            sessions.use_link(guarded, "not a link")
    assert accounts.check_password(guarded, "ada", "another horse", origin).name == "ada"
