"""
Who is one child after all, and who is not: joining, splitting, telling apart.

Every join is recorded with its ground. Whoever was told of one absence that was two, or of two
that were one, is told where things stand now; whoever was told of another's child is told so.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from broker import owing
from broker.decision import Arrival, Content, Decision, Post, Rulebook
from broker.directory import kind_of
from broker.duties import Duty, DutyEvent, excused, met
from broker.episode import Episode, Fact, is_file, is_threshold
from broker.errors import Invalid, NotYours
from broker.keys import Keys, derived
from broker.ledger.book import Book
from broker.ledger.moving import Heard
from broker.likeness import can_tell
from broker.notices import noticed, picture_post, recorded, short_receipt
from broker.parting import Parting, Said, Whole, part
from broker.placements import placing
from broker.placements.placement import linked, placements_of
from broker.policy.model import Situation
from broker.recognition import (
    ChildKey,
    Recognition,
    are_at_once,
    child_keys,
    clashes,
    episode_keys,
    follows,
    force_of,
    reference_keys,
)
from broker.retelling import (
    ONE_ABSENCE,
    Alone,
    by_itself,
    come_back,
    for_those_missed,
    had_under_another,
    no_longer_owed,
)
from broker.routing import Scene, route
from schemas.child import Scheme
from schemas.identity import IdentityStatement
from schemas.message import ChildMessage
from schemas.missing import MissingNotification
from schemas.notices import Receipt
from schemas.notices import Told as ToldLine

STATED, QUOTED = "statement", "quoted"
JOINED, SPLIT, NOT_YOURS = "joined", "split", "not-yours"

_NOT_YOURS = (
    "What you were told of this absence was about a child who has nothing to do with you: it was "
    "taken for another. Please do not act on it, and delete it. Deliveries: {deliveries}."
)


@dataclass(slots=True)
class _Told:
    """What came of a statement: what is sent because of it, and the words for the sender."""

    words: str = ""
    contents: list[Content] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    lines: list[ToldLine] = field(default_factory=list)

    def send(self, content: Content, post: Post, because: str) -> None:
        self.contents.append(content)
        self.posts.append(post)
        self.lines.append(ToldLine(address=post.address, because=because))

    def take(self, other: "_Told", *, names: bool) -> None:
        self.contents += other.contents
        self.posts += other.posts
        self.lines += other.lines if names else []


# -- a statement


def fold_statement(
    message: IdentityStatement, arrival: Arrival, book: Book, rulebook: Rulebook
) -> None:
    """Join or split what an agency says is one child, or two; either way the question is met."""
    one, other = _named(message, book, rulebook.keys)
    for child in dict.fromkeys((one.child, other.child)):
        _answered(child, book, lambda duty: _met(duty, arrival))
    told = _Told()
    if message.same and one.child != other.child:
        told = _join(one.child, other.child, arrival, book, rulebook)
    elif message.same:
        told.words = "They were one child already."
    elif one.child == other.child:
        told = _split(one, other, arrival, book, rulebook)
    else:
        told.words = "They are two children, and nobody is asked about them again."
    if not message.same:
        book.tell_apart(one.key, other.key, arrival.number)
    for child in dict.fromkeys(_child_of(each.key, book) for each in (one, other)):
        placing.carry_over(arrival, Recognition(child, False, ()), book, rulebook)
    now = [_child_of(each.key, book) for each in (one, other)]
    if (one.child == other.child) != (now[0] == now[1]):
        _tell_workers(now, told, arrival, book, rulebook)
    _say(message, told, now, arrival, book, rulebook)


@dataclass(frozen=True, slots=True)
class _Named:
    """A reference of a statement, and whose it is."""

    key: bytes
    child: UUID


def _named(message: IdentityStatement, book: Book, keys: Keys) -> tuple[_Named, _Named]:
    if message.sender not in (message.one.holder, message.other.holder):
        raise NotYours("only an agency that holds one of the references can say so", "sender")
    found = []
    for name, reference in (("one", message.one), ("other", message.other)):
        if reference.scheme is Scheme.nhs_number:
            raise Invalid("name the child by an agency's own reference", f"{name}.scheme")
        held = [
            _Named(key, known.child)
            for key in reference_keys(reference, message.exercise, keys)
            for known in book.known.get(key, ())
        ]
        if not held:
            raise _unknown(name)
        found.append(held[0])
    one, other = found
    if message.same and not can_tell(message, one.child, other.child, book):
        name = "other" if message.one.holder == message.sender else "one"
        raise _unknown(name)
    if one.key == other.key and not message.same:
        raise Invalid("this is the same reference twice: one child", "other.value")
    return one, other


def _unknown(name: str) -> Invalid:
    """The same words for a number that nobody has and for one that is nothing to the sender."""
    return Invalid("no child that you can know is known under this reference", f"{name}.value")


def _tell_workers(
    children: list[UUID], told: _Told, arrival: Arrival, book: Book, rulebook: Rulebook
) -> None:
    """Whom policy names, the child's worker first, is shown where the newest absence stands."""
    message = arrival.message
    assert isinstance(message, IdentityStatement)
    because = JOINED if message.same else SPLIT
    for child, holder in zip(children, (message.one.holder, message.other.holder), strict=True):
        news = _Told()
        known = [episode for episode in book.episodes_of(child) if _began(episode)]
        for episode in sorted(known, key=lambda one: (_began(one), one.id))[-1:]:
            shown = {post.address for post in told.posts if post.episode == episode.id}
            for address in _named_by_policy(episode, arrival, rulebook):
                if address not in shown:
                    _show(episode, address, because, news, arrival, book, rulebook)
        told.take(news, names=message.same or holder == message.sender)


def _began(episode: Episode) -> datetime | None:
    return episode.state.started_at


def _named_by_policy(episode: Episode, arrival: Arrival, rulebook: Rulebook) -> list[str]:
    message, state = arrival.message, episode.state
    nation = rulebook.directory.nation_of(state.lead)
    situation = Situation(
        kind=message.KIND,
        sender=kind_of(message.sender),
        looked_after=state.looked_after,
        ended=True,  # nobody is woken
        nation=nation,
    )
    scene = Scene(
        state=state,
        sender=message.from_address,
        now=arrival.now,
        directory=rulebook.directory,
        told=episode.told,
    )
    routing = route(rulebook.policy(nation, state, arrival.now), situation, scene)
    return [recipient.address for recipient in routing.recipients]


def children_of(message: IdentityStatement, book: Book, rulebook: Rulebook) -> list[UUID]:
    """The children that a statement is about, as they are known now."""
    references = (message.one, message.other)
    keys = (
        key for one in references for key in reference_keys(one, message.exercise, rulebook.keys)
    )
    return list(dict.fromkeys(_child_of(key, book) for key in keys if book.known.get(key)))


def _child_of(key: bytes, book: Book) -> UUID:
    return book.known[key][0].child


def _met(duty: Duty, arrival: Arrival) -> tuple[Duty, DutyEvent]:
    after, event = met(duty, arrival.now, arrival.now, arrival.message.from_address)
    return replace(after, settled_why="answered"), event


def _answered(child: UUID, book: Book, settle: Callable[[Duty], tuple[Duty, DutyEvent]]) -> None:
    """Who the child is, is no question any more, until something new raises it."""
    for episode in book.episodes_of(child):
        facts = tuple(_unquestioned(fact) for fact in episode.facts)
        duties = [
            settle(duty)
            for duty in book.duties_of(episode.id)
            if duty.standing and IdentityStatement.KIND in duty.met_by
        ]
        book.apply(
            Decision(
                episode=replace(episode, facts=facts) if facts != episode.facts else None,
                duties=tuple(duty for duty, _ in duties),
                events=tuple(event for _, event in duties),
            )
        )


def _unquestioned(fact: Fact) -> Fact:
    said = {name: value for name, value in fact.said.items() if name != "identity"}
    return replace(fact, said=said)


def _say(
    message: IdentityStatement,
    told: _Told,
    children: list[UUID],
    arrival: Arrival,
    book: Book,
    rulebook: Rulebook,
) -> None:
    """The record of the statement, the receipt, and everything that is sent because of it."""
    record, kept = recorded(message, arrival, children[0])
    names = ", ".join(
        dict.fromkeys(rulebook.directory.name_of(line.address) for line in told.lines)
    )
    words = f"{told.words} Told so: {names}." if names else told.words
    receipt, post = short_receipt(message, words, arrival)
    own = children[message.one.holder != message.sender]
    assert isinstance(receipt.message, Receipt)
    said = {"child": rulebook.keys.pseudonym(own, message.sender), "told": tuple(told.lines)}
    receipt = replace(receipt, message=receipt.message.model_copy(update=said))
    book.apply(
        Decision(contents=(record, receipt, *told.contents), posts=(kept, post, *told.posts))
    )


# -- joining


def _join(kept: UUID, joined: UUID, arrival: Arrival, book: Book, rulebook: Rulebook) -> _Told:
    """Two children are one: absences of both at once are one absence, and who knew is told."""
    mine = {episode.id for episode in book.episodes_of(kept)}
    book.join_children(kept, joined, STATED, arrival.number)
    told = _Told("They are one child from now on.")
    for id, knew in _absorbed(kept, mine, book).items():
        _owed_once(id, book, arrival, rulebook)
        for address in sorted(knew):
            _show(book.episodes[id], address, JOINED, told, arrival, book, rulebook)
    if told.posts:
        told.words += " Their absences at the same time are one absence."
    return told


def _absorbed(child: UUID, mine: set[UUID], book: Book) -> dict[UUID, set[str]]:
    """Make absences that are at once one, by the side they come from; gives back who knew."""
    knew: dict[UUID, set[str]] = {}
    while pair := _at_once(child, mine, book):
        kept, gone = sorted(pair, key=lambda episode: episode.facts[0].number)
        addresses = kept.told.keys() | gone.told.keys() | knew.pop(gone.id, set())
        knew.setdefault(kept.id, set()).update(addresses)
        book.absorb(kept.id, gone.id)
        mine -= {gone.id}
        mine |= {kept.id}
    return knew


def _at_once(child: UUID, mine: set[UUID], book: Book) -> tuple[Episode, Episode] | None:
    heard = [
        episode
        for episode in book.episodes_of(child)
        if not is_file(episode) and episode.state.heard
    ]
    for one in heard:
        for other in heard:
            if one.id in mine and other.id not in mine and are_at_once(one, other):
                return one, other
    return None


def _owed_once(id: UUID, book: Book, arrival: Arrival, rulebook: Rulebook) -> None:
    """What both absences made the same desk owe is owed once; the rest follows from all facts."""
    _supersede_alike(id, book, arrival)
    book.apply(_recomputed(book.episodes[id], book.duties_of(id), arrival, rulebook))


def _supersede_alike(id: UUID, book: Book, arrival: Arrival) -> None:
    first: dict[object, Duty] = {}
    gone, events = [], []
    standing = (each for each in book.duties_of(id) if each.standing)
    for duty in sorted(standing, key=lambda duty: (duty.due_at or duty.opened_at, duty.message)):
        if first.setdefault((duty.key, duty.delivery is None), duty) is duty:
            continue
        gone.append(
            replace(
                duty,
                state="superseded",
                settled_at=arrival.now,
                settled_why=ONE_ABSENCE,
                next_at=None,
            )
        )
        events.append(DutyEvent(duty.id, arrival.now, "superseded", duty.owed_by, ONE_ABSENCE))
    book.apply(Decision(duties=tuple(gone), events=tuple(events)))


def _recomputed(
    episode: Episode, duties: Iterable[Duty], arrival: Arrival, rulebook: Rulebook
) -> Decision:
    """What the facts of an absence make owed now."""
    duties = list(duties)
    changed = owing.recompute(episode, duties, rulebook, arrival.now)
    over = episode.state.over
    waiting = [
        excused(duty, arrival.now, "absence-over")
        for duty in duties
        if over and duty.delivery and duty.standing and duty.ends_with_absence
    ]
    contents, posts = noticed(changed, arrival, rulebook, arrival.message.message_id)
    return Decision(
        contents=contents,
        posts=posts,
        duties=(*changed.duties, *(duty for duty, _ in waiting)),
        events=(*changed.events, *(event for _, event in waiting)),
    )


def _show(
    episode: Episode,
    address: str,
    because: str,
    told: _Told,
    arrival: Arrival,
    book: Book,
    rulebook: Rulebook,
) -> None:
    duties = book.duties_of(episode.id)
    told.send(*picture_post(episode, duties, address, arrival, rulebook, because), because)


# -- joining without a statement


def unite(
    quoted: list[Episode],
    own: list[ChildKey],
    arrival: Arrival,
    book: Book,
    rulebook: Rulebook,
) -> None:
    """What one report quotes together, and the child it names, are one: reports that crossed."""
    message = arrival.message
    kept, together = quoted[0], {episode.id for episode in quoted}
    for child, ground in _grounds(quoted, own, book).items():
        two = child in book.apart.get(kept.child, ())
        if child != kept.child and not two:
            if not clashes(book.keys_of(child), book.keys_of(kept.child)):
                book.join_children(kept.child, child, ground, arrival.number)
                _answered(kept.child, book, lambda duty: excused(duty, arrival.now, JOINED))
    for other in book.episodes_of(kept.child):
        if other.id == kept.id:
            continue
        said_first = isinstance(message, MissingNotification) and follows(message, other)
        if (other.id in together or said_first) and are_at_once(book.episodes[kept.id], other):
            mine = book.episodes[kept.id]
            book.absorb(kept.id, other.id)
            _supersede_alike(kept.id, book, arrival)
            if mine.state.heard and other.state.heard:
                told = _Told()
                for address in sorted(mine.told.keys() ^ other.told.keys()):
                    _show(book.episodes[kept.id], address, JOINED, told, arrival, book, rulebook)
                book.apply(Decision(contents=tuple(told.contents), posts=tuple(told.posts)))


def _grounds(quoted: list[Episode], own: list[ChildKey], book: Book) -> dict[UUID, str]:
    """The children that one report is about, and what says so."""
    found = {other.child: QUOTED for other in quoted[1:]}
    for key in own:
        for known in book.known.get(key.key, ()):
            if known.holds(key):
                found.setdefault(known.child, key.ground)
    return found


# -- splitting


def _split(one: _Named, other: _Named, arrival: Arrival, book: Book, rulebook: Rulebook) -> _Told:
    """One child is two: each gets back what is its own, and whoever was told wrongly is told."""
    message, was = arrival.message, one.child
    assert isinstance(message, IdentityStatement)
    heard = book.heard_of(was)
    episodes = [each for each in book.episodes_of(was) if not is_threshold(each)]
    whole = Whole(
        child=was,
        said=tuple(_said(each, rulebook) for each in heard),
        keys=tuple(book.keys_of(was)),
        # What their placements say of the absences is read off again, once each has its own.
        episodes=tuple(linked(episode, (), arrival.now) for episode in episodes),
        duties=tuple(duty for each in episodes for duty in book.duties_of(each.id)),
    )
    fresh = derived("child", "split", message.sender, message.message_id)
    parting = part(whole, (one.key, other.key), fresh)
    came_of = {id: moved.old for moved in parting.moved for id in (moved.old, moved.new)}
    alone = {
        episode.id: by_itself(
            episode,
            heard,
            [duty for duty in half.duties if duty.episode == episode.id],
            rulebook,
            placements_of(half.episodes),
        )
        for half in parting.halves
        for episode in half.episodes
        if episode.id in came_of
    }
    book.part(_with_those_told(parting, alone), arrival.number)
    knew = {episode.id: set(episode.told) for episode in whole.episodes}
    told = _Told("They are two children again.")
    for half, holder in zip(
        parting.halves, (message.one.holder, message.other.holder), strict=True
    ):
        news = _Told()
        for episode in (book.episodes[each.id] for each in half.episodes):
            if episode.id in alone:
                _settle_alone(episode.id, alone[episode.id], arrival, book, rulebook)
                for address in sorted(knew[came_of[episode.id]] & episode.told.keys()):
                    _show(episode, address, SPLIT, news, arrival, book, rulebook)
                for address, deliveries in sorted(alone[episode.id].wrongly.items()):
                    _take_back(episode, address, deliveries, news, arrival, rulebook)
            else:
                for address in sorted(had_under_another(episode, heard)):
                    _show(episode, address, SPLIT, news, arrival, book, rulebook)
        # Whom the other child's news went to is nothing that crosses.
        told.take(news, names=holder == message.sender)
    return told


def _said(heard: Heard, rulebook: Rulebook) -> Said:
    """What a message tells of whose it is."""
    message = heard.message
    said = Said(heard.number, heard.child, message.sender, to=heard.to, answers=heard.answers)
    if not isinstance(message, ChildMessage):
        return said
    force = force_of(message, rulebook.directory)
    return replace(
        said,
        keys=tuple(child_keys(message.child, message.exercise, rulebook.keys)),
        quoted=tuple(episode_keys(message, force, rulebook.keys)),
    )


def _with_those_told(parting: Parting, alone: Mapping[UUID, Alone]) -> Parting:
    def right(episode: Episode) -> Episode:
        return alone[episode.id].episode if episode.id in alone else episode

    one, other = (
        replace(half, episodes=tuple(right(episode) for episode in half.episodes))
        for half in parting.halves
    )
    return replace(parting, halves=(one, other))


def _settle_alone(id: UUID, alone: Alone, arrival: Arrival, book: Book, rulebook: Rulebook) -> None:
    """What an absence makes owed by itself, and news for whom it never reached."""
    book.apply(for_those_missed(alone, arrival))
    over = book.episodes[id].state.over
    if not over:
        book.apply(come_back(book.duties_of(id), arrival))
    book.apply(no_longer_owed(book.duties_of(id), alone, arrival))
    book.apply(_recomputed(book.episodes[id], book.duties_of(id), arrival, rulebook))


def _take_back(
    episode: Episode,
    address: str,
    deliveries: Iterable[UUID],
    told: _Told,
    arrival: Arrival,
    rulebook: Rulebook,
) -> None:
    words = _NOT_YOURS.format(deliveries=", ".join(map(str, deliveries)) or "none")
    nothing = replace(episode, facts=())
    content, post = picture_post(
        nothing, (), address, arrival, rulebook, SPLIT, status=NOT_YOURS, words=words
    )
    told.send(content, post, NOT_YOURS)
