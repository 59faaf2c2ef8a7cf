"""What was published stays as it was, every version reads every other, and ids have one source."""

import io
import json
import shutil
import struct
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby, permutations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import fastavro
import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.base import Format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from broker.cli.agencies import versions_of
from broker.clock import SystemClock
from broker.errors import Misuse, Unavailable, UnknownSchema
from broker.ledger import agencies, numbering
from broker.ledger import tables as t
from broker.ledger.engine import Ledger
from broker.ledger.stamping import Content, Outgoing
from producers.wire import Wire
from schemas import codec, generate
from schemas.codec import decode, encode, in_version
from schemas.compatibility import incompatible
from schemas.kinds import KINDS
from tests import examples as e
from tests.outbox import post

NAMES = list(generate.published())


def schema(name: str) -> dict[str, Any]:
    return json.loads(generate.text(name))


def kind_of(name: str) -> str:
    return name.rpartition(".v")[0]


def newest(kind: str) -> str:
    return f"{kind}.v{KINDS[kind].VERSION}"


@pytest.fixture(autouse=True)
def _ids_of_the_lock_file() -> Iterator[None]:
    yield
    codec.use()


# ------------------------------------------------------------------ what is published is frozen


def test_nothing_that_was_published_has_changed():
    assert generate.thawed() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(generate.FOLDER, tmp_path / "avro"))


def test_a_changed_file_is_noticed(folder):
    file = folder / "answer.v1.avsc"
    file.write_text(file.read_text() + "\n")

    assert generate.thawed(folder) == [
        "answer.v1: its published file was changed: undo that, make the next version"
    ]


def test_a_changed_id_is_noticed(folder):
    ids = generate.published(folder) | {"answer.v1": 99}
    (folder / "ids.json").write_text(json.dumps(ids))

    assert generate.thawed(folder) == ["answer.v1: its id was 5 when it was published"]


def test_a_file_that_is_gone_is_noticed(folder):
    (folder / "answer.v1.avsc").unlink()

    assert "answer.v1: its published file is gone" in generate.thawed(folder)


def test_publishing_again_does_not_freeze_what_was_changed(folder):
    file = folder / "answer.v1.avsc"
    file.write_text(file.read_text() + "\n")

    assert generate.write(folder) == []
    assert generate.thawed(folder) != []


def test_a_new_version_is_frozen_when_it_is_published(folder):
    for lock in ("ids.json", "digests.json"):
        kept = json.loads((folder / lock).read_text())
        kept.pop(newest("heartbeat"))
        (folder / lock).write_text(json.dumps(kept))

    assert generate.write(folder) == [newest("heartbeat")]
    assert generate.thawed(folder) == []


# ------------------------------------------------------------------ every version reads every other


def pairs() -> list[Any]:
    """Writer and reader: two versions of one kind, both ways."""
    found = [
        pytest.param(writer, reader, id=f"{writer}-{reader}")
        for _, versions in groupby(sorted(NAMES, key=kind_of), kind_of)
        for writer, reader in permutations(list(versions), 2)
    ]
    return found or [pytest.param(NAMES[0], NAMES[0], id="one version only")]


_PLAIN = {
    "null": st.none(),
    "boolean": st.booleans(),
    "string": st.text(max_size=20),
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1),
    "uuid": st.uuids(),
    "date": st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    "timestamp-micros": st.datetimes(
        datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)
    ),
}


def named_in(of: Any) -> dict[str, Any]:
    """The records and lists of choices of a schema, by name."""
    if isinstance(of, list):
        return {name: each for part in of for name, each in named_in(part).items()}
    if not isinstance(of, dict):
        return {}
    inner = named_in([*of.values()])
    return inner | {of["name"]: of} if of.get("type") in ("record", "enum") else inner


def values(of: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Anything at all that a schema can say."""
    if isinstance(of, list):
        return st.one_of([values(each, named) for each in of])
    if isinstance(of, str):
        return _PLAIN[of] if of in _PLAIN else values(named[of], named)
    if "logicalType" in of:
        return _PLAIN[of["logicalType"]]
    if of["type"] == "array":
        return st.lists(values(of["items"], named), max_size=2)
    if of["type"] not in ("record", "enum"):
        return values(of["type"], named)
    if of["type"] == "enum":
        return st.sampled_from(of["symbols"])
    return st.fixed_dictionaries({f["name"]: values(f["type"], named) for f in of["fields"]})


@cache
def anything(name: str) -> st.SearchStrategy[Any]:
    return values(schema(name), named_in(schema(name)))


def understood(value: Any, reader: Any, named: dict[str, Any]) -> Any:
    """What a reader makes of a value, by Avro's rules: ours to compare fastavro's with."""
    if isinstance(reader, list):
        present = next((each for each in reader if each != "null"), None)
        return None if value is None else understood(value, present, named)
    if isinstance(reader, str):
        return value if reader in _PLAIN else understood(value, named[reader], named)
    if reader["type"] == "array":
        return [understood(each, reader["items"], named) for each in value]
    if reader["type"] == "enum":
        return value if value in reader["symbols"] else "unrecognised"
    if reader["type"] != "record":
        return value
    return {
        f["name"]: understood(value.get(f["name"], f.get("default")), f["type"], named)
        for f in reader["fields"]
    }


def carried(value: Any, writer: dict[str, Any], reader: dict[str, Any]) -> Any:
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(writer), value)
    stream.seek(0)
    return fastavro.schemaless_reader(
        stream, fastavro.parse_schema(writer), fastavro.parse_schema(reader)
    )


@pytest.mark.parametrize(("writer", "reader"), pairs())
@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_version_reads_what_every_other_writes(writer, reader, data):
    value = data.draw(anything(writer))

    read = carried(value, schema(writer), schema(reader))

    assert read == understood(value, schema(reader), named_in(schema(reader)))


def enums(of: Any) -> Iterator[dict[str, Any]]:
    if isinstance(of, dict):
        if of.get("type") == "enum":
            yield of
        for part in of.values():
            yield from enums(part)
    elif isinstance(of, list):
        for part in of:
            yield from enums(part)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_words_that_are_new_are_read_as_unrecognised_by_every_version(name, data):
    later = schema(newest(kind_of(name)))
    for enum in enums(later):
        enum["symbols"] = ["a_word_to_come"]
        enum["default"] = "a_word_to_come"
    for field in later["fields"]:
        field.pop("default", None)  # it may be a word
    value = data.draw(values(later, named_in(later)))

    read = carried(value, later, schema(name))

    assert read == understood(value, schema(name), named_in(schema(name)))
    assert "a_word_to_come" not in str(read)


def test_avros_own_checker_finds_no_version_that_does_not_read_another():
    assert incompatible() == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_versions_of_a_kind_have_one_full_name(kind):
    """Java matches lists of choices by it, and a registry keeps versions together under it."""
    names = [schema(name) for name in NAMES if kind_of(name) == kind]

    assert {(each["namespace"], each["name"]) for each in names} == {
        (generate.NAMESPACE, generate.record_name(kind))
    }


# ------------------------------------------------------------------ who reads an older version


def number_in(value: bytes) -> int:
    return int(struct.unpack(">bI", value[:5])[1])


@pytest.mark.parametrize("name", [n for n in NAMES if kind_of(n) == "missing.notification"])
def test_a_message_is_written_in_any_version_there_is(name):
    said = e.notification()
    version = int(name.rpartition(".v")[2])

    written = in_version(encode(said), "missing.notification", version)

    assert number_in(written) == generate.published()[name]
    read = decode(written)
    assert read.message_id == said.message_id
    assert read.risk == said.risk
    assert read.child.given_name == said.child.given_name


def content(message: Any) -> Content:
    return Content(
        message.KIND, message.VERSION, message.message_id, message.sender,
        message.occurred_at, encode(message),
    )  # fmt: skip


def outgoing(destination: str, what: Content, child: UUID | None = None) -> Outgoing:
    return Outgoing(
        destination=destination, sequence=7, delivery=uuid4(), acceptance=3,
        address="la.E08000030/front-door", view="full", because="told@1", child=child,
        exercise=False, wakes=True, answer_by=e.FRIDAY_NIGHT + timedelta(minutes=30),
        decided_at=e.FRIDAY_NIGHT, content=what,
    )  # fmt: skip


wire = Wire(lambda child, agency: f"{agency}-{child.int}")


def test_who_reads_an_older_version_gets_it_and_nobody_else_does():
    what = content(e.notification())
    reads = {e.WALSALL: {"missing.notification": 1}}
    theirs, others, record = wire.records(
        [
            outgoing(f"inbox.{e.WALSALL}", what),
            outgoing(f"inbox.{e.STOKE}", what),
            outgoing("missing.notifications", what),
        ],
        reads,
    )

    assert dict(theirs.headers)["ce_type"] == b"uk.homeward.missing.notification.v1"
    assert number_in(theirs.value) == generate.published()["missing.notification.v1"]
    for one in (others, record):
        assert one.value == what.value
        assert dict(one.headers)["ce_type"].endswith(f".v{what.version}".encode())


def test_a_limit_above_what_was_said_changes_nothing():
    what = content(e.notification())

    (made,) = wire.records(
        [outgoing(f"inbox.{e.WALSALL}", what)], {e.WALSALL: {"missing.notification": 99}}
    )

    assert made.value is what.value


@pytest.mark.parametrize(
    ("typed", "reads"),
    [(["missing.notification=1"], {"missing.notification": 1}), (["newest"], {})],
)
def test_what_an_agency_reads_is_taken_as_typed(typed, reads):
    assert versions_of(typed) == reads


@pytest.mark.parametrize(
    "typed", ["missing.notification", "missing.notification=99", "missing.notfication=1", "newest"]
)
def test_a_version_that_there_is_not_is_refused(typed):
    with pytest.raises(Misuse, match="--reads"):
        versions_of([typed, "answer=1"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ledger(request, tmp_path) -> Iterator[Ledger]:
    url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres").new_database()
    ledger = Ledger(url)
    ledger.create(SystemClock())
    yield ledger
    ledger.close()


def test_the_versions_an_agency_reads_stay_until_others_are_given(ledger):
    found = []
    for reads in (None, {"duty": 1}, None, {}):
        with ledger.deciding() as connection:
            agencies.add(connection, e.WALSALL, "Walsall", None, {}, SystemClock().now(), reads)
            found.append(agencies.versions_read(connection).get(e.WALSALL))

    assert found == [None, {"duty": 1}, {"duty": 1}, {}]


# ------------------------------------------------------------------ CloudEvents


class _Bytes(Format):
    """The event's data is Avro: handed on as it is."""

    def read(self, event_factory: Any, data: str | bytes) -> BaseCloudEvent:
        raise NotImplementedError

    def write(self, event: BaseCloudEvent) -> bytes:
        raise NotImplementedError

    def read_data(self, body: bytes, datacontenttype: str | None) -> Any:
        return body

    def write_data(self, data: Any, datacontenttype: str | None) -> bytes:
        raise NotImplementedError

    def get_content_type(self) -> str:
        return "application/avro"


def test_the_sdk_of_cloudevents_reads_a_delivery():
    what = content(e.notification())
    (record,) = wire.records([outgoing(f"inbox.{e.WALSALL}", what, child=UUID(int=4))])

    event = from_binary(KafkaMessage(dict(record.headers), record.key, record.value), _Bytes())

    assert event.get_specversion() == "1.0"
    assert event.get_id() == str(what.message_id)
    assert event.get_type() == f"uk.homeward.missing.notification.v{what.version}"
    assert event.get_source() == e.HOME
    assert event.get_time() == what.occurred_at
    assert event.get_subject() == f"{e.WALSALL}-4"
    assert event.get_datacontenttype() == "application/avro"
    assert decode(event.get_data()).message_id == what.message_id


def test_no_key_and_no_header_of_an_inbox_names_a_child_as_anybody_else_knows_it():
    child, what = UUID(int=4), content(e.notification())
    (record,) = wire.records([outgoing(f"inbox.{e.WALSALL}", what, child=child)])

    assert record.key == f"{e.WALSALL}-4".encode()
    assert {name for name, _ in record.headers} == {
        "ce_specversion", "ce_id", "ce_type", "ce_source", "ce_time", "ce_subject", "content-type",
        "delivery", "sequence", "address", "view", "wakes", "because", "answer_by", "exercise",
    }  # fmt: skip
    said = [record.key, *(value for _, value in record.headers)]
    assert not [one for one in said if str(child).encode() in one or b"Example" in one]


# ------------------------------------------------------------------ ids from elsewhere


def elsewhere() -> dict[str, int]:
    return {name: number + 1000 for name, number in generate.published().items()}


def test_ids_from_elsewhere_are_written_and_read():
    codec.use(elsewhere)

    value = encode(e.notification())

    assert number_in(value) == elsewhere()[newest("missing.notification")]
    assert decode(value).KIND == "missing.notification"


def test_ids_are_asked_for_again_when_they_could_not_be_had():
    answers = iter([Unavailable("away"), elsewhere()])

    def ask() -> dict[str, int]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    codec.use(ask)
    with pytest.raises(Unavailable):
        encode(e.notification())

    assert number_in(encode(e.notification())) > 1000


def with_id(value: bytes, number: int) -> bytes:
    return struct.pack(">bI", 0, number) + value[5:]


def test_a_schema_that_a_client_registered_with_other_words_round_it_is_read():
    theirs = schema(newest("missing.notification")) | {"doc": "Generated", "java": "String"}
    codec.use(elsewhere, {77: json.dumps(theirs)}.get)
    said = e.notification()

    assert decode(with_id(encode(said), 77)) == said


@pytest.mark.parametrize(
    "theirs",
    [
        '{"type": "record", "name": "MissingNotification", "fields": []}',
        '{"__fastavro_parsed__": true, "type": "record", "name": "X"}',
        '"string"', "[]", "{", "", "null", "[" * 100_000,
    ],
)  # fmt: skip
def test_a_schema_that_is_not_ours_is_refused_whatever_it_is(theirs):
    codec.use(elsewhere, {77: theirs}.get)

    with pytest.raises(UnknownSchema):
        decode(with_id(encode(e.notification()), 77))


def test_an_id_that_the_registry_does_not_know_is_refused():
    codec.use(elsewhere, {}.get)

    with pytest.raises(UnknownSchema, match="77"):
        decode(with_id(encode(e.notification()), 77))


def test_an_id_that_cannot_be_asked_about_is_not_refused():
    def away(_: int) -> str:
        raise Unavailable("the schema registry is away")

    codec.use(elsewhere, away)

    with pytest.raises(Unavailable):
        decode(with_id(encode(e.notification()), 77))


# ------------------------------------------------------------------ one source of ids per ledger


def test_a_ledger_takes_the_same_ids_again_and_new_ones(ledger):
    some = dict(list(elsewhere().items())[:-1])

    numbering.settle(ledger, some)
    numbering.settle(ledger, some)
    numbering.settle(ledger, elsewhere())

    with ledger.reading() as connection:
        kept = json.loads(connection.execute(select(t.ledger.c.ids)).scalar_one())
    assert {name: entry["id"] for name, entry in kept.items()} == elsewhere()


def test_another_source_of_ids_is_refused_and_says_what_to_do(ledger):
    numbering.settle(ledger, generate.published())

    with pytest.raises(Misuse, match="homeward schemas renumber"):
        numbering.settle(ledger, elsewhere())


def test_a_ledger_from_before_registries_has_the_ids_of_the_lock_file(ledger):
    post(ledger, {"destination": f"inbox.{e.WALSALL}"})

    with pytest.raises(Misuse, match="other schema ids"):
        numbering.settle(ledger, elsewhere())
    numbering.settle(ledger, generate.published())


def test_a_schema_under_a_name_that_the_ledger_knows_must_be_the_same(ledger):
    numbering.settle(ledger, generate.published())
    with ledger.deciding() as connection:
        ids = json.loads(connection.execute(select(t.ledger.c.ids)).scalar_one())
        ids["answer.v1"]["sha256"] = "0" * 64
        connection.execute(update(t.ledger).values(ids=json.dumps(ids)))

    with pytest.raises(Misuse, match=r"answer\.v1 is not the schema"):
        numbering.settle(ledger, generate.published())


def test_renumbering_gives_every_value_the_new_id_and_leaves_the_rest(ledger):
    said = e.notification()
    noise = b"\x00\x00\x00\xff\xffnoise"
    post(ledger, {"destination": f"inbox.{e.WALSALL}", "value": encode(said)})
    now = SystemClock().now()
    letter = {
        "topic": "outbox.x", "topic_id": "x", "agency": "x", "code": "x", "field": "",
        "detail": "", "at": now,
    }  # fmt: skip
    with ledger.deciding() as connection:
        for offset, value in enumerate((encode(said), noise, None)):
            row = letter | {"record_offset": offset, "value": value, "repaired": value}
            connection.execute(insert(t.dead_letter).values(row))
    numbering.settle(ledger, generate.published())

    changed = numbering.renumber(ledger, elsewhere(), now)

    assert changed == 3
    numbering.settle(ledger, elsewhere())
    codec.use(elsewhere)
    with ledger.reading() as connection:
        held = connection.execute(select(t.content.c.value)).scalar_one()
        letters = connection.execute(
            select(t.dead_letter.c.value).order_by(t.dead_letter.c.record_offset)
        )
        first, second, third = letters.scalars().all()
        x = t.dead_letter.c
        query = select(x.repaired).where(x.record_offset == 0)
        repaired = connection.execute(query).scalar_one()
    assert decode(held) == decode(first) == decode(repaired) == said
    assert (second, third) == (noise, None)


def test_nothing_is_renumbered_while_a_part_works(ledger):
    now = SystemClock().now()
    with ledger.deciding() as connection:
        until = now + timedelta(seconds=9)
        connection.execute(update(t.shard).values(holder="here", lease_until=until))

    with pytest.raises(Misuse, match="stop every part"):
        numbering.renumber(ledger, elsewhere(), now)
