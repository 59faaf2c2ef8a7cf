"""A bad record on a real Kafka is answered and kept, and does no harm to its neighbours."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from sqlalchemy import select
from structlog.testing import capture_logs

from broker import deciding, folding
from broker.__main__ import System
from broker.cli import asking
from broker.connection import AUDIT
from broker.ledger import tables as t
from broker.provision import outbox
from broker.questions import is_quiet
from broker.records import Record
from broker.settings import Settings
from producers.client import AgencyClient, Delivery
from schemas.child import Child, Reference, Scheme
from schemas.codec import encode
from schemas.message import ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn
from schemas.notices import Receipt, Rejection
from tests import examples as e
from tests.kafka.impatient import hurry
from tests.servers import _CACHE
from tests.waiting import until_asked

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]

AGENCIES = ((e.HOME, e.STOKE), (e.WALSALL, None), (e.STOKE, None), (e.STAFFORDSHIRE_POLICE, None))
_LIMIT_SECONDS = 30

Value = bytes | None


@dataclass
class Heard:
    """What an agency was told of what it wrote."""

    receipts: dict[UUID, list[Receipt]] = field(default_factory=lambda: defaultdict(list))
    rejections: dict[int, Rejection] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(map(len, self.receipts.values())) + len(self.rejections)

    def add(self, message: Message | None) -> None:
        if isinstance(message, Receipt):
            self.receipts[message.of].append(message)
        elif isinstance(message, Rejection):
            assert message.offset not in self.rejections, "refused twice"
            self.rejections[message.offset] = message


class Town:
    """A Homeward with four agencies, that take care not to disturb each other's children."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.batches: list[list[tuple[str, int]]] = []
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._take, system.decider.take = system.decider.take, self._spy  # type: ignore[method-assign]

    def _spy(self, records: Sequence[Record]) -> Any:
        self.batches.append([(record.topic, record.offset) for record in records])
        return self._take(records)

    async def write(self, agency: str, *records: Value | dict[str, Any]) -> int:
        """Put records into an outbox so that they are read as one batch; the first one's offset."""
        producer = await self._producer(agency)
        batch = producer.create_batch()
        for given in records:
            record = given if isinstance(given, dict) else {"value": given}
            plain = {"key": None, "timestamp": None, "headers": []}
            assert batch.append(**plain | record) is not None
        batch.close()
        written = await (await producer.send_batch(batch, outbox(agency), partition=0))
        return int(written.offset)

    async def _producer(self, agency: str) -> AIOKafkaProducer:
        if agency not in self._producers:
            access = self.system.access(agency)
            producer = AIOKafkaProducer(**access.for_aiokafka(), acks="all")
            await producer.start()
            self._producers[agency] = producer
        return self._producers[agency]

    async def hand_over(self, agency: str, *records: Value | dict[str, Any]) -> tuple[int, Heard]:
        """Write records, each of which is answered, and wait for all that is said of them."""
        since = await self.last(agency)
        first = await self.write(agency, *records)
        heard = Heard()
        async with self.client(agency) as client, asyncio.timeout(_LIMIT_SECONDS):
            async for one in client.read(since, follow=True):
                heard.add(one.message)
                if heard.count >= len(records):
                    break
        assert heard.count == len(records)
        return first, heard

    def client(self, agency: str) -> AgencyClient:
        return AgencyClient(self.system.access(agency), agency)

    async def inbox(self, agency: str) -> list[Delivery]:
        async with self.client(agency) as client:
            return [one async for one in client.read()]

    async def last(self, agency: str) -> int:
        return max((one.sequence for one in await self.inbox(agency)), default=0)

    def dead_letter(self, agency: str, offset: int) -> Any:
        x = t.dead_letter.c
        with self.system.ledger.reading() as connection:
            query = select(t.dead_letter).where(x.agency == agency, x.record_offset == offset)
            return connection.execute(query).one()

    async def end(self) -> None:
        for producer in self._producers.values():
            await producer.stop()


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
)
async def town(request, tmp_path_factory) -> AsyncIterator[Town]:
    ledger = None
    if request.param == "postgresql":
        ledger = request.getfixturevalue("postgres").new_database()
    home = tmp_path_factory.mktemp("town")
    settings = Settings(home=home, ledger=ledger, cache=_CACHE)
    with pytest.MonkeyPatch.context() as patch:
        hurry(patch)
        async with System(settings) as system:
            for agency, area in AGENCIES:
                await system.add_agency(agency, agency, area)
            town = Town(system)
            yield town
            await town.end()


def now() -> datetime:
    return datetime.now(UTC)


def absence(**changes: Any) -> MissingNotification:
    """A child nobody has heard of, missing since a while ago."""
    name, at = uuid4().hex[:12], now()
    child = Child(
        references=(Reference(holder=e.HOME, scheme=Scheme.home_reference, value=name),),
        given_name="Robin",
        family_name=f"Example {name}",
    )
    plain = {"child": child, "episode": f"{name}/1", "police_report": None}
    return e.notification(at, **plain | changes)


def broken(of: MissingNotification, **changes: Any) -> bytes:
    """Avro as it must be, of a message that no validation has seen."""
    fields = {name: getattr(of, name) for name in type(of).model_fields}
    return encode(type(of).model_construct(**fields | changes))


def wrong_nhs_number() -> bytes:
    said = absence()
    wrong = Reference.model_construct(holder=e.HOME, scheme=Scheme.nhs_number, value="9990000001")
    child = Child.model_construct(
        **{name: getattr(said.child, name) for name in Child.model_fields}
        | {"references": (wrong,)}
    )
    return broken(said, child=child)


def somebody_elses() -> bytes:
    return encode(absence(sender=e.WALSALL, from_address=f"{e.WALSALL}/front-door"))


def only_of_homeward() -> bytes:
    at = now()
    return encode(Receipt(**e.envelope(e.HOME, "night-staff", at), of=uuid4()))


def seen_tomorrow() -> bytes:
    return broken(absence(), last_seen_at=now() + timedelta(days=1))


# What is written, and the code, the field and some of the words that it is refused with.
BAD: dict[str, tuple[Callable[[], Value], str, str, str]] = {
    "not Avro": (lambda: b"not Avro at all", "undecodable", "", "Confluent framing"),
    "JSON": (lambda: b'{"kind": "missing.notification"}', "undecodable", "", "framing"),
    "no bytes": (lambda: b"", "empty", "", "no value"),
    "null": (lambda: None, "empty", "", "no value"),
    "an unknown schema": (
        lambda: b"\x00\x00\x00\xff\xff" + encode(absence())[5:],
        *("unknown-schema", "", "schema id 65535"),
    ),
    "truncated": (lambda: encode(absence())[:-9], "undecodable", "", "do not fit the schema"),
    "bytes left over": (lambda: encode(absence()) + b"\x00", "undecodable", "", "left over"),
    "an unknown council": (
        lambda: encode(absence(responsible_authority="la.E99999999")),
        *("unknown-agency", "responsible_authority", "not in the directory"),
    ),
    "somebody else as sender": (
        somebody_elses,
        *("not-your-topic", "sender", "owns the topic"),
    ),
    "a kind of Homeward's": (only_of_homeward, "kind-not-served", "kind", "by Homeward only"),
    "a wrong NHS number": (
        wrong_nhs_number,
        *("invalid", "child.references.0", "check digit is wrong"),
    ),
    "NUL in text": (
        lambda: broken(absence(), circumstances="out\x00side"),
        *("invalid", "circumstances", "pattern"),
    ),
    "last seen after it was sent": (seen_tomorrow, "invalid", "", "last_seen_at"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_record_is_refused_and_its_neighbours_are_taken(town, name):
    make, code, of_field, words = BAD[name]
    before, after, bad = absence(), absence(), make()

    first, heard = await town.hand_over(e.HOME, encode(before), bad, encode(after))

    rejection = heard.rejections[first + 1]
    assert (rejection.code, rejection.field) == (code, of_field)
    assert words in rejection.detail
    assert rejection.topic == outbox(e.HOME)
    letter = town.dead_letter(e.HOME, first + 1)
    assert (letter.code, letter.field, letter.detail) == (code, of_field, rejection.detail)
    assert letter.value == bad
    assert heard.receipts.keys() == {before.message_id, after.message_id}
    assert in_one_batch(town, first, 3)
    for good in (before, after):
        await is_told(town, e.WALSALL, good)


def in_one_batch(town: Town, first: int, count: int) -> bool:
    places = {(outbox(e.HOME), first + number) for number in range(count)}
    return any(places <= {*batch} for batch in town.batches)


async def is_told(town: Town, agency: str, message: ChildMessage) -> None:
    """Wait until it is in the inbox."""
    async with town.client(agency) as client, asyncio.timeout(_LIMIT_SECONDS):
        async for one in client.read(follow=True):
            if is_of(one, message):
                return


def is_of(delivery: Delivery, message: ChildMessage) -> bool:
    return delivery.message is not None and delivery.message.message_id == message.message_id


async def test_a_rejection_names_the_message_whose_id_could_be_read(town):
    wrong = absence(responsible_authority="la.E99999999")

    first, heard = await town.hand_over(e.HOME, encode(wrong))

    assert heard.rejections[first].of == wrong.message_id


async def test_an_end_before_the_child_was_last_seen_is_refused(town):
    said = absence()
    early = e.returned(said, at=said.started_at - timedelta(hours=1))

    first, heard = await town.hand_over(e.HOME, encode(said), encode(early), encode(absence()))

    rejection = heard.rejections[first + 1]
    assert (rejection.code, rejection.field) == ("invalid", "occurred_at")
    assert "before the child was last seen" in rejection.detail
    assert town.dead_letter(e.HOME, first + 1).value == encode(early)
    assert len(heard.receipts) == 2


@pytest.mark.parametrize("when", ["in the same batch", "later"])
async def test_a_message_id_used_again_for_something_else_is_refused(town, when):
    said = absence()
    other = said.model_copy(update={"circumstances": "Something else"})
    if when == "later":
        await town.hand_over(e.HOME, encode(said))
        first, heard = await town.hand_over(e.HOME, encode(other))
    else:
        first, heard = await town.hand_over(e.HOME, encode(said), encode(other))
        assert in_one_batch(town, first, 2)
        first += 1

    rejection = heard.rejections[first]
    assert (rejection.code, rejection.field) == ("id-reused", "message_id")
    assert rejection.of == said.message_id
    assert town.dead_letter(e.HOME, first).value == encode(other)


async def test_an_answer_to_somebody_elses_delivery_is_refused(town):
    said = absence()
    await town.hand_over(e.HOME, encode(said))
    await is_told(town, e.WALSALL, said)
    theirs = next(one for one in await town.inbox(e.WALSALL) if is_of(one, said))
    answer = e.answer(theirs.delivery, f"{e.STOKE}/front-door", at=now())
    nobodys = e.answer(uuid4(), f"{e.STOKE}/front-door", at=now())

    first, heard = await town.hand_over(e.STOKE, encode(answer), encode(nobodys))

    for number, bad in enumerate((answer, nobodys)):
        rejection = heard.rejections[first + number]
        assert (rejection.code, rejection.field) == ("not-your-delivery", "delivery")
        assert "take its id from your inbox" in rejection.detail
        assert town.dead_letter(e.STOKE, first + number).value == encode(bad)
    with town.system.ledger.reading() as connection:
        query = select(t.answer).where(t.answer.c.delivery == theirs.delivery)
        assert connection.execute(query).first() is None


@pytest.mark.parametrize("place", [0, 4, 7])
async def test_a_bug_in_a_rule_sets_one_record_aside(town, monkeypatch, place):
    decide = deciding.decide
    messages = [absence() for _ in range(8)]
    stumbling = messages[place]

    def buggy(picture: Any, arrival: Any, rulebook: Any) -> Any:
        if arrival.message.message_id == stumbling.message_id:
            raise RuntimeError("a bug, made on purpose")
        return decide(picture, arrival, rulebook)

    monkeypatch.setattr(folding, "decide", buggy)
    with capture_logs() as logged:
        first, heard = await town.hand_over(e.HOME, *map(encode, messages))

    rejection = heard.rejections[first + place]
    assert (rejection.code, rejection.of) == ("unexpected", stumbling.message_id)
    assert "an operator was told" in rejection.detail
    assert town.dead_letter(e.HOME, first + place).value == encode(stumbling)
    assert len(heard.receipts) == 7
    assert in_one_batch(town, first, 8)
    assert [line["offset"] for line in logged if "bug" in line["event"]] == [first + place]


# -- odd, but nobody's fault


ODD: dict[str, dict[str, Any]] = {
    "null key": {"key": None},
    "empty key": {"key": b""},
    "a header that is not UTF-8": {"headers": [("ce_id", b"\xff\xfe")]},
    "a header without value": {"headers": [("ce_type", None)]},
    "headers twice": {"headers": [("ce_id", b"1"), ("ce_id", b"2")]},
    "a header that says it is JSON": {"headers": [("content-type", b"application/json")]},
    "a header that asks for a reply": {"headers": [("reply_to", b"inbox.la.E06000021")]},
    "headers that claim another sender": {"headers": [("ce_source", e.WALSALL.encode())]},
}


async def test_odd_keys_and_headers_are_no_error(town):
    messages = [absence() for _ in ODD]
    records = [
        {"value": encode(message)} | odd
        for message, odd in zip(messages, ODD.values(), strict=True)
    ]

    _, heard = await town.hand_over(e.HOME, *records)

    assert heard.receipts.keys() == {message.message_id for message in messages}


async def test_the_same_message_again_gets_its_receipt_again_and_nothing_else(town):
    said = absence()
    _, once = await town.hand_over(e.HOME, encode(said), encode(said))
    _, later = await town.hand_over(e.HOME, encode(said))

    first, second = once.receipts[said.message_id]
    (third,) = later.receipts[said.message_id]
    assert [one.repeated for one in (first, second, third)] == [False, True, True]
    assert first.episode == second.episode == third.episode
    assert {one.address for one in first.told} == {one.address for one in third.told}
    await is_told(town, e.WALSALL, said)
    got = [one for one in await town.inbox(e.WALSALL) if is_of(one, said)]
    assert len({one.address for one in got}) == len(got)


async def test_an_update_of_an_absence_nobody_reported_is_kept_until_somebody_does(town):
    said = absence()
    update = e.update(said, at=now(), risk="high")

    _, unheard = await town.hand_over(e.HOME, encode(update))
    _, joined = await town.hand_over(e.HOME, encode(said))

    (of_update,), (of_report,) = (
        unheard.receipts[update.message_id],
        joined.receipts[said.message_id],
    )
    assert of_update.episode == of_report.episode
    assert episode(town, of_report).risk == "high"
    await is_told(town, e.WALSALL, said)


@pytest.mark.parametrize("stage", ["found", "returned"])
async def test_an_end_that_overtook_the_beginning_leaves_nobody_searching(town, stage):
    said = absence()
    back = e.returned(said, at=now(), stage=stage)
    assert isinstance(back, MissingReturn)

    _, early = await town.hand_over(e.HOME, encode(back))
    _, late = await town.hand_over(e.HOME, encode(said))

    (of_end,), (of_report,) = early.receipts[back.message_id], late.receipts[said.message_id]
    assert of_end.episode == of_report.episode
    assert episode(town, of_report).status == stage


def episode(town: Town, receipt: Receipt) -> Any:
    assert receipt.episode
    with town.system.ledger.reading() as connection:
        query = select(t.episode).where(t.episode.c.id == UUID(receipt.episode))
        return connection.execute(query).one()


async def test_after_all_of_it_the_counts_close(town):
    ends = {topic: offset + 1 for batch in town.batches for topic, offset in batch}
    await until_asked(lambda: _is_quiet(town, ends))

    access = town.system.access(AUDIT)
    account, differences = await asyncio.to_thread(asking.accounted, access, town.system.ledger)
    totals = account.totals
    assert differences == []
    assert totals["read"] == totals["accepted"] + totals["repeated"] + totals["rejected"]
    assert totals["rejected"] >= len(BAD)


def _is_quiet(town: Town, ends: dict[str, int]) -> bool:
    with town.system.ledger.reading() as connection:
        return is_quiet(connection, now(), ends)
