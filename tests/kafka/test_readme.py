"""What README promises a newcomer: the first program as it stands there, and kcat."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from broker.__main__ import System, commands
from broker.cli import app as cli
from broker.cli import home as homes
from broker.settings import Settings
from producers.client import AgencyClient
from schemas.codec import decode
from schemas.missing import MissingNotification
from tests import examples as e
from tests.kafka.impatient import hurry
from tests.servers import _CACHE, kcat

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

ROOT = Path(__file__).parents[2]
AGENCIES = ((e.HOME, e.STOKE), (e.WALSALL, None), (e.STOKE, None), (e.STAFFORDSHIRE_POLICE, None))
_LIMIT_SECONDS = 40


@pytest.fixture(scope="module")
async def system(tmp_path_factory) -> AsyncIterator[System]:
    settings = Settings(home=tmp_path_factory.mktemp("readme"), cache=_CACHE)
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        async with System(settings) as system:
            for agency, area in AGENCIES:
                await system.add_agency(agency, agency, area)
            this = homes.this_process(system.bootstrap, system.web, settings.ledger_url)
            with homes.announced(settings, this):
                yield system


def first_integration() -> str:
    """The block of Python after its mark."""
    text = (ROOT / "README.md").read_text()
    found = re.search(r"<!-- first-integration -->\n```python\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def shown(system: System, agency: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What `homeward agency show A --json` prints."""
    home = str(system.settings.home)
    capsys.readouterr()
    assert cli.run(commands(), ["agency", "show", agency, "--json", "--home", home]) == 0
    return capsys.readouterr().out


class Lines:
    """What a program prints, line by line as it does."""

    def __init__(self, running: subprocess.Popen[str]) -> None:
        self._running = running
        self.said: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def wait_for(self, word: str) -> str:
        """The first line with this word; fails when it does not come."""
        deadline = time.monotonic() + _LIMIT_SECONDS
        while time.monotonic() < deadline:
            found = next((line for line in self.said if word in line), None)
            if found is not None:
                return found
            assert self._running.poll() is None, self.said
            time.sleep(0.05)
        raise AssertionError(f"{word} was not printed: {self.said}")

    def end(self) -> None:
        self._reading.join(10)

    def _read(self) -> None:
        assert self._running.stdout
        for line in self._running.stdout:
            self.said.append(line)


@contextmanager
def program(source: str, *arguments: str) -> Iterator[Lines]:
    """A Python program that is ended when it has said enough."""
    command = [sys.executable, "-W", "error", "-c", source, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/"
    ) as running:
        lines = Lines(running)
        try:
            yield lines
        finally:
            running.kill()
            lines.end()


async def test_the_first_program_of_the_readme_sends_and_reads_its_receipt(
    system, tmp_path, capsys
):
    show = tmp_path / "show.json"
    show.write_text(shown(system, e.HOME, capsys))

    with program(first_integration(), str(show), str(ROOT / "schemas" / "avro")) as lines:
        receipt = await asyncio.to_thread(lines.wait_for, "uk.homeward.receipt.v1")

    assert "'repeated': False" in receipt
    assert f"{e.WALSALL}/" in receipt
    assert "uk.homeward.rejection" not in "".join(lines.said)


def test_the_first_program_knows_nothing_of_homeward_and_is_short():
    source = first_integration()

    assert not re.search(r"^\s*(import|from) (schemas|broker|producers|consumers)", source, re.M)
    statements = [line for line in source.splitlines() if line and not line.startswith(" ")]
    assert len(statements) <= 22


async def test_kcat_reads_an_inbox_with_the_values_of_agency_show(system, capsys):
    said = e.notification()
    async with AgencyClient(system.access(e.HOME), e.HOME) as client:
        await client.send_and_wait(said, _LIMIT_SECONDS)
    async with AgencyClient(system.access(e.WALSALL), e.WALSALL) as client:
        async for one in client.read(follow=True):
            if one.message is not None and one.message.message_id == said.message_id:
                break
    show = json.loads(shown(system, e.WALSALL, capsys))
    topic = show["topics"]["read"]

    reading = ("-C", "-e", "-q", "-t", topic, "-X", "isolation.level=read_committed")
    read = await asyncio.to_thread(kcat, system.access(e.WALSALL), *reading, "-f", "%h\n")

    assert read.returncode == 0, read.stderr
    headers = [line for line in read.stdout.decode().splitlines() if str(said.message_id) in line]
    assert any("ce_type=uk.homeward.missing.notification.v3" in line for line in headers)
    values = await asyncio.to_thread(kcat, system.access(e.WALSALL), *reading, "-D", "<end>")
    messages = [decode(value) for value in values.stdout.split(b"<end>") if value]
    assert said.message_id in {
        message.message_id for message in messages if isinstance(message, MissingNotification)
    }
