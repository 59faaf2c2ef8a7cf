"""Who must know, and what each now owes: policy applied to one message. Pure."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from broker.carers import view_of
from broker.directory import Directory, Entry
from broker.duties import Rung
from broker.entitled import may_allocate
from broker.episode import NEWS, State, Told
from broker.policy.binding import AT_LEAST
from broker.policy.model import (
    BINDING,
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
from broker.policy.roles import address_of
from broker.working_time import OFFICE, is_open, opening
from schemas.profile import ChildProfile
from schemas.threshold import ThresholdReached


@dataclass(frozen=True, slots=True)
class Scene:
    """What roles are resolved from, beside the situation that rules are matched against."""

    state: State
    sender: str  # the address that speaks
    now: datetime
    directory: Directory
    told: Mapping[str, Told]
    acting: tuple[str, ...] = ()
    addressee: str = ""  # the address the message itself names
    asker: str = ""  # the address that sent what the message answers
    before: State = field(default_factory=State)  # what was so before the message
    kind: str = ""  # of the message
    allocated: str = ""  # the desk that holds the return interview by policy
    owners: tuple[str, ...] = ()  # of the actions that a meeting decided


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
    informed: bool = False  # in place of a closed desk, which is asked itself when it opens
    and_its_end: bool = False  # of a threshold: they are told the end of the absence too


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


def route(
    policy: Policy, situation: Situation, scene: Scene, then: Policy | None = None
) -> Routing:
    """
    Apply every rule that fits.

    Who is told follows `policy`, which is in force now; what is owed the one that was in force
    `then`, when the thing happened, as far as the answer is asked for.

    An address is told once, by the first rule that names it, and woken if any rule wakes it; a rule
    that is law shows it no less than it says. The sender is not told what it said itself, but other
    desks of its agency are. Duties here are those that wait for an answer, and exist only where the
    answer is asked; the others are `lasting`.
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
                recipients[key] = _both(held, recipient, binds=rule.basis in BINDING)
            asked += found
            if why:
                not_told.append(NotTold(tell.role, why))
        for owe in rule.owe:
            if owe.clock.starts is not Start.sent or _is_past(owe, situation):
                continue
            for one in _asked(owe, rule, because, policy.ladders, asked, scene):
                owed.setdefault((one.rule.duty, one.owed_by), one)
    routing = Routing(tuple(recipients.values()), tuple(owed.values()), tuple(not_told))
    if then is None or then is policy:
        return routing
    at_that_time = route(then, situation, scene).owed
    asked_now = tuple(one for one in at_that_time if (one.owed_by, one.as_kind) in recipients)
    return replace(routing, owed=asked_now)


def _both(held: Recipient, further: Recipient, *, binds: bool) -> Recipient:
    """Who is told by two rules: as the first says, but never less than what law asks for."""
    wakes = held.wakes or further.wakes
    if binds and held.view not in AT_LEAST[further.view]:
        return replace(further, wakes=wakes)
    return held if held.wakes == wakes else replace(held, wakes=wakes)


def lasting(
    policy: Policy, matching: Iterable[Rule], situation: Situation, scene: Scene
) -> Iterator[Owed]:
    """The duties that follow whether or not an answer is asked: a check, an interview, a review."""
    for rule in matching:
        because = policy.because(rule)
        for owe in rule.lasting:
            if _is_past(owe, situation):
                continue
            for address in addresses(owe.owed_by, scene):
                if scene.directory.entry(address) is not None:
                    night = not is_open(OFFICE, scene.now)
                    yield _one(owe, rule, because, policy.ladders, address, scene, night=night)


def _is_past(owe: Owe, situation: Situation) -> bool:
    """Nobody is asked to act on what is over, nor owes for a child who is of age."""
    over = situation.ended and owe.ends_with_absence
    return over or (situation.of_age and owe.until_18)


_WITHDRAWN = Rule(
    id="withdrawn",
    when={},
    tell=(Tell("told"),),
    owe=(),
    basis=Basis.local,
    source="Homeward's own promise: who was told on a wrong ground is told so.",
)
_CORRECTED = replace(_WITHDRAWN, id="corrected")
TAKEN_BACK = replace(_WITHDRAWN, id="taken-back")  # corrected to what is none of theirs

# Taken back, these concern everyone who knows of the absence; others those who had them, alone.
OF_THE_ABSENCE = NEWS | {ThresholdReached.KIND}


def route_withdrawal(
    policy: Policy,
    situation: Situation,
    scene: Scene,
    had_it: Mapping[str, tuple[str, str]],
    then: Policy | None = None,
) -> Routing:
    """
    A message is taken back: all who had it are told so, in the view they had, and none woken.

    So is everyone who knows of the absence, where it was news of that and nothing else.
    But when an end is taken back the child is missing after all: rules that ask for `reopened`
    hold, and may wake. `had_it`: the view and kind in which each address had the message.
    """
    quiet = replace(situation, ended=True)
    because = policy.because(_WITHDRAWN)
    found: list[Recipient] = []
    if situation.kind in OF_THE_ABSENCE:
        found, _ = _recipients(_WITHDRAWN.tell[0], _WITHDRAWN, because, quiet, scene)
    if situation.reopened:
        now, past = (_for_reopened(one, situation) for one in (policy, then or policy))
        routing = route(now, situation, scene, past)
    else:
        routing = Routing((), (), ())
    return with_those_who_had(routing, found, had_it, policy, scene, _WITHDRAWN)


def _for_reopened(policy: Policy, situation: Situation) -> Policy:
    again = (rule for rule in policy.matching(situation) if "reopened" in rule.when)
    return replace(policy, by_kind={situation.kind: tuple(again)})


def with_those_who_had(
    routing: Routing,
    found: Iterable[Recipient],
    had_it: Mapping[str, tuple[str, str]],
    policy: Policy,
    scene: Scene,
    rule: Rule = _CORRECTED,
) -> Routing:
    """Whoever had a message hears that it was corrected or taken back, in the view they had."""
    recipients = {one.address: one for one in found} if rule is _WITHDRAWN else {}
    for address, (view, as_kind) in had_it.items():
        desk = scene.directory.entry(address)
        if desk is None or address == scene.sender:
            continue
        tell = Tell("told", View(view), as_kind=as_kind)
        because = policy.because(rule)
        at_desk = _at_desk(desk, tell, rule, because, wakes=False, scene=scene)
        recipients |= {one.address: one for one in itertools.islice(at_desk, 1)}
    named = {one.address for one in routing.recipients}
    more = (one for address, one in recipients.items() if address not in named)
    return replace(routing, recipients=(*routing.recipients, *more))


def _recipients(
    tell: Tell, rule: Rule, because: str, situation: Situation, scene: Scene
) -> tuple[list[Recipient], str]:
    found: list[Recipient] = []
    why = "nobody has this role here"
    wakes = (tell.wakes or situation.immediate_danger) and not situation.ended
    for address in addresses(tell.role, scene):
        if tell.as_kind != ChildProfile.KIND and _spoke(address, tell.role, scene):
            why = "it is the sender"
            continue
        desk = scene.directory.entry(address)
        if desk is None:
            why = f"{address} is not in the directory"
            continue
        at_desk = _at_desk(desk, _as_before(tell, address, scene), rule, because, wakes, scene)
        found.extend(
            recipient
            for recipient in at_desk
            if recipient.address != scene.sender or tell.as_kind == ChildProfile.KIND
        )
    return found, "" if found else why


def _spoke(address: str, role: str, scene: Scene) -> bool:
    """A force that reports a child knows of it at every desk; elsewhere other desks are told."""
    if role in _OF_A_FORCE and address.partition("/")[0] == scene.sender.partition("/")[0]:
        return True
    return address == scene.sender


def _as_before(tell: Tell, address: str, scene: Scene) -> Tell:
    """Whoever was told of the absence is told more of it in the same way."""
    known = scene.told.get(address)
    if tell.role != "told" or known is None:
        return tell
    return replace(tell, view=View(known.view), as_kind=known.as_kind)


def _at_desk(
    desk: Entry, tell: Tell, rule: Rule, because: str, wakes: bool, scene: Scene
) -> Iterator[Recipient]:
    view = view_of(desk.address, tell.view, scene.kind, tell.role, scene.state)
    if view is None:
        return

    def recipient(address: str, opens_at: datetime | None, cover_for: str, rung: bool) -> Recipient:
        return Recipient(
            address=address,
            role=tell.role,
            view=view,
            as_kind=tell.as_kind,
            because=because,
            basis=rule.basis.value,
            source=rule.source,
            opens_at=opens_at,
            cover_for=cover_for,
            wakes=rung,
            and_its_end=tell.and_its_end,
        )

    if is_open(desk.hours, scene.now):
        yield recipient(desk.address, None, "", wakes and desk.rings)
        return
    yield recipient(desk.address, opening(desk.hours, scene.now), "", False)
    covered = wakes or tell.covered
    cover = scene.directory.open_desk(desk.address, scene.now) if covered else None
    if cover is not None and cover.address != scene.sender:
        found = recipient(cover.address, None, desk.address, wakes and cover.rings)
        yield replace(found, informed=not wakes)


def _asked(
    owe: Owe,
    rule: Rule,
    because: str,
    ladders: Mapping[str, Ladder],
    asked: Iterable[Recipient],
    scene: Scene,
) -> Iterator[Owed]:
    for recipient in asked:
        if recipient.informed:
            continue
        if recipient.role == owe.owed_by and not _reported_itself(owe, recipient, scene):
            night = bool(recipient.cover_for) or _is_night(recipient.address, scene)
            one = _one(owe, rule, because, ladders, recipient.address, scene, night=night)
            yield replace(one, opens_at=recipient.opens_at, as_kind=recipient.as_kind)


def _one(
    owe: Owe,
    rule: Rule,
    because: str,
    ladders: Mapping[str, Ladder],
    address: str,
    scene: Scene,
    *,
    night: bool,
) -> Owed:
    ladder = ladders.get(owe.ladder)
    steps = () if ladder is None else ladder.night if night else ladder.day
    silent = ladder is not None and ladder.silent
    rungs = climb(steps, address, scene, silent=silent)
    basis = owe.basis or rule.basis
    return Owed(owe, address, because, basis.value, rule.source, None, "", rungs)


def _reported_itself(owe: Owe, recipient: Recipient, scene: Scene) -> bool:
    """An agency that reports the absence shows by that that it is acting."""
    own = recipient.address.partition("/")[0] == scene.sender.partition("/")[0]
    return own and owe.duty == "answer"


def _is_night(address: str, scene: Scene) -> bool:
    """A closed desk answers after opening, by day; one that never closes is asked now."""
    desk = scene.directory.entry(address)
    return bool(desk and desk.hours.never_closes) and not is_open(OFFICE, scene.now)


def climb(
    steps: Iterable[Step], owner: str, scene: Scene, *, silent: bool = False
) -> tuple[Rung, ...]:
    """The rungs of a ladder for one owner: known addresses, each once, never the owner itself."""
    rungs: dict[str, Rung] = {}
    for step in steps:
        for address in addresses(step.role, scene, owner):
            if address != owner and scene.directory.entry(address) is not None:
                rungs.setdefault(address, Rung(step.after, address, silent))
    return tuple(rungs.values())


def addresses(role: str, scene: Scene, owner: str = "") -> list[str]:
    """The addresses that have a role here; empty when nobody has it."""
    if named := address_of(role):
        return [named]
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


def _leads(scene: Scene) -> list[str]:
    """Every council that some report makes the lead, until one of them answers `acting`."""
    acting = {address.partition("/")[0] for address in scene.acting}
    leads = scene.state.leads
    return [lead for lead in leads if scene.directory.canonical(lead) in acting] or list(leads)


def _forces(scene: Scene) -> list[str]:
    """The forces that answered `acting`, else that of the place."""
    agencies = (address.partition("/")[0] for address in scene.acting)
    acting = [agency for agency in agencies if agency.startswith("police.")]
    place = scene.directory.police_for(scene.state.place or scene.state.lives_in)
    return _known(*acting) or _known(place)


def _former(scene: Scene) -> list[str]:
    """The desks told of a child that were lead or host before, and are neither now."""
    before, after = ({state.lead, state.host} for state in (scene.before, scene.state))
    gone = {scene.directory.canonical(id) for id in before - after if id}
    gone -= {scene.directory.canonical(id) for id in (*after, *scene.state.leads)}
    return [a for a, told in scene.told.items() if a.partition("/")[0] in gone and not told.left]


def _interviewers(scene: Scene) -> list[str]:
    """The service it was allocated to, else that of the lead council."""
    state = scene.state
    if state.interviewer and may_allocate(state.allocated_by, state, scene.directory):
        return [f"{state.interviewer}/return-interviews"]
    return addresses("lead-return-interviews", scene)


def _lead_interviewers(scene: Scene) -> list[str]:
    """The service that policy allocates the interview to, else that of the lead council."""
    if scene.allocated:
        return [scene.allocated]
    canonical = scene.directory.canonical
    return [f"{id}/return-interviews" for lead in _leads(scene) if (id := canonical(lead))]


def _known(*ids: str | None) -> list[str]:
    return [id for id in dict.fromkeys(ids) if id]


def _elsewhere(scene: Scene, id: str) -> list[str]:
    same = {scene.directory.canonical(lead) for lead in scene.state.leads}
    return [] if scene.directory.canonical(id) in same else _known(id)


def _placed_in(scene: Scene) -> list[str]:
    """The host that is named and the one where the home is: told both, where the two differ."""
    state, canonical = scene.state, scene.directory.canonical
    ours = {canonical(lead) for lead in (*state.leads, state.responsible) if state.looked_after}
    hosts = (state.lives_in, scene.directory.area_of(state.home) if state.home else None)
    known = dict.fromkeys(canonical(host) for host in hosts if host)
    return [host for host in known if host and host not in ours]


# The agencies that a role may be at, by the first word of the role's entry below.
_AGENCIES: Mapping[str, Callable[[Scene], list[str]]] = {
    "lead": lambda scene: _leads(scene),
    "plan": lambda scene: _known(scene.state.plan),
    "place": lambda scene: _elsewhere(scene, scene.state.place),
    "host": lambda scene: _elsewhere(scene, scene.state.host),
    "placed": lambda scene: _placed_in(scene),
    "home": lambda scene: _known(scene.state.home),
    "school": lambda scene: _known(scene.state.school),
    "health": lambda scene: _known(scene.state.health),
    "force": lambda scene: _forces(scene),
    "found-force": lambda scene: _known(
        scene.directory.police_for(
            scene.state.found_in or scene.state.place or scene.state.lives_in
        )
    ),
}

_ROLES = {
    "police-of-place": "force/control-room",
    "police-missing-unit": "force/missing-unit",
    "police-exploitation-team": "force/exploitation-team",
    "found-force": "found-force/control-room",
    "lead-front-door": "lead/front-door",
    "lead-social-work": "lead/social-work",
    "lead-iro-service": "lead/iro-service",
    "lead-duty-manager": "lead/duty-manager",
    "lead-on-call-manager": "lead/on-call-manager",
    "lead-head-of-service": "lead/head-of-service",
    "lead-director": "lead/director",
    "lead-leaving-care": "lead/leaving-care",
    "lead-allegations-officer": "lead/allegations-officer",
    "lead-exploitation-team": "lead/exploitation-team",
    "lead-youth-justice": "lead/youth-justice",
    "lead-virtual-school": "lead/virtual-school",
    "lead-placements": "lead/placements",
    "host-placements": "placed/placements",
    "home-manager": "home/home-manager",
    "placement-school": "school/safeguarding-lead",
    "placement-health": "health/designated-nurse",
    "host-allegations-officer": "host/allegations-officer",
    "plan-social-work": "plan/social-work",
    "plan-chair": "plan/child-protection-chair",
    "place-front-door": "place/front-door",
    "host-front-door": "host/front-door",
    "host-social-work": "host/social-work",
    "host-return-interviews": "host/return-interviews",
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


def _home_contact(scene: Scene) -> list[str]:
    """A desk that the force has added for this home; where it has not, nobody."""
    home, directory = scene.state.home, scene.directory
    force = directory.police_for(home) if home else None
    contact = f"{force}/contact.{home.partition('.')[2].lower()}"
    return [contact] if force and directory.entry(contact) else []


def _action_owners(scene: Scene) -> list[str]:
    """Those whose agency has to do with the child: nobody hears of one by being given an action."""
    state, canonical = scene.state, scene.directory.canonical
    councils = {canonical(id) for id in (*state.leads, state.responsible, state.host) if id}
    known = {*councils, *_forces(scene), state.home, scene.sender.partition("/")[0]}
    known |= {address.partition("/")[0] for address in scene.told}
    return [owner for owner in scene.owners if canonical(owner.partition("/")[0]) in known]


_OF_A_FORCE = ("police-of-place", "police-missing-unit", "found-force")

_SPECIAL: Mapping[str, Callable[[Scene], list[str]]] = {
    "home": _home,
    "home-police-contact": _home_contact,
    "told": lambda scene: [address for address, told in scene.told.items() if not told.left],
    "former-councils": _former,
    "interviewer": _interviewers,
    "lead-return-interviews": _lead_interviewers,
    "asker": lambda scene: _known(scene.asker),
    "addressee": lambda scene: _known(scene.addressee),
    "acting": lambda scene: list(scene.acting),
    "action-owners": _action_owners,
    "sender": lambda scene: [scene.sender],
}
