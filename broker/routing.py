"""Who must know, and what each now owes: policy applied to one message. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from broker.directory import Directory, Entry
from broker.duties import Rung
from broker.episode import State, Told
from broker.policy.model import (
    Basis,
    Ladder,
    Owe,
    Policy,
    Rule,
    Situation,
    Start,
    Step,
    Tell,
    View,
)
from broker.working_time import OFFICE, is_open, opening


@dataclass(frozen=True, slots=True)
class Scene:
    """What roles are resolved from, beside the situation that rules are matched against."""

    state: State
    sender: str  # the address that speaks
    now: datetime
    directory: Directory
    told: Mapping[str, Told]
    acting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recipient:
    """
    One address that is told.

    `opens_at`: the desk is closed, so the delivery lies there silently until then; `cover_for`:
    told in place of that closed desk, and woken.
    """

    address: str
    role: str
    view: View
    as_kind: str
    because: str
    basis: str
    source: str
    opens_at: datetime | None = None
    cover_for: str = ""
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Owed:
    """One duty of one address, with the ladder it would climb."""

    rule: Owe
    owed_by: str
    because: str
    basis: str
    source: str
    opens_at: datetime | None
    as_kind: str
    rungs: tuple[Rung, ...]


@dataclass(frozen=True, slots=True)
class NotTold:
    """A role that nobody was told in, and why."""

    role: str
    why: str


@dataclass(frozen=True, slots=True)
class Routing:
    """Everything a message leads to by policy."""

    recipients: tuple[Recipient, ...]
    owed: tuple[Owed, ...]
    not_told: tuple[NotTold, ...]


def route(policy: Policy, situation: Situation, scene: Scene) -> Routing:
    """
    Apply every rule that fits.

    An address is told once, by the first rule that names it, and woken if any rule wakes it. The
    sender is not told what it said itself, but other desks of its agency are. A duty that waits
    for an answer exists only where the answer is asked.
    """
    recipients: dict[tuple[str, str], Recipient] = {}
    owed: dict[tuple[str, str], Owed] = {}
    not_told: list[NotTold] = []
    for rule in policy.matching(situation):
        because = policy.because(rule)
        asked = []
        for tell in rule.tell:
            found, why = _recipients(tell, rule, because, situation, scene)
            for recipient in found:
                key = (recipient.address, recipient.as_kind)
                held = recipients.setdefault(key, recipient)
                if recipient.wakes and not held.wakes:
                    recipients[key] = replace(held, wakes=True)
            asked += found
            if why:
                not_told.append(NotTold(tell.role, why))
        for owe in rule.owe:
            if situation.ended and owe.ends_with_absence:
                continue  # nobody is asked to act on what is over
            for one in _owed(owe, rule, because, policy.ladders, asked, scene):
                owed.setdefault((one.rule.duty, one.owed_by), one)
    return Routing(tuple(recipients.values()), tuple(owed.values()), tuple(not_told))


_WITHDRAWN = Rule(
    id="withdrawn",
    when={},
    tell=(Tell("told"),),
    owe=(),
    basis=Basis.local,
    source="Homeward's own promise: who was told on a wrong ground is told so.",
)


def route_withdrawal(policy: Policy, situation: Situation, scene: Scene) -> Routing:
    """A message is taken back: all who were told of the absence are told so, and none woken."""
    quiet = replace(situation, ended=True)
    because = policy.because(_WITHDRAWN)
    found, _ = _recipients(_WITHDRAWN.tell[0], _WITHDRAWN, because, quiet, scene)
    return Routing(tuple(found), (), ())


def _recipients(
    tell: Tell, rule: Rule, because: str, situation: Situation, scene: Scene
) -> tuple[list[Recipient], str]:
    found: list[Recipient] = []
    why = "nobody has this role here"
    wakes = (tell.wakes or situation.immediate_danger) and not situation.ended
    for address in addresses(tell.role, scene):
        if address == scene.sender:
            why = "it is the sender"
            continue
        desk = scene.directory.entry(address)
        if desk is None:
            why = f"{address} is not in the directory"
            continue
        at_desk = _at_desk(desk, _as_before(tell, address, scene), rule, because, wakes, scene)
        found.extend(recipient for recipient in at_desk if recipient.address != scene.sender)
    return found, "" if found else why


def _as_before(tell: Tell, address: str, scene: Scene) -> Tell:
    """Whoever was told of the absence is told more of it in the same way."""
    known = scene.told.get(address)
    if tell.role != "told" or known is None:
        return tell
    return replace(tell, view=View(known.view), as_kind=known.as_kind)


def _at_desk(
    desk: Entry, tell: Tell, rule: Rule, because: str, wakes: bool, scene: Scene
) -> Iterator[Recipient]:
    def recipient(address: str, opens_at: datetime | None, cover_for: str, rung: bool) -> Recipient:
        return Recipient(
            address=address,
            role=tell.role,
            view=tell.view,
            as_kind=tell.as_kind,
            because=because,
            basis=rule.basis.value,
            source=rule.source,
            opens_at=opens_at,
            cover_for=cover_for,
            wakes=rung,
        )

    if is_open(desk.hours, scene.now):
        yield recipient(desk.address, None, "", wakes and desk.rings)
        return
    yield recipient(desk.address, opening(desk.hours, scene.now), "", False)
    cover = scene.directory.open_desk(desk.address, scene.now) if wakes else None
    if cover is not None and cover.address != scene.sender:
        yield recipient(cover.address, None, desk.address, cover.rings)


def _owed(
    owe: Owe,
    rule: Rule,
    because: str,
    ladders: Mapping[str, Ladder],
    asked: Iterable[Recipient],
    scene: Scene,
) -> Iterator[Owed]:
    ladder = ladders.get(owe.ladder)

    def one(address: str, opens_at: datetime | None, as_kind: str, night: bool) -> Owed:
        steps = () if ladder is None else ladder.night if night else ladder.day
        rungs = climb(steps, address, scene)
        basis = rule.basis.value
        return Owed(owe, address, because, basis, rule.source, opens_at, as_kind, rungs)

    if owe.clock.starts is Start.sent:
        for recipient in asked:
            if recipient.role == owe.owed_by and not _reported_itself(owe, recipient, scene):
                night = bool(recipient.cover_for) or _is_night(recipient.address, scene)
                yield one(recipient.address, recipient.opens_at, recipient.as_kind, night)
        return
    for address in addresses(owe.owed_by, scene)[:1]:
        if scene.directory.entry(address) is not None:
            yield one(address, None, "", not is_open(OFFICE, scene.now))


def _reported_itself(owe: Owe, recipient: Recipient, scene: Scene) -> bool:
    """An agency that reports the absence shows by that that it is acting."""
    own = recipient.address.partition("/")[0] == scene.sender.partition("/")[0]
    return own and owe.duty == "answer"


def _is_night(address: str, scene: Scene) -> bool:
    """A closed desk answers after opening, by day; one that never closes is asked now."""
    desk = scene.directory.entry(address)
    return bool(desk and desk.hours.never_closes) and not is_open(OFFICE, scene.now)


def climb(steps: Iterable[Step], owner: str, scene: Scene) -> tuple[Rung, ...]:
    """The rungs of a ladder for one owner: known addresses, each once, never the owner itself."""
    rungs: dict[str, Rung] = {}
    for step in steps:
        for address in addresses(step.role, scene, owner):
            if address != owner and scene.directory.entry(address) is not None:
                rungs.setdefault(address, Rung(step.after, address))
    return tuple(rungs.values())


def addresses(role: str, scene: Scene, owner: str = "") -> list[str]:
    """The addresses that have a role here; empty when nobody has it."""
    if role.startswith("owner-"):
        return _at_owner(role.removeprefix("owner-"), owner, scene)
    if role in _DESKS:
        agencies, function = _DESKS[role]
        canonical = scene.directory.canonical
        return [f"{known}/{function}" for id in agencies(scene) if (known := canonical(id))]
    return _SPECIAL[role](scene) if role in _SPECIAL else []


def may_ring(address: str, directory: Directory) -> bool:
    """Whether a desk may be woken, by what its agency says of it."""
    desk = directory.entry(address)
    return bool(desk and desk.rings)


def _at_owner(function: str, owner: str, scene: Scene) -> list[str]:
    if function == "cover":
        desk = scene.directory.entry(owner)
        return [desk.cover] if desk and desk.cover else []
    return [f"{owner.partition('/')[0]}/{function}"]


def _known(*ids: str | None) -> list[str]:
    return [id for id in dict.fromkeys(ids) if id]


def _elsewhere(scene: Scene, id: str) -> list[str]:
    same = {scene.directory.canonical(lead) for lead in scene.state.leads}
    return [] if scene.directory.canonical(id) in same else _known(id)


# The agencies that a role may be at, by the first word of the role's entry below.
_AGENCIES: Mapping[str, Callable[[Scene], list[str]]] = {
    "lead": lambda scene: list(scene.state.leads),
    "plan": lambda scene: _known(scene.state.plan),
    "place": lambda scene: _elsewhere(scene, scene.state.place),
    "host": lambda scene: _elsewhere(scene, scene.state.host),
    "force": lambda scene: _known(
        scene.directory.police_for(scene.state.place or scene.state.lives_in)
    ),
    "found-force": lambda scene: _known(
        scene.directory.police_for(
            scene.state.found_in or scene.state.place or scene.state.lives_in
        )
    ),
}

_ROLES = {
    "police-of-place": "force/control-room",
    "police-missing-unit": "force/missing-unit",
    "found-force": "found-force/control-room",
    "lead-front-door": "lead/front-door",
    "lead-social-work": "lead/social-work",
    "lead-iro-service": "lead/iro-service",
    "lead-return-interviews": "lead/return-interviews",
    "lead-duty-manager": "lead/duty-manager",
    "lead-on-call-manager": "lead/on-call-manager",
    "lead-head-of-service": "lead/head-of-service",
    "lead-director": "lead/director",
    "plan-social-work": "plan/social-work",
    "plan-chair": "plan/child-protection-chair",
    "place-front-door": "place/front-door",
    "host-front-door": "host/front-door",
    "host-social-work": "host/social-work",
}


_DESKS = {
    role: (_AGENCIES[agency], function)
    for role, (agency, _, function) in ((r, at.partition("/")) for r, at in _ROLES.items())
}


def _home(scene: Scene) -> list[str]:
    if not scene.state.home:
        return []
    manager = f"{scene.state.home}/home-manager"
    desk = scene.directory.open_desk(manager, scene.now)
    return [desk.address if desk else manager]


_SPECIAL: Mapping[str, Callable[[Scene], list[str]]] = {
    "home": _home,
    "told": lambda scene: list(scene.told),
    "acting": lambda scene: list(scene.acting),
    "sender": lambda scene: [scene.sender],
}
