"""How often somebody may ask, and try to sign in. Counted in memory: a hub is served by one process.

Attempts to sign in wait longer the more of them failed lately, for a name from one address, for all names from one
address, and for a name from everywhere. The last wait is short and spares the addresses that the name signed in from,
so that nobody locks somebody else out.
"""

import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from threading import Lock
from typing import NamedTuple

from assethub.domain.errors import HubError, TooMany, Unavailable

MOST = 50_000  # callers or names that are remembered
Clock = Callable[[], float]
Key = tuple[str, ...]  # (name, address), ("", address) or (name,)


def group_of(address: str) -> str:
    """The address, or of IPv6 the network that one household has."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped) if found.ipv4_mapped else str(ip_network((found, 64), strict=False))


class Rates:
    """Requests by caller: a minute's worth at once, then as many as come in evenly. 0 is without end."""

    def __init__(self, per_minute: int, clock: Clock = time.monotonic) -> None:
        self.per_minute, self.clock = max(per_minute, 0), clock
        self.pause = 60 / self.per_minute if self.per_minute else 0.0
        self.free: dict[Hashable, float] = {}  # when a caller has all of its minute again
        self.lock = Lock()

    def spend(self, secret: str | None, address: str) -> None:
        """Count a request: for the key, session or run token that is known to be good, else for the address."""
        if not self.per_minute:
            return
        who: Hashable = hash(secret) if secret else group_of(address)
        now = self.clock()
        with self.lock:
            if secret and who not in self.free:  # whoever makes up keys does not get a count for each
                who = group_of(address)
            free = max(self.free.get(who, now), now)
            over = free + self.pause - now - 60
            if over <= 1e-6:
                self.make_room(now)
                self.free[who] = free + self.pause
                return
        raise TooMany(
            f"This is more than {self.per_minute} requests in a minute, so nothing was done; wait a moment.",
            retry_after=over,
        )

    def learn(self, secret: str) -> None:
        """This secret is good, and its requests are counted for it from now on."""
        who = hash(secret)
        if not self.per_minute or who in self.free:
            return
        now = self.clock()
        with self.lock:
            self.make_room(now)
            self.free[who] = now

    def make_room(self, now: float) -> None:
        """Forget who has all of their minute, and if that is not enough, everybody."""
        if len(self.free) >= MOST:
            self.free = {one: free for one, free in self.free.items() if free > now}
        if len(self.free) >= MOST:
            self.free.clear()


class Rule(NamedTuple):
    free: int  # failures that need no waiting
    window: float  # seconds that a failure counts
    longest: float  # seconds that one waits at most


PAIR = Rule(free=5, window=3600, longest=900)  # a name from one address
ADDRESS = Rule(free=30, window=3600, longest=900)  # whatever name
NAME = Rule(free=50, window=3600, longest=60)  # from addresses that it never signed in from


@dataclass
class Attempts:
    """Attempts to sign in that failed, or that are under way."""

    clock: Clock = time.monotonic
    failed: dict[Key, deque[float]] = field(default_factory=dict)
    known: dict[tuple[str, str], None] = field(default_factory=dict)  # (name, address) that belonged together
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def at(self, address: str, name: str = "") -> Iterator[None]:
        """One attempt, which has failed if a refusal leaves it. TooMany, before anything is looked at, if it is early.

        Without a name it is for what is a secret by itself: a link, a code.
        """
        name, address = name.lower()[:96], group_of(address)
        rules: list[tuple[Rule, Key]] = [(ADDRESS, ("", address))]
        if name:
            rules.append((PAIR, (name, address)))
        now = self.clock()
        with self.lock:
            if name and (name, address) not in self.known:
                rules.append((NAME, (name,)))
            wait = max(self.wait(rule, key, now) for rule, key in rules)
            if wait > 0:
                raise TooMany(
                    f"Too many attempts to sign in failed; the next one is possible in {told(wait)}.", retry_after=wait
                )
            self.make_room(now)
            for _, key in rules:  # counted at once, so that attempts side by side gain nothing
                self.failed.setdefault(key, deque()).append(now)
        try:
            yield
        except HubError as error:
            if isinstance(error, Unavailable | TooMany):
                self.take_back(rules, now)
            raise
        except BaseException:
            self.take_back(rules, now)
            raise
        self.take_back(rules, now)
        if name:
            self.succeed(name, address)

    def wait(self, rule: Rule, key: Key, now: float) -> float:
        """Seconds until the next attempt is due."""
        times = self.failed.get(key)
        while times and times[0] <= now - rule.window:
            times.popleft()
        if not times or len(times) < rule.free:
            return 0.0
        pause = min(2.0 ** min(len(times) - rule.free, 30), rule.longest)
        return times[-1] + pause - now

    def take_back(self, rules: list[tuple[Rule, Key]], at: float) -> None:
        with self.lock:
            for _, key in rules:
                times = self.failed.get(key)
                if times and at in times:
                    times.remove(at)

    def succeed(self, name: str, address: str) -> None:
        with self.lock:
            self.failed.pop((name, address), None)
            self.failed.pop((name,), None)
            self.known.pop((name, address), None)
            self.known[name, address] = None
            if len(self.known) > MOST:
                self.known.pop(next(iter(self.known)))

    def make_room(self, now: float) -> None:
        """Forget what counts no more, and if that is not enough, what failed first."""
        if len(self.failed) < MOST:
            return
        longest = max(rule.window for rule in (PAIR, ADDRESS, NAME))
        alive = [(key, times) for key, times in self.failed.items() if times and times[-1] > now - longest]
        self.failed = dict(sorted(alive, key=lambda one: one[1][-1])[-MOST // 2 :])


def told(seconds: float) -> str:
    whole = max(1, -int(-seconds // 1))
    if whole >= 120:
        return f"{-(-whole // 60)} minutes"
    return f"{whole} seconds" if whole > 1 else "1 second"
