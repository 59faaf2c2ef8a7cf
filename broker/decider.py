"""
The one place where things are decided: gather, decide, write, in one transaction under one lock.

Take-in, timekeeper and command line all come here, so no two writers ever see half a truth.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import Connection, func, select, update

from broker import answering
from broker.chasing import Chased, chase
from broker.clock import Clock
from broker.decision import (
    OPERATIONS,
    Arrival,
    Content,
    Decision,
    Moment,
    Picture,
    Post,
    Rulebook,
    answer_by,
    decide,
    inbox,
    receipt,
)
from broker.directory import Directory
from broker.duties import excused, met
from broker.episode import Episode, state_of
from broker.errors import (
    Empty,
    IdReused,
    Invalid,
    KindNotServed,
    NothingToReplace,
    NotYours,
    Rejected,
    Unavailable,
    Unexpected,
    UnknownAgency,
)
from broker.keys import Keys, derived
from broker.ledger import tables as t
from broker.ledger.agencies import Agencies
from broker.ledger.book import Book, Wanted, advance, positions
from broker.ledger.engine import Ledger
from broker.policy.model import Policy
from broker.recognition import (
    ChildKey,
    are_at_once,
    child_keys,
    clashes,
    episode_keys,
    follows,
    is_another,
    join,
    recognise,
)
from schemas.answer import Answer
from schemas.child import Child, Reference
from schemas.codec import decode, fingerprint
from schemas.identity import IdentityStatement
from schemas.iro_alert import IroAlert
from schemas.kinds import FROM_AGENCIES, RECORD_TOPICS
from schemas.message import BROKER, Action, ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn
from schemas.notices import Rejection, Told

log = structlog.get_logger()

FIRED_AT_ONCE = 500
_LATER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an outbox as Kafka holds it."""

    topic: str
    topic_id: str
    offset: int
    value: bytes | None

    @property
    def agency(self) -> str:
        """Who wrote it: only that agency may write its outbox."""
        return self.topic.removeprefix("outbox.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch. `codes` counts the rejections by code."""

    accepted: int = 0
    repeated: int = 0
    rejected: int = 0
    deliveries: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(
            self.accepted + other.accepted,
            self.repeated + other.repeated,
            self.rejected + other.rejected,
            self.deliveries + other.deliveries,
            dict(Counter(self.codes) + Counter(other.codes)),
        )


@dataclass(frozen=True, slots=True)
class Ticked:
    """How many steps of duties fired, how late the latest was, and how many could not fire."""

    fired: int = 0
    lateness_seconds: float = 0.0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    """A record after decoding: a message, or why there is none."""

    record: Record
    message: Message | None
    fault: Rejected | None = None


class Decider:
    """
    Decides on records, falling-due duties and joins, one transaction at a time.

    Every method may raise `Unavailable`: nothing happened, call again. Synchronous: callers in an
    event loop hand it to a thread.
    """

    def __init__(
        self, ledger: Ledger, clock: Clock, policy: Policy, keys: Keys, shards: int = 1
    ) -> None:
        self._ledger, self._clock, self._policy, self._keys = ledger, clock, policy, keys
        self._shards = shards
        self._agencies = Agencies()

    # -- the way in

    def positions(self, topics: Mapping[str, str]) -> dict[str, int]:
        """The offset to read next, for each topic (by name, to its Kafka topic id)."""
        with self._ledger.reading() as connection:
            held = positions(connection, topics)
        return {
            topic: row.next if (row := held.get((topic, topic_id))) else 0
            for topic, topic_id in topics.items()
        }

    def take(self, records: Sequence[Record]) -> Outcome:
        """
        Take in records of outboxes, in the order given per topic.

        Records below a topic's position were taken before and are passed over. A bug halves the
        batch until one record remains, which becomes a dead letter `unexpected`: so this returns
        for every record, or raises `Unavailable`.
        """
        read = [self._read(record) for record in records]
        return self._take(read)

    def _take(self, read: Sequence[_Read]) -> Outcome:
        try:
            return self._take_together(read)
        except Unavailable:
            raise
        except Exception as bug:
            if len(read) > 1:
                half = len(read) // 2
                return self._take(read[:half]) + self._take(read[half:])
            fault = Unexpected("Homeward could not handle this; an operator was told")
            if read[0].fault is not None and isinstance(read[0].fault, Unexpected):
                raise
            fault.__cause__ = bug
            where = read[0].record
            log.error(
                "a bug: the record is set aside",
                topic=where.topic,
                offset=where.offset,
                exc_info=bug,
            )
            return self._take([replace(read[0], fault=fault)])

    def _read(self, record: Record) -> _Read:
        message = None
        try:
            message = decode(record.value)
            self._check(message, record.agency)
            return _Read(record, message)
        except Rejected as fault:
            return _Read(record, message, fault)

    def _check(self, message: Message, agency: str) -> None:
        if type(message) not in FROM_AGENCIES.values():
            raise KindNotServed(f"{message.KIND} is sent by Homeward only", "kind")
        if message.sender != agency:
            raise NotYours("the sender must be the agency that owns the topic", "sender")
        known = self._agencies.directory
        for name, council in _councils(message):
            if council and known.canonical(council) is None:
                raise UnknownAgency("this council is not in the directory", name)

    def _take_together(self, read: Sequence[_Read]) -> Outcome:
        with self._ledger.deciding() as connection:
            book, rulebook = self._open(connection)
            held = positions(connection, {one.record.topic for one in read})
            new = [
                one
                for one in read
                if (row := held.get((one.record.topic, one.record.topic_id))) is None
                or one.record.offset >= row.next
            ]
            book.gather(_wanted(new, rulebook))
            tallies = [self._fold(one, book, rulebook) for one in new]
            book.write()
            advance(connection, _moves(new, tallies))
            counts = Counter(outcome for outcome, _ in tallies)
            return Outcome(
                accepted=counts["accepted"],
                repeated=counts["repeated"],
                rejected=counts["rejected"],
                deliveries=len(list(book.posts)),
                codes=Counter(code for _, code in tallies if code),
            )

    def _open(self, connection: Connection) -> tuple[Book, Rulebook]:
        active = connection.execute(select(t.ledger.c.policy, t.ledger.c.policy_version)).one()
        if active.policy != self._policy.digest:
            raise Unavailable(
                f"the ledger's policy is {active.policy_version}, this part has "
                f"{self._policy.version}: start it with the active policy"
            )
        directory = self._agencies.refresh(connection)
        book = Book(connection, directory, self._clock.now(), self._shards)
        return book, Rulebook(self._policy, directory, self._keys, self._agencies.joined)

    def _fold(self, one: _Read, book: Book, rulebook: Rulebook) -> tuple[str, str]:
        try:
            if one.fault is not None:
                raise one.fault
            if one.message is None:
                raise Empty("the record has no value")
            return self._fold_message(one.record, one.message, book, rulebook), ""
        except Rejected as fault:
            self._refuse(one, fault, book)
            return "rejected", fault.code

    def _fold_message(
        self, record: Record, message: Message, book: Book, rulebook: Rulebook
    ) -> str:
        value = record.value or b""
        digest = fingerprint(value)
        before = book.before.get((message.sender, message.message_id))
        if before is not None:
            if before.digest != digest and decode(before.value) != message:
                raise IdReused("this message id was used before, for another content", "message_id")
            _repeat(before.number, message, record, book, rulebook, self._clock)
            return "repeated"
        source = (record.topic, record.offset)
        fold(message, value, digest, source, book, rulebook, self._clock)
        return "accepted"

    def _refuse(self, one: _Read, fault: Rejected, book: Book) -> None:
        record, now = one.record, self._clock.now()
        where = (record.topic, record.topic_id, record.offset)
        rejection = Rejection(
            message_id=derived("rejection", *where),
            sender=BROKER,
            from_address=OPERATIONS,
            occurred_at=now,
            sent_at=now,
            of=one.message.message_id if one.message else None,
            topic=record.topic,
            partition=0,
            offset=record.offset,
            code=fault.code,
            field=fault.field,
            detail=fault.detail,
        )
        content = Content(next(book.contents), rejection)
        address = one.message.from_address if one.message else ""
        post = Post(
            id=derived("delivery", rejection.message_id),
            content=content.number,
            destination=inbox(record.agency),
            address=address if address.startswith(f"{record.agency}/") else f"{record.agency}/-",
            because="rejection",
            urgent=True,
        )
        book.apply(Decision(contents=(content,), posts=(post,)))
        book.bury(
            topic=record.topic,
            topic_id=record.topic_id,
            record_offset=record.offset,
            agency=record.agency,
            code=fault.code,
            field=fault.field,
            detail=fault.detail,
            value=record.value,
        )

    # -- the clock

    def tick(self) -> Ticked:
        """Fire the duties whose time has come, at most `FIRED_AT_ONCE`; each step fires once."""
        with self._ledger.deciding() as connection:
            book, rulebook = self._open(connection)
            now = self._clock.now()
            due = book.gather_due(FIRED_AT_ONCE)
            failed = 0
            for duty in due:
                episode = book.episodes.get(duty.episode) if duty.episode else None
                moment = Moment(now, book.contents)
                try:
                    book.apply(chase(Chased(duty, episode), moment, rulebook.directory))
                except Exception as bug:  # with one duty; it must not silence the others
                    log.error("a bug: the step of a duty is put off", of=duty.name, exc_info=bug)
                    failed += 1
                    book.apply(Decision(duties=(replace(duty, next_at=now + _LATER),)))
            book.write()
        late = max((now - duty.next_at for duty in due if duty.next_at), default=timedelta(0))
        return Ticked(len(due) - failed, late.total_seconds(), failed)

    # -- policy

    def activate(self) -> None:
        """Make this part's policy the one in force, where none is."""
        with self._ledger.deciding() as connection:
            values = {"policy": self._policy.digest, "policy_version": self._policy.version}
            connection.execute(update(t.ledger).where(t.ledger.c.policy.is_(None)).values(**values))

    def explain(self, message: Message) -> Decision:
        """What a message would lead to if it came now; nothing is written or sent."""
        self._check(message, message.sender)
        if not isinstance(message, ChildMessage):
            raise Invalid("only messages about a child are explained", "kind")
        with self._ledger.reading() as connection:
            book, rulebook = self._open(connection)
            book.gather(_wanted([_Read(Record("", "", 0, None), message)], rulebook))
            picture, _ = _picture(message, book, rulebook, unites=False)
            arrival = Arrival(self._clock.now(), book.contents, book.number(), message)
            return decide(picture, arrival, rulebook)


def fold(
    message: Message,
    value: bytes,
    digest: bytes,
    source: tuple[str, int] | None,
    book: Book,
    rulebook: Rulebook,
    clock: Clock,
) -> None:
    """Carry one new message into the working set, or raise `Rejected` and leave it as it was."""
    arrival = Arrival(book.now, book.contents, book.number(), message)
    if isinstance(message, Answer):
        episode = _fold_answer(message, arrival, book, rulebook)
    elif isinstance(message, IdentityStatement):
        episode = _fold_statement(message, arrival, book, rulebook)
    else:
        assert isinstance(message, ChildMessage)
        episode = _fold_child(message, arrival, book, rulebook)
    book.accept(arrival.number, message, value, digest, episode, source)


def _fold_child(
    message: ChildMessage, arrival: Arrival, book: Book, rulebook: Rulebook
) -> Episode | None:
    _check_replaced(message, book)
    picture, quoted = _picture(message, book, rulebook)
    decision = decide(picture, arrival, rulebook)
    book.apply(decision)
    book.remember(picture.recognition, message, quoted, picture.episode.id)
    return decision.episode


def _check_replaced(message: ChildMessage, book: Book) -> None:
    if message.action is Action.new or message.replaces is None:
        return
    before = book.before.get((message.sender, message.replaces))
    if before is None or before.kind != message.KIND:
        raise NothingToReplace(
            f"you sent no {message.KIND} with this id: name the one to {message.action}", "replaces"
        )


def _picture(
    message: ChildMessage, book: Book, rulebook: Rulebook, unites: bool = True
) -> tuple[Picture, list[bytes]]:
    """Which child, which absence, and what is known of both; `unites`: reports that crossed."""
    quoted_keys = episode_keys(message, _force(message, rulebook.directory), rulebook.keys)
    own = child_keys(message.child, message.exercise, rulebook.keys)
    quoted, clashing = _quoted(message, quoted_keys, own, book)
    if quoted:
        join(message, quoted[0], ())  # refuse it before anything changes
        if unites:
            _unite(quoted, own, message, book)
        quoted = [book.episodes[quoted[0].id]]
    same = quoted[0] if quoted else None
    recognition = recognise(message, own, book.known, same.child if same else None, clashing)
    others = book.episodes_of(recognition.child)
    episode_id = join(message, same, others)
    episode = book.episodes.get(episode_id) or Episode(
        episode_id, recognition.child, message.exercise
    )
    starts = [state_of(other.facts).started_at for other in others if other.id != episode_id]
    picture = Picture(
        recognition=recognition,
        episode=episode,
        duties=book.duties_of(episode_id),
        starts=tuple(start for start in starts if start),
    )
    return picture, quoted_keys


def _quoted(
    message: ChildMessage, keys: Sequence[bytes], own: Sequence[ChildKey], book: Book
) -> tuple[list[Episode], UUID | None]:
    """
    The absences that a message quotes, and the child of one it quotes that cannot be its own.

    Children who left together may share a police reference; that makes them no one child.
    """
    if replaced := _replaced(message, book):
        return [replaced], None
    # The police quote references of their own only; of others the first is, if they have one.
    own_keys = keys if message.sender.startswith("police.") else keys[: bool(message.episode)]
    shared = _shared_reference(message)
    trusted = {*own_keys, *([shared.bytes] if shared else [])}
    quoted = {key: id for key in (*keys, *trusted) if (id := book.episode_by_key.get(key))}
    if shared:
        quoted.setdefault(shared.bytes, shared)
    found: list[Episode] = []
    clashing = None
    for key, id in quoted.items():
        episode = book.episodes.get(id)
        if episode is None or episode in found or episode.exercise != message.exercise:
            continue
        if clashes(own, book.keys_of(episode.child)):
            clashing = None if message.incident else episode.child
        elif key in trusted or not is_another(message, episode):
            found.append(episode)
    return found, clashing


def _unite(
    quoted: Sequence[Episode], own: Sequence[ChildKey], message: ChildMessage, book: Book
) -> None:
    """What one report quotes together, and the child it names, are one: reports that crossed."""
    kept, together = quoted[0], {episode.id for episode in quoted}
    for child in {
        *(other.child for other in quoted[1:]),
        *(known.child for key in own for known in book.known.get(key.key, ()) if known.holds(key)),
    }:
        if child != kept.child and not clashes(book.keys_of(child), book.keys_of(kept.child)):
            book.join_children(kept.child, child)
            _question_is_settled(kept.child, book)
    for other in book.episodes_of(kept.child):
        if other.id == kept.id:
            continue
        said_first = isinstance(message, MissingNotification) and follows(message, other)
        if (other.id in together or said_first) and are_at_once(book.episodes[kept.id], other):
            book.absorb(kept.id, other.id)


def _question_is_settled(child: UUID, book: Book) -> None:
    """Nobody need say any more whether they are one child."""
    settled = [
        excused(duty, book.now, "joined")
        for episode in book.episodes_of(child)
        for duty in book.duties_of(episode.id)
        if duty.standing and IdentityStatement.KIND in duty.met_by
    ]
    duties = tuple(duty for duty, _ in settled)
    book.apply(Decision(duties=duties, events=tuple(event for _, event in settled)))


def _replaced(message: ChildMessage, book: Book) -> Episode | None:
    """A correction belongs where what it corrects was put."""
    before = book.before.get((message.sender, message.replaces)) if message.replaces else None
    return book.episodes.get(before.episode) if before and before.episode else None


def _shared_reference(message: ChildMessage) -> UUID | None:
    try:
        return UUID(message.episode) if message.episode else None
    except ValueError:
        return None


def _force(message: ChildMessage, directory: Directory) -> str:
    """Whose police reference a message quotes: its own, or that of the force of the place."""
    if message.sender.startswith("police."):
        return message.sender
    if isinstance(message, MissingNotification):
        area = message.place.authority or message.lives.authority
    else:
        area = message.place.authority if isinstance(message, MissingReturn) else None
    return directory.police_for(area or message.sender) or ""


def _fold_answer(
    message: Answer, arrival: Arrival, book: Book, rulebook: Rulebook
) -> Episode | None:
    delivery = book.deliveries.get(message.delivery)
    episode = book.episodes.get(delivery.episode) if delivery and delivery.episode else None
    duties = book.duties_of(episode.id) if episode else ()
    decision = answering.answer(answering.Asked(delivery, episode, duties), arrival, rulebook)
    book.apply(decision)
    assert delivery is not None
    book.answered(arrival.number, delivery.address, message)
    return decision.episode


def _fold_statement(
    message: IdentityStatement, arrival: Arrival, book: Book, rulebook: Rulebook
) -> Episode | None:
    """Join what an agency says is one child; either way, the question is settled."""
    if message.sender not in (message.one.holder, message.other.holder):
        raise NotYours("only an agency that holds one of the references can say so", "sender")
    children = [
        _child_of(reference, message.exercise, book, rulebook)
        for reference in (message.one, message.other)
    ]
    for name, child in zip(("one", "other"), children, strict=True):
        if child is None:
            raise Invalid("no child is known under this reference", f"{name}.value")
    one, other = children
    assert one is not None
    assert other is not None
    if message.same and one != other:
        book.join_children(one, other)
    settled = [
        met(duty, arrival.now, arrival.now, message.from_address)
        for episode in book.episodes_of(one) + book.episodes_of(other)
        for duty in book.duties_of(episode.id)
        if duty.standing and IdentityStatement.KIND in duty.met_by
    ]
    content = Content(next(arrival.contents), message)
    topic = RECORD_TOPICS[IdentityStatement.KIND]
    posts = [
        Post(
            id=derived("delivery", message.sender, message.message_id, topic),
            content=content.number,
            destination=topic,
            address="",
            because="record",
            message=arrival.number,
            child=one,
            exercise=message.exercise,
        )
    ]
    book.apply(
        Decision(
            contents=(content,),
            posts=tuple(posts),
            duties=tuple(duty for duty, _ in settled),
            events=tuple(event for _, event in settled),
        )
    )
    return None


def _child_of(reference: Reference, exercise: bool, book: Book, rulebook: Rulebook) -> UUID | None:
    for key in _reference_keys(reference, exercise, rulebook.keys):
        for known in book.known.get(key, ()):
            return known.child
    return None


def _reference_keys(reference: Reference, exercise: bool, keys: Keys) -> list[bytes]:
    named = Child.model_construct(
        references=(reference,), given_name=None, family_name=None, birth_date=None
    )
    return [key.key for key in child_keys(named, exercise, keys)]


def _repeat(
    number: int, message: Message, record: Record, book: Book, rulebook: Rulebook, clock: Clock
) -> None:
    """The same message again: its receipt again, marked repeated, and nothing else."""
    before = book.before[message.sender, message.message_id]
    episode = book.episodes.get(before.episode) if before.episode else None
    if not isinstance(message, ChildMessage) or episode is None:
        return
    now = clock.now()
    told = book.told_before(number)
    lines = tuple(
        Told(address=post.address, because=post.because, answer_by=answer_by(post, now))
        for post in told
    )
    again = receipt(message, episode, lines, now, rulebook, state_of(episode.facts), record.offset)
    content = Content(next(book.contents), again)
    post = Post(
        id=derived("delivery", again.message_id),
        content=content.number,
        destination=inbox(message.sender),
        address=message.from_address,
        because="receipt",
        message=number,
        child=episode.child,
        episode=episode.id,
        exercise=message.exercise,
    )
    book.apply(Decision(contents=(content,), posts=(post,)))


def _wanted(read: Iterable[_Read], rulebook: Rulebook) -> Wanted:
    wanted = Wanted()
    for one in read:
        message = one.message
        if message is None or one.fault is not None:
            continue
        wanted.message_ids.add(message.message_id)
        if isinstance(message, Answer):
            wanted.delivery_ids.add(message.delivery)
        elif isinstance(message, IdentityStatement):
            for reference in (message.one, message.other):
                keys = _reference_keys(reference, message.exercise, rulebook.keys)
                wanted.child_keys.update(keys)
        elif isinstance(message, ChildMessage):
            _want_child(wanted, message, rulebook)
    return wanted


def _want_child(wanted: Wanted, message: ChildMessage, rulebook: Rulebook) -> None:
    own = child_keys(message.child, message.exercise, rulebook.keys)
    wanted.child_keys.update(key.key for key in own)
    force = _force(message, rulebook.directory)
    wanted.episode_keys.update(episode_keys(message, force, rulebook.keys))
    if message.replaces:
        wanted.message_ids.add(message.replaces)
    if shared := _shared_reference(message):
        wanted.episode_ids.add(shared)
        wanted.episode_keys.add(shared.bytes)


def _councils(message: Message) -> Iterable[tuple[str, str | None]]:
    if isinstance(message, MissingNotification):
        yield "place.authority", message.place.authority
        yield "lives.authority", message.lives.authority
        yield "responsible_authority", message.responsible_authority
        yield "protection_plan", message.protection_plan
    elif isinstance(message, IroAlert):
        yield "responsible_authority", message.responsible_authority
    elif isinstance(message, MissingReturn):
        yield "place.authority", message.place.authority


def _moves(
    read: Sequence[_Read], tallies: Sequence[tuple[str, str]]
) -> Iterable[dict[str, object]]:
    moved: dict[tuple[str, str], Counter[str]] = {}
    ends: dict[tuple[str, str], int] = {}
    for one, (outcome, _) in zip(read, tallies, strict=True):
        key = (one.record.topic, one.record.topic_id)
        moved.setdefault(key, Counter())[outcome] += 1
        ends[key] = max(ends.get(key, 0), one.record.offset + 1)
    for (topic, topic_id), counts in sorted(moved.items()):
        yield {
            "topic": topic,
            "topic_id": topic_id,
            "next": ends[topic, topic_id],
            "read": counts.total(),
            "accepted": counts["accepted"],
            "repeated": counts["repeated"],
            "rejected": counts["rejected"],
        }


def outstanding(connection: Connection) -> int:
    """How many duties stand open or late."""
    query = select(func.count()).where(t.duty.c.state.in_(("open", "late")))
    return int(connection.execute(query).scalar_one())
