"""Nobody is blamed for the time in which nothing could work, and for all other time somebody is."""

from tests.chaos.windows import Windows, longest


def windows(**away: tuple[float, float]) -> Windows:
    found = Windows()
    for name, (began, ended) in away.items():
        with found.away(name) as window:
            window.began = began
        window.ended = ended
    return found


def test_what_one_keeper_could_do_all_the_time_is_counted():
    able = windows(ledger=(10, 20)).able("ledger", "a", "b")

    assert longest(able, 0, 15) == 10
    assert longest(able, 12, 18) == 0
    assert longest(able, 12, 50) == 30


def test_two_keepers_that_could_work_one_after_the_other_do_not_add_up():
    able = windows(a=(0, 10), b=(10, 20)).able("ledger", "a", "b")

    assert longest(able, 0, 20) == 10


def test_what_lies_over_each_other_is_away_from_the_first_to_the_last():
    able = windows(ledger=(10, 20), a=(15, 30)).able("ledger", "a")

    assert able == [(float("-inf"), 10), (30, float("inf"))]
