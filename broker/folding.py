"""One message carried into the working set of a batch: its child, its absence, what follows."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from broker import answering, catching_up, identity, of_child, plans, reclassifying
from broker.carers import may_be_named
from broker.census.taking import fold_census
from broker.clock import Clock
from broker.deciding import decide, decide_also
from broker.decision import Arrival, Content, Decision, Moment, Picture, Post, Rulebook, inbox
from broker.episode import ELSEWHERE, FILED, Episode, is_threshold
from broker.errors import IdReused, Invalid, NothingToReplace
from broker.homes import fold_readiness
from broker.keys import derived
from broker.ledger.book import Before, Book, Wanted
from broker.likeness import believable, may_be_quoted
from broker.notices import answer_by, receipt, short_receipt
from broker.placements import firsts, placing
from broker.placements.placement import placements_of
from broker.recognition import (
    ChildKey,
    child_keys,
    clashes,
    episode_keys,
    force_of,
    is_another,
    join,
    keys_called,
    known_child,
    own_reference,
    recognise,
    reference_keys,
)
from broker.records import Record
from broker.reporting import duty_given, fold_report
from broker.subscriptions import following, subscribing
from broker.thresholds import reaching
from schemas.answer import Answer
from schemas.catch_up import CatchUp
from schemas.census import Census
from schemas.codec import decode
from schemas.identity import IdentityStatement
from schemas.message import Action, ChildMessage, Message
from schemas.notices import Told
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile, ProfileRequest
from schemas.readiness import HomeReadiness
from schemas.report_given import ReportGiven
from schemas.subscription import SubscriptionRequest


def heard_before(message: Message, digest: bytes, book: Book) -> Before | None:
    """What was accepted under the same id; `IdReused` when that said something else."""
    before = book.before.get((message.sender, message.message_id))
    if before is None or before.digest == digest:
        return before
    # Of what was erased, only the same bytes are known to be the same.
    if not before.value or decode(before.value) != message:
        raise IdReused("this message id was used before, for another content", "message_id")
    return before


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
    episode: Episode | None = None
    child: UUID | None = None
    if isinstance(message, Answer):
        episode = _fold_answer(message, arrival, book, rulebook)
    elif isinstance(message, IdentityStatement):
        identity.fold_statement(message, arrival, book, rulebook)
    elif isinstance(message, CatchUp):
        book.apply(catching_up.decide(message, book.wanted_again(message), arrival, rulebook))
    elif isinstance(message, SubscriptionRequest):
        subscribing.fold_request(message, arrival, book, rulebook)
    elif isinstance(message, Census):
        fold_census(message, arrival, book, rulebook)
    elif isinstance(message, ReportGiven):
        fold_report(message, arrival, book)
    elif isinstance(message, HomeReadiness):
        fold_readiness(message, arrival, book)
    elif isinstance(message, ProfileRequest):
        child = _fold_request(message, arrival, book, rulebook)
    elif isinstance(message, ChildProfile):
        child = _fold_profile(message, arrival, book, rulebook)
    else:
        assert isinstance(message, ChildMessage)
        episode = _fold_child(message, arrival, book, rulebook)
    book.accept(
        arrival.number, message, value, digest, episode, source, episode.child if episode else child
    )
    if rulebook.policies.of_child:
        children = [child] if child else _counted_anew(message, episode, book, rulebook)
        of_child.follow(children, arrival, book, rulebook)
    if rulebook.policies.first_here:
        firsts.follow(_counted_anew(message, episode, book, rulebook), arrival, book, rulebook)
    if rulebook.policies.have_thresholds or rulebook.policies.reclassify:
        children = _counted_anew(message, episode, book, rulebook)
        reclassifying.follow(children, arrival, book, rulebook)
        reaching.follow(children, arrival, book, rulebook)


def _counted_anew(
    message: Message, episode: Episode | None, book: Book, rulebook: Rulebook
) -> list[UUID]:
    """The children whose absences, or what was done about them, may be others now."""
    if isinstance(message, IdentityStatement):
        return identity.children_of(message, book, rulebook)
    if episode is None:
        return []
    only_answered = isinstance(message, Answer) and not is_threshold(episode)
    return [] if only_answered else [episode.child]


def _fold_child(
    message: ChildMessage, arrival: Arrival, book: Book, rulebook: Rulebook
) -> Episode | None:
    _check_replaced(message, book)
    if isinstance(message, PlacementNotice | PlacementArrival):
        return _fold_placement(message, arrival, book, rulebook)
    if vars(message).get("also_covers"):  # refuse it before anything is united
        _covered(message, picture_of(message, book, rulebook)[0], book, rulebook)
    picture, quoted = picture_of(message, book, rulebook, arrival)
    covered = _covered(message, picture, book, rulebook)
    decision = decide(picture, arrival, rulebook)
    book.apply(decision)
    book.remember(picture.recognition, message, quoted, picture.episode.id)
    for other in covered:
        cases = book.episodes_of(other.child)
        also = replace(
            picture,
            episode=other,
            duties=book.duties_of(other.id),
            missing=firsts.missing_beside(other, cases, rulebook),
        )
        book.apply(decide_also(also, arrival, rulebook, decision.contents[0].number))
    return decision.episode


def _fold_placement(
    message: PlacementNotice | PlacementArrival, arrival: Arrival, book: Book, rulebook: Rulebook
) -> Episode | None:
    """A placement is a case of its own; what it says is carried into the child's other cases."""
    placing.check(message, rulebook.directory)
    picture, quoted = picture_of(message, book, rulebook, arrival)
    child = picture.recognition.child
    rival = placing.rival(message, picture.episode, book.episodes_of(child))
    decision = decide(replace(picture, said={"rival": True} if rival else {}), arrival, rulebook)
    book.apply(decision)
    book.remember(picture.recognition, message, quoted, picture.episode.id)
    placing.carry_over(arrival, picture.recognition, book, rulebook)
    following.follow(message, decision, arrival, book, rulebook)
    return decision.episode


def _fold_profile(message: ChildProfile, arrival: Arrival, book: Book, rulebook: Rulebook) -> UUID:
    """What is kept ready is of the child; an absence that stands open gets it at once."""
    _check_replaced(message, book)
    picture, _ = picture_of(message, book, rulebook, arrival)
    decision = decide(picture, arrival, rulebook)
    if not picture.episode.facts:
        posts = tuple(replace(post, episode=None) for post in decision.posts)
        decision = replace(decision, posts=posts)
    book.apply(replace(decision, episode=None))
    book.remember(picture.recognition, message, (), picture.episode.id)
    book.keep(arrival.number, message, picture.recognition.child, decision.contents[0].number)
    return picture.recognition.child


def _fold_request(
    message: ProfileRequest, arrival: Arrival, book: Book, rulebook: Rulebook
) -> UUID:
    """Nothing changes: nobody is joined or made known by being asked for."""
    child = picture_of(message, book, rulebook)[0].recognition.child
    plans.give(message, child, arrival, book, rulebook)
    return child


def _covered(
    message: ChildMessage, picture: Picture, book: Book, rulebook: Rulebook
) -> list[Episode]:
    """The further absences of the same child that an outcome covers, or what it replaces did."""
    replaced = (message.sender, str(message.replaces))
    found = [
        episode
        for episode in book.episodes_of(picture.recognition.child)
        if episode.id != picture.episode.id
        and not is_threshold(episode)
        and any(
            (fact.sender, fact.message_id) == replaced and ELSEWHERE not in fact.said
            for fact in episode.facts
        )
    ]
    for reference in vars(message).get("also_covers", ()):
        episode = book.episode_called(message, reference, rulebook.keys)
        if episode is None or episode.child != picture.recognition.child:
            raise Invalid("no absence of this child is known by this reference", "also_covers")
        if episode.id != picture.episode.id and episode not in found:
            found.append(episode)
    return found


def _check_replaced(message: ChildMessage, book: Book) -> None:
    if message.action is Action.new or message.replaces is None:
        return
    before = book.before.get((message.sender, message.replaces))
    if before is None or before.kind != message.KIND:
        raise NothingToReplace(
            f"you sent no {message.KIND} with this id: name the one to {message.action}", "replaces"
        )
    if not before.value:
        raise NothingToReplace(
            "what this names was erased, as its absence is long over: tell Homeward's operator",
            "replaces",
        )
    if decode(before.value).exercise != message.exercise:
        raise NothingToReplace("an exercise and real life do not replace each other", "exercise")


def picture_of(
    message: ChildMessage, book: Book, rulebook: Rulebook, arrival: Arrival | None = None
) -> tuple[Picture, list[bytes]]:
    """
    Which child, which absence, and what is known of both.

    With an `arrival`, reports that crossed are united; without, nothing changes.
    """
    quoted_keys = episode_keys(message, force_of(message, rulebook.directory), rulebook.keys)
    stated = child_keys(message.child, message.exercise, rulebook.keys)
    own, strange = believable(message, stated, book)
    quoted, clashing = _quoted(message, quoted_keys, own, book)
    if quoted:
        join(message, quoted[0], ())  # refuse it before anything changes
        if isinstance(message, PlacementNotice | PlacementArrival):
            placing.check_quoted(message, quoted[0])
        if arrival is not None:
            identity.unite(quoted, own, arrival, book, rulebook)
        quoted = [book.episodes[quoted[0].id]]
    same = quoted[0] if quoted else None
    recognition = recognise(
        message, own, book.known, same.child if same else None, clashing or strange, book.apart
    )
    others = [each for each in book.episodes_of(recognition.child) if not is_threshold(each)]
    episode_id = join(message, same, others)
    episode = book.episodes.get(episode_id) or Episode(
        episode_id, recognition.child, message.exercise
    )
    starts = [other.state.started_at for other in others if other.id != episode_id]
    picture = Picture(
        recognition=recognition,
        episode=episode,
        duties=book.duties_of(episode_id),
        starts=tuple(start for start in starts if start),
        had_it=book.who_had(message.sender, message.replaces) if message.replaces else {},
        placements=placements_of(others),
        missing=firsts.missing_beside(episode, others, rulebook),
        profiles=book.profiles_of(recognition.child),
        others=tuple(other for other in others if other.id != episode_id),
        read=book.read,
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
    police = message.sender.startswith("police.")
    own_keys = keys if police else keys[: bool(own_reference(message))]
    shared = _shared_reference(message)
    trusted = {*own_keys, *([shared.bytes] if shared else [])}
    quoted = {key: id for key in (*keys, *trusted) if (id := book.episode_by_key.get(key))}
    if shared:
        quoted.setdefault(shared.bytes, shared)
    found: list[Episode] = []
    clashing = None
    apart = book.apart
    two = apart.get(known_child(own, book.known, apart), frozenset())
    for key, id in quoted.items():
        episode = book.episodes.get(id)
        if episode is None or episode in found or episode.exercise != message.exercise:
            continue
        if is_threshold(episode) and message.KIND not in FILED:
            continue  # what happens to a child is about an absence
        cannot = clashes(own, book.keys_of(episode.child)) or episode.child in two
        by_another = key not in trusted
        if cannot or (by_another and not may_be_quoted(message, episode, own, book)):
            clashing = None if message.incident else episode.child
        elif key in trusted or not is_another(message, episode):
            found.append(episode)
            two = two | apart.get(episode.child, frozenset())
    return found, clashing


def _replaced(message: ChildMessage, book: Book) -> Episode | None:
    """A correction belongs where what it corrects was put."""
    before = book.before.get((message.sender, message.replaces)) if message.replaces else None
    return book.episodes.get(before.episode) if before and before.episode else None


def _shared_reference(message: ChildMessage) -> UUID | None:
    try:
        reference = own_reference(message)
        return UUID(reference) if reference else None
    except ValueError:
        return None


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


def repeat(
    number: int, message: Message, record: Record, book: Book, rulebook: Rulebook, clock: Clock
) -> None:
    """The same message again: its receipt again, marked repeated, and nothing else."""
    before = book.before[message.sender, message.message_id]
    episode = book.episodes.get(before.episode) if before.episode else None
    if isinstance(message, Answer):
        return
    now = clock.now()
    if not isinstance(message, ChildMessage) or episode is None:
        words = "It had been accepted before; nothing new follows."
        short = short_receipt(message, words, Moment(now, book.contents), record.place)
        book.apply(Decision(contents=(short[0],), posts=(short[1],)))
        return
    told = book.told_before(number)
    lines = tuple(
        Told(address=post.address, because=post.because, answer_by=answer_by(post, now))
        for post in told
        if may_be_named(post.address, message.sender, message.KIND, episode.state)
    )
    again = receipt(message, episode, lines, now, rulebook, episode.state, record.place)
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
    wanted = Wanted(counted=rulebook.policies.have_thresholds)
    for message in messages:
        wanted.message_ids.add(message.message_id)
        if isinstance(message, Answer):
            wanted.delivery_ids.add(message.delivery)
        elif isinstance(message, IdentityStatement):
            for reference in (message.one, message.other):
                keys = reference_keys(reference, message.exercise, rulebook.keys)
                wanted.child_keys.update(keys)
            wanted.histories = True
        elif isinstance(message, CatchUp):
            wanted.catch_ups[message.sender] = message.since
        elif isinstance(message, SubscriptionRequest):
            wanted.subscription_ids.add(message.subscription or message.message_id)
        elif isinstance(message, Census):
            wanted.censuses.append(message)
        elif isinstance(message, ReportGiven):
            wanted.duty_ids.add(duty_given(message))
        elif isinstance(message, ChildMessage):
            _want_child(wanted, message, rulebook)
    return wanted


def _want_child(wanted: Wanted, message: ChildMessage, rulebook: Rulebook) -> None:
    lives = vars(message).get("lives")
    if lives is not None and lives.home:
        wanted.placed_with.add(lives.home)
    own = child_keys(message.child, message.exercise, rulebook.keys)
    wanted.child_keys.update(key.key for key in own)
    force = force_of(message, rulebook.directory)
    wanted.episode_keys.update(episode_keys(message, force, rulebook.keys))
    if message.replaces:
        wanted.message_ids.add(message.replaces)
    for reference in vars(message).get("also_covers", ()):
        wanted.episode_keys.update(keys_called(message, reference, rulebook.keys))
    if shared := _shared_reference(message):
        wanted.episode_ids.add(shared)
        wanted.episode_keys.add(shared.bytes)
