"""
Which child a message is about, and which absence.

Two records are one child only on a ground: a reference seen before, a valid NHS number with the
same birth date, or another agency's reference of this absence that a report quotes. Equal names
and birth dates raise a suspicion, and join nothing.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from broker.directory import Directory
from broker.episode import FILED, PLACED, CaseKind, Episode, State, case_kind, is_file, is_placement
from broker.errors import Invalid
from broker.keys import Keys, derived
from broker.placements.placement import is_same, placement_of
from schemas.child import Child, Reference, Scheme
from schemas.iro_alert import IroAlert
from schemas.message import ChildMessage
from schemas.missing import MissingNotification, MissingReturn, MissingUpdate, ReturnStage
from schemas.outcomes import ReturnInterviewOutcome, SafeAndWellOutcome
from schemas.placement import PlacementArrival, PlacementNotice
from schemas.profile import ChildProfile

REFERENCE, NHS_NUMBER, NAME = "reference", Scheme.nhs_number.value, "name"

# An end that is told later than this after the end belongs to a next absence.
AFTERWARDS = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class ChildKey:
    """
    One way to look a child up.

    `ground` is the scheme of a reference, or `name`; `birth` hashes the birth date that goes with
    an NHS number.
    """

    key: bytes
    ground: str
    holder: str
    birth: bytes | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A child key as the ledger has it."""

    child: UUID
    key: ChildKey

    def holds(self, key: ChildKey) -> bool:
        """Whether this is ground enough that a child with that key is this child."""
        return key.ground != NAME and (key.key, key.birth) == (self.key.key, self.key.birth)


# The children that each child was said not to be.
Apart = Mapping[UUID | None, frozenset[UUID]]
_NOBODY: Apart = {}


@dataclass(frozen=True, slots=True)
class Recognition:
    """
    The child of a message: known before or new, with the keys to remember.

    `suspected` are children with the same name and birth date, `contradicted` children whose
    references clash with this one: both are kept apart until an agency settles it.
    """

    child: UUID
    is_new: bool
    new_keys: tuple[ChildKey, ...]
    suspected: tuple[UUID, ...] = ()
    contradicted: tuple[UUID, ...] = ()


def child_keys(child: Child, exercise: bool, keys: Keys) -> list[ChildKey]:
    """Every key of a child, references first; an exercise never meets real life."""
    realm = "exercise" if exercise else "real"
    birth = child.birth_date.isoformat() if child.birth_date else ""
    found = []
    for reference in child.references:
        if reference.scheme is Scheme.nhs_number:
            if birth:
                hashed = keys.of(realm, "birth", birth)
                key = keys.of(realm, NHS_NUMBER, reference.value)
                found.append(ChildKey(key, NHS_NUMBER, reference.holder, hashed))
        elif reference.scheme is not Scheme.unrecognised:
            key = keys.of(
                realm, REFERENCE, reference.holder, reference.scheme.value, reference.value
            )
            found.append(ChildKey(key, reference.scheme.value, reference.holder))
    if birth and child.given_name and child.family_name:
        name = f"{plain(child.given_name)} {plain(child.family_name)}"
        if name.strip():  # a name of signs alone would be everybody's who has one
            found.append(ChildKey(keys.of(realm, NAME, name, birth), NAME, ""))
    return found


def reference_keys(reference: Reference, exercise: bool, keys: Keys) -> list[bytes]:
    """The keys of one reference by itself; none for a number that tells only with a birth date."""
    named = Child.model_construct(
        references=(reference,), given_name=None, family_name=None, birth_date=None
    )
    return [key.key for key in child_keys(named, exercise, keys)]


def plain(name: str) -> str:
    """A name as it is compared: without case, accents and signs."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum() or _is_vowel(letter))


def _is_vowel(letter: str) -> bool:
    """Vowel signs of Indic scripts are half the name; accents and points are not."""
    spacing = unicodedata.category(letter) == "Mc"
    return spacing or (
        unicodedata.category(letter) == "Mn"
        and unicodedata.combining(letter) == 0
        and "VARIATION SELECTOR" not in unicodedata.name(letter, "")
    )


def episode_keys(message: ChildMessage, force: str, keys: Keys) -> list[bytes]:
    """
    The references of the absence that a message quotes: the sender's own, and the police's.

    A police force's own reference is its police reference; `force` is whose reference a carer or
    council quotes.
    """
    realm = "exercise" if message.exercise else "real"
    quoted = []
    if reference := own_reference(message):
        quoted.append((message.sender, reference))
    if reference := _police_reference(message):
        quoted.append((force, reference))
    sort = "placement" if message.KIND in PLACED else "episode"
    return [keys.of(realm, sort, holder, reference) for holder, reference in quoted if holder]


def own_reference(message: ChildMessage) -> str | None:
    """What the sender calls the absence or the placement that its message is of."""
    if isinstance(message, PlacementNotice | PlacementArrival):
        return message.placement
    return message.episode


def keys_called(message: ChildMessage, reference: str, keys: Keys) -> list[bytes]:
    """The keys of what the sender calls by this reference: its own, or the shared one."""
    realm = "exercise" if message.exercise else "real"
    found = [keys.of(realm, "episode", message.sender, reference)]
    with suppress(ValueError):
        found.append(UUID(reference).bytes)
    return found


def force_of(message: ChildMessage, directory: Directory) -> str:
    """Whose police reference a message quotes: its own, or that of the force of the place."""
    if message.sender.startswith("police."):
        return message.sender
    if isinstance(message, MissingNotification):
        area = message.place.authority or message.lives.authority
    else:
        area = message.place.authority if isinstance(message, MissingReturn) else None
    return directory.police_for(area or message.sender) or ""


def _police_reference(message: ChildMessage) -> str | None:
    if isinstance(message, MissingNotification):
        return message.police_report.reference if message.police_report else None
    if isinstance(message, MissingUpdate | MissingReturn | SafeAndWellOutcome):
        return message.police_reference
    return None


def clashes(own: Iterable[ChildKey], held: Iterable[ChildKey]) -> bool:
    """Whether two children cannot be one: a holder has given them different numbers."""
    theirs: dict[tuple[str, str], set[bytes]] = {}
    for key in held:
        theirs.setdefault(_numbering(key), set()).add(key.key)
    return any(
        key.ground != NAME and key.key not in theirs.get(_numbering(key), {key.key}) for key in own
    )


def _numbering(key: ChildKey) -> tuple[str, str]:
    """Who gives each child one number: a holder in its scheme, but one NHS for all holders."""
    return key.ground, "" if key.ground == NHS_NUMBER else key.holder


def recognise(
    message: ChildMessage,
    own: Sequence[ChildKey],
    known: Mapping[bytes, Sequence[Known]],
    quoted_child: UUID | None,
    clashing: UUID | None = None,
    apart: Apart = _NOBODY,
) -> Recognition:
    """
    Find the child among what is known, or name a new one. Pure.

    `clashing` is the child of an absence that is quoted, but that cannot be this child's. `apart`
    are those who were said to be two: nobody is asked again on a mere likeness, but whoever gives
    them one number now is.
    """
    suspected, held = _named_and_held(own, known)
    contradicted: list[UUID] = [clashing] if clashing else []
    same = quoted_child or known_child(own, known, apart)
    child = same or derived("child", message.sender, message.message_id)
    two = apart.get(child, frozenset())
    new_keys = tuple(key for key in own if not _is_held(key, known, child, two))
    for key in new_keys:
        contradicted += [
            other.child
            for other in known.get(key.key, ())
            if key.ground == NHS_NUMBER and key.birth != other.key.birth and other.child not in two
        ]
    contradicted += [
        other
        for key, other in held
        if other not in two or key.ground != NHS_NUMBER or key in new_keys
    ]
    first_named = any(key.ground == NAME for key in new_keys)
    return Recognition(
        child=child,
        is_new=same is None,
        new_keys=new_keys,
        suspected=_others((one for one in suspected if one not in two), child)
        if first_named
        else (),
        contradicted=_others(contradicted, child),
    )


def _named_and_held(
    own: Iterable[ChildKey], known: Mapping[bytes, Sequence[Known]]
) -> tuple[list[UUID], list[tuple[ChildKey, UUID]]]:
    """The children of the same name, and those that one of these keys is ground for."""
    named: list[UUID] = []
    held: list[tuple[ChildKey, UUID]] = []
    for key in own:
        for other in known.get(key.key, ()):
            if key.ground == NAME:
                named.append(other.child)
            elif other.holds(key):
                held.append((key, other.child))
    return named, held


def known_child(
    own: Iterable[ChildKey], known: Mapping[bytes, Sequence[Known]], apart: Apart = _NOBODY
) -> UUID | None:
    """
    The child that these keys are ground for.

    A holder's own number goes before a health number. Two who were told apart may both have that:
    then the name decides, and where it does not, it is neither.
    """
    named, held = _named_and_held(own, known)
    for key, child in held:
        if key.ground != NHS_NUMBER:
            return child
    likely = [child for _, child in held if child in named] or [child for _, child in held]
    if any(other in apart.get(child, ()) for child in likely for other in likely):
        return None
    return likely[0] if likely else None


def _is_held(
    key: ChildKey, known: Mapping[bytes, Sequence[Known]], child: UUID, two: frozenset[UUID]
) -> bool:
    """Whether the key need not be remembered: the child has it, or it is another child's number."""
    return any(
        other.child == child
        or (other.holds(key) and not (key.ground == NHS_NUMBER and other.child in two))
        for other in known.get(key.key, ())
    )


def _others(children: Iterable[UUID], child: UUID) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(other for other in children if other != child))


def join(message: ChildMessage, quoted: Episode | None, others: Iterable[Episode]) -> UUID:
    """
    The absence a message belongs to: the quoted one, else the one it overlaps, else a new one.

    What is said of a placement belongs to a placement in the same way. Pure. Raises `Invalid` for
    an end that lies before the child was last seen, and for a reference of something else.
    """
    if quoted is not None:
        _check_sort(message, quoted)
        _check_order(message, quoted.state)
        return quoted.id
    if isinstance(message, PlacementNotice | PlacementArrival):
        return _placed(message, others)
    others = [one for one in others if case_kind(one) in (CaseKind.absence, CaseKind.file)]
    by_start = sorted(
        ((episode.state, episode) for episode in others),
        key=lambda pair: _start(*pair),
        reverse=True,
    )
    if message.KIND in FILED:
        return _filed(message, by_start)
    by_start = [pair for pair in by_start if not is_file(pair[1])]
    for state, episode in by_start:
        if _overlaps(message, state, episode):
            return episode.id
    if not isinstance(message, MissingNotification):
        for state, episode in by_start:
            if state.status == "open" and not is_another(message, episode):
                _check_order(message, state)
    return derived("episode", message.sender, message.message_id)


def _check_sort(message: ChildMessage, quoted: Episode) -> None:
    """A reference of a placement names no absence, nor the other way round."""
    placed = message.KIND in PLACED
    if placed != is_placement(quoted) and quoted.facts:
        sort, field = ("an absence", "placement") if placed else ("a placement", "episode")
        raise Invalid(f"this is the reference of {sort}: name the right one, or none", field)


def _placed(message: PlacementNotice | PlacementArrival, others: Iterable[Episode]) -> UUID:
    """The placement in the same home about then, the one that began last if there are several."""
    known = [it for episode in others if (it := placement_of(episode))]
    for it in sorted(known, key=lambda it: (it.starts_at, it.id), reverse=True):
        if is_same(message, it):
            return it.id
    return derived("placement", message.sender, message.message_id)


def _filed(message: ChildMessage, by_start: Iterable[tuple[State, Episode]]) -> UUID:
    """The absence that stands open, else the child's file."""
    of_child = None
    for state, episode in by_start:
        if is_file(episode):
            of_child = of_child or episode.id
        elif state.heard and not state.over:
            # What is kept ready may be of long before; it is wanted now.
            if isinstance(message, ChildProfile) or _overlaps(message, state, episode):
                return episode.id
    return of_child or derived("file", message.sender, message.message_id)


def is_another(message: ChildMessage, episode: Episode) -> bool:
    """Whether its sender calls this absence by another reference than the message's own."""
    if message.episode in (None, str(episode.id)):
        return False
    return any(
        fact.sender == message.sender and fact.said.get("own_reference") for fact in episode.facts
    )


def follows(message: MissingNotification, episode: Episode) -> bool:
    """Whether what was kept of an absence never reported is about the one reported now."""
    if case_kind(episode) is not CaseKind.absence:
        return False
    state = episode.state
    return not state.heard and _overlaps(message, state, episode)


def are_at_once(one: Episode, other: Episode) -> bool:
    """Whether two absences can be one: neither had ended when the other began."""
    states = one.state, other.state
    return not any(
        a.ended_at and b.started_at and a.ended_at <= b.started_at
        for a, b in (states, states[::-1])
    )


def _start(state: State, episode: Episode) -> datetime:
    return state.started_at or max(fact.at for fact in episode.facts)


def _overlaps(message: ChildMessage, state: State, episode: Episode) -> bool:
    if state.cancelled:
        return False
    if isinstance(message, MissingNotification):
        if is_another(message, episode) and message.started_at != state.started_at:
            return False
        if not state.heard:
            return message.started_at <= max(fact.at for fact in episode.facts)
        return state.ended_at is None or message.started_at < state.ended_at
    if is_another(message, episode):
        return False
    if state.started_at is not None and message.occurred_at < state.started_at:
        return False
    return _may_follow(message, state)


def _may_follow(message: ChildMessage, state: State) -> bool:
    """
    Whether a message that quotes nothing can still be about an absence that is over.

    What comes later is more likely of a next absence, whose first report is on its way: to take
    that child for one that is back would be the worse mistake.
    """
    if not state.over or state.ended_at is None or isinstance(message, IroAlert):
        return True
    if isinstance(message, MissingReturn) and message.stage is ReturnStage.closed:
        return True
    if isinstance(message, SafeAndWellOutcome | ReturnInterviewOutcome):
        return True
    return message.occurred_at <= state.ended_at + AFTERWARDS


def _check_order(message: ChildMessage, state: State) -> None:
    if isinstance(message, SafeAndWellOutcome | ReturnInterviewOutcome):
        if state.started_at and message.occurred_at < state.started_at:
            raise Invalid("this lies before the child was last seen", "occurred_at")
    if isinstance(message, MissingReturn) and message.time_known:
        if state.started_at and message.occurred_at < state.started_at:
            raise Invalid("the end lies before the child was last seen", "occurred_at")
    if isinstance(message, MissingNotification):
        if state.ended_at and message.started_at > state.ended_at:
            raise Invalid(
                "this absence had ended before the child was last seen: use a new reference",
                "last_seen_at",
            )
