"""
The library of scenarios, in plain sentences: each on its own stage, with its source.

Those tagged @real are played twice: in memory, and on real Kafka and PostgreSQL.
"""

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from gherkin.parser import Parser
from pytest_bdd import scenarios

from broker.ledger.engine import Ledger
from tests.scenarios import steps_words
from tests.scenarios.any_order import Recorded, told_again
from tests.scenarios.play import Play
from tests.scenarios.real_stage import Town, add_the_cast
from tests.servers import Postgres, kafka_server

pytest_plugins = [
    "tests.scenarios.steps_given",
    "tests.scenarios.steps_when",
    "tests.scenarios.steps_then",
    "tests.scenarios.steps_placed",
    "tests.scenarios.steps_census",
    "tests.scenarios.steps_subscribed",
    "tests.scenarios.steps_thresholds",
    "tests.scenarios.steps_refused",
]
FEATURES = Path(__file__).with_name("features")

scenarios("features")


def test_every_scenario_names_its_source():
    nameless = [
        f"{file.name}: {scenario['name']}"
        for file, scenario in _all_scenarios()
        if not scenario["description"].strip().startswith("Source: ")
    ]

    assert nameless == []


def test_every_scenario_has_a_name_of_its_own():
    names = [scenario["name"] for _, scenario in _all_scenarios()]

    assert sorted(names) == sorted(set(names))


def test_the_names_of_the_cast_are_those_of_the_directory():
    assert steps_words.names_are_those_of_the_directory()


def _all_scenarios() -> Iterator[tuple[Path, Any]]:
    for file in sorted(FEATURES.glob("*.feature")):
        feature = Parser().parse(file.read_text())["feature"]
        for child in feature["children"]:
            if "scenario" in child:
                yield file, child["scenario"]


# -- the stages


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("real"):
        servers = (pytest.mark.kafka, pytest.mark.postgresql)
        stages = ["in memory", pytest.param("on real servers", marks=servers)]
        metafunc.parametrize("played", stages, indirect=True)


@pytest.fixture(autouse=True)
def played(request: pytest.FixtureRequest) -> str:
    """Where a scenario is played."""
    return str(getattr(request, "param", "in memory"))


@pytest.fixture
def stage_of(played: str, request: pytest.FixtureRequest) -> Iterator[Callable[[datetime], Play]]:
    """Starts the play of a scenario: `stage_of(at)`."""
    if played == "on real servers":
        yield request.getfixturevalue("town").play
        return
    opened: list[Ledger] = []

    plays: list[Recorded] = []
    fresh = request.getfixturevalue("fresh_ledger")

    def start(at: datetime) -> Play:
        opened.append(fresh())
        plays.append(Recorded(opened[-1], at))
        return plays[-1]

    yield start
    # The same messages in another order, some of them twice, come to the same.
    for play in plays:
        straight, otherwise = told_again(play, fresh, request.node.name)
        assert otherwise == straight
    for ledger in opened:
        ledger.close()


@pytest.fixture(scope="module")
def fresh_ledger(
    empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Ledger]:
    """Makes a ledger with the whole cast in it, as often as it is called."""
    template = tmp_path_factory.mktemp("library") / "template.sqlite"
    shutil.copy(empty_ledger, template)
    ledger = Ledger(f"sqlite:///{template}")
    add_the_cast(ledger)
    ledger.close()

    def fresh() -> Ledger:
        path = tmp_path_factory.mktemp("scene") / "ledger.sqlite"
        shutil.copy(template, path)
        return Ledger(f"sqlite:///{path}")

    return fresh


@pytest.fixture(scope="module")
def town(postgres: Postgres) -> Iterator[Town]:
    """Real servers and the parts that run on them, started once for all scenarios."""
    # A Kafka of its own, as its cursor belongs to one line of ledgers.
    with kafka_server() as kafka, Town(kafka, postgres) as town:
        yield town
