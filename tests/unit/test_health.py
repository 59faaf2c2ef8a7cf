"""Ready says whether work is done here, alive only whether a restart would help."""

import threading

import pytest

from broker.errors import Unavailable
from broker.health import Health, Patience, asks
from broker.ledger.engine import Ledger
from broker.parts import Condition, State

pytestmark = pytest.mark.anyio


def there() -> None:
    """A ledger that answers."""


def away() -> None:
    raise Unavailable("the ledger does not answer")


def health(state: State, ledger=there) -> Health:
    return Health({"take-in": lambda: Condition(state, "because")}, ledger)


@pytest.mark.parametrize("state", [State.working, State.standby])
async def test_working_and_standing_by_are_ready(state):
    well, found = await health(state).ready()

    assert well
    assert found["parts"]["take-in"] == {"state": state.value, "because": "because"}
    assert found["parts"]["ledger"] == {"state": "working"}


@pytest.mark.parametrize("state", [State.starting, State.waiting])
async def test_starting_and_waiting_are_alive_but_not_ready(state):
    assert not (await health(state).ready())[0]
    assert health(state).alive()[0]


async def test_only_a_stuck_part_is_not_alive():
    assert not health(State.stuck).alive()[0]
    assert not (await health(State.stuck).ready())[0]


async def test_a_ledger_that_is_away_is_alive_but_not_ready():
    well, found = await health(State.working, away).ready()

    assert not well
    assert found["parts"]["ledger"] == {"state": "waiting", "because": "Unavailable"}
    assert health(State.working, away).alive()[0]


async def test_a_ledger_that_hangs_is_asked_once_and_does_not_hang_the_answer(monkeypatch):
    monkeypatch.setattr("broker.health._LEDGER_SECONDS", 0.01)
    asked, go_on = [], threading.Event()

    def hangs() -> None:
        asked.append(1)
        go_on.wait(10)

    hanging = health(State.working, hangs)
    for _ in range(3):
        well, found = await hanging.ready()
        assert not well
        assert found["parts"]["ledger"]["because"] == "no answer yet"

    assert len(asked) == 1
    go_on.set()
    assert hanging._asking is not None
    await hanging._asking


async def test_the_ledger_is_asked_for_real(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    well, _ = await health(State.working, asks(ledger)).ready()
    ledger.close()

    missing = Ledger(f"sqlite:///{tmp_path / 'nowhere' / 'ledger.sqlite'}")
    gone, _ = await health(State.working, asks(missing)).ready()

    assert (well, gone) == (True, False)


def looks(patience: Patience, state: State, times: int, answers: bool = True) -> list[str | None]:
    found = {"relay-1": Condition(state), "timekeeper": Condition(State.standby)}
    return [patience.gives_up(found, answers) for _ in range(times)]


def test_a_stuck_part_is_given_up_within_seconds():
    assert looks(Patience(), State.stuck, 3) == [None, None, "relay-1"]


def test_a_part_that_hangs_has_half_a_minute():
    assert looks(Patience(), State.hanging, 30) == [None] * 29 + ["relay-1"]


def test_a_part_that_hangs_because_the_ledger_does_is_not_given_up():
    patience = Patience()
    looks(patience, State.hanging, 29)

    assert looks(patience, State.hanging, 60, answers=False) == [None] * 60
    assert looks(patience, State.hanging, 29) == [None] * 29


@pytest.mark.parametrize("state", [State.starting, State.waiting, State.standby, State.working])
def test_what_goes_on_by_itself_is_never_given_up(state):
    patience = Patience()
    looks(patience, State.hanging, 29)

    assert looks(patience, state, 90) == [None] * 90


async def test_a_part_that_hangs_is_alive_but_not_ready():
    assert not (await health(State.hanging).ready())[0]
    assert health(State.hanging).alive()[0]


async def test_giving_up_names_the_part():
    assert await health(State.stuck).until_given_up(every_seconds=0.001) == "take-in"
    assert await health(State.hanging).until_given_up(every_seconds=0.001) == "take-in"
