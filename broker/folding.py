"""One message carried into the working set of a batch: its child, its absence, what follows."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from broker import answering
from broker.clock import Clock
from broker.deciding import decide
from broker.decision import Arrival, Content, Decision, Picture, Post, Rulebook, inbox
from broker.directory import Directory
from broker.duties import excused, met
from broker.episode import Episode, state_of
from broker.errors import (
    Invalid,
    NothingToReplace,
    NotYours,
)
from broker.keys import Keys, derived
from broker.ledger.book import Book, Wanted
from broker.notices import answer_by, receipt
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
from schemas.identity import IdentityStatement
from schemas.kinds import RECORD_TOPICS
from schemas.message import Action, ChildMessage, Message
from schemas.missing import MissingNotification, MissingReturn
from schemas.notices import Told


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
    picture, quoted = picture_of(message, book, rulebook)
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


def picture_of(
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


def repeat(
    number: int, message: Message, offset: int, book: Book, rulebook: Rulebook, clock: Clock
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
    again = receipt(message, episode, lines, now, rulebook, state_of(episode.facts), offset)
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


def wanted_by(messages: Iterable[Message], rulebook: Rulebook) -> Wanted:
    """Everything that messages need looked up, before any of them is decided."""
    wanted = Wanted()
    for message in messages:
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
