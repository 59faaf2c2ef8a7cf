"""What every test may ask for: the real servers, started once and only when asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import KafkaServer, Postgres, kafka_server, postgres_server

# A slow machine is no fault of the code.
settings.register_profile("homeward", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("homeward")

_REAL_KAFKA = Path(__file__).with_name("kafka")


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """A real Kafka, shared: a test uses agencies of its own, and leaves the server running."""
    with kafka_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL, shared: a test uses a `new_database`, and leaves the server running."""
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a real server, so that `-m "not kafka and not postgresql"` is quick."""
    for item in items:
        asked = getattr(item, "fixturenames", ())
        if "kafka" in asked or _REAL_KAFKA in item.path.parents:
            item.add_marker("kafka")
        if "postgres" in asked:
            item.add_marker("postgresql")
    items[:] = _mixed(items)


def _mixed(items: list[pytest.Item]) -> list[pytest.Item]:
    """
    Files that mostly wait for Kafka spread evenly among those that mostly compute.

    So two at once seldom want the same; the order within a file stays.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waits, computes = list[Path](), list[Path]()
    for path, of in files.items():
        (waits if any(item.get_closest_marker("kafka") for item in of) else computes).append(path)
    place = {
        path: (number + 0.5) / len(each)
        for each in (waits, computes)
        for number, path in enumerate(each)
    }
    return [item for path in sorted(files, key=place.__getitem__) for item in files[path]]
