"""When what could not work, so that nobody is blamed for the time in which nothing could."""

import time
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Window:
    """From when until when something could not work; open until closed."""

    def __init__(self) -> None:
        self.began, self.ended = time.time(), float("inf")

    def close(self) -> None:
        self.ended = min(self.ended, time.time())


class Windows:
    """What could not work when, by name; several windows may lie over each other."""

    def __init__(self) -> None:
        self._windows: defaultdict[str, list[Window]] = defaultdict(list)

    @contextmanager
    def away(self, *names: str) -> Iterator[Window]:
        """Until the end of the block, or until the window is closed before."""
        window = Window()
        for name in names:
            self._windows[name].append(window)
        try:
            yield window
        finally:
            window.close()

    def able(self, needs: str, *one_of: str) -> list[tuple[float, float]]:
        """When `needs` and one and the same of the others could work without a break."""
        found = []
        for name in one_of:
            away = sorted((w.began, w.ended) for w in (*self._windows[needs], *self._windows[name]))
            free = float("-inf")
            for began, ended in away:
                if began > free:
                    found.append((free, began))
                free = max(free, ended)
            if free < float("inf"):
                found.append((free, float("inf")))
        return sorted(found)


def longest(able: list[tuple[float, float]], began: float, ended: float) -> float:
    """The longest time within these two in which somebody could work."""
    until = bisect(able, (ended, float("inf")))
    return max(
        (min(ended, last) - max(began, first) for first, last in able[:until] if last > began),
        default=0.0,
    )
