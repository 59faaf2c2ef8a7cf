"""What is wrong with a policy although it loads: rules and ladders that reach nobody at night."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from broker.directory import Directory, kind_of
from broker.policy.binding import implies
from broker.policy.conflicts import twice_owed
from broker.policy.facts import values_of
from broker.policy.model import EARLIER, Ladder, Owe, Policy, Rule, Start, Step, Tell
from broker.policy.nodes import like
from broker.policy.overlay import DISTRICT, REGION, Overlay, composed
from broker.policy.policies import Policies
from broker.policy.returns import DESKS, rungs
from broker.policy.roles import Role, Whose, address_of, role_of
from schemas.kinds import FROM_AGENCIES, KINDS
from schemas.threshold import ThresholdReached
from schemas.values import AGENCY_KINDS

# An early Sunday: only what never closes is open.
_NIGHT = datetime(2026, 1, 4, 3, tzinfo=UTC)

# No rule tells of these: an answer goes to whoever asked, a catch-up or subscription asks Homeward
# alone, and a census is compared and goes to whom its differences concern. So do a request for what
# is kept of a child, and the word that a report was given.
_NEED_A_RULE = frozenset(FROM_AGENCIES) - {
    "answer",
    "catch-up",
    "subscription.request",
    "census",
    "profile.request",
    "report.given",
    "home.readiness",
}


# The function of a role that the message states; where none is certain, any desk may have it.
_STATED = {"interviewer": "return-interviews"}


def all_problems(policies: Policies, directory: Directory) -> list[str]:
    """
    Say what is wrong with the policy of each nation and with each overlay, with file and line.

    Each is tried with the agencies that it is for.
    """
    unserved = sorted(map(str, values_of("nation") - policies.each.keys()))
    # First whoever is there and cannot be served: in Scotland, in no force's area, without cover.
    found = [f"directory: {text}" for text in directory.problems()]
    found += [f"no policy is for {nation}" for nation in unserved]
    for policy in policies.each.values():
        found += placed(policy.places, policy.version, problems(policy, directory))
    for overlay in policies.overlays:
        found += overlay_problems(policies, overlay, directory)
    return list(dict.fromkeys(found))


def overlay_problems(policies: Policies, overlay: Overlay, directory: Directory) -> list[str]:
    """Say what is wrong with an overlay as it would be in force, and is not so without it."""
    base = policies.national(overlay.nation)
    under, whole = composed(base, overlay.below), composed(base, overlay.layers)
    only = _alone(overlay)
    before = set(_all(_Tried(under, directory, only)))
    found = [text for text in _all(_Tried(whole, directory, only)) if text not in before]
    return [*_for_nobody(overlay, directory), *placed(whole.places, overlay.version, found)]


def problems(policy: Policy, directory: Directory) -> list[str]:
    """
    Say in words what would leave somebody untold or a duty with nobody.

    Every council and force of the policy's nation is tried. An empty list is a good policy.
    """
    return _all(_Tried(policy, directory))


def placed(places: Mapping[str, str], version: str, found: Iterable[str]) -> list[str]:
    """Say of each problem in which file and line it is; else, in which version."""
    return [f"{_place(places, text) or version}: {text}" for text in found]


def _place(places: Mapping[str, str], text: str) -> str:
    what = text.partition(":")[0]
    return places.get(f"rule {what}") or places.get(what, "")


@dataclass(frozen=True, slots=True)
class _Tried:
    """A policy, the agencies it is tried with, and by role those alone that it is for."""

    policy: Policy
    directory: Directory
    only: Mapping[Whose, frozenset[str]] = field(default_factory=dict)

    def served(self, kind: str, whose: Whose | None = None) -> list[str]:
        """The agencies of a kind in the policy's nation; where the nation is not known, too."""
        if not kind:
            return []
        few = self.only.get(whose) if whose else None
        return [
            agency.id
            for agency in self.directory.agencies(kind)
            if agency.nation in (self.policy.nation, "") and kind_of(agency.id) == kind
            if few is None or agency.id in few
        ]


_WHOSE = {
    "responsible": Whose.lead,
    "host": Whose.host,
    "place": Whose.place,
    "force": Whose.place_force,
    "provider": Whose.home,
}


def _alone(overlay: Overlay) -> dict[Whose, frozenset[str]]:
    """By what role an overlay is for few agencies; with two roles, each may be anybody's."""
    named = dict(overlay.applies_to)
    if len(named) != 1 or named.keys() & {REGION, DISTRICT}:
        return {}
    ((role, agencies),) = named.items()
    return {_WHOSE[role]: agencies}


def _for_nobody(overlay: Overlay, directory: Directory) -> Iterator[str]:
    """Agencies that nobody knows, or that are of another nation than the overlay."""
    for role, agencies in overlay.applies_to.items():
        for id in sorted(agencies) if role not in (REGION, DISTRICT) else ():
            agency, place = directory.agency(id), overlay.place(f"{role} {id}")
            if agency is None:
                near = like(id, [one.id for one in directory.agencies(kind_of(id))])
                yield f"{place}: {id} is not in the directory, so it applies to nobody there{near}"
            elif role == "responsible" and agency.nation not in (overlay.nation, ""):
                yield (
                    f"{place}: {agency.name} is in {agency.nation}, where the rules of "
                    f"{overlay.nation} never count: extend that nation's policy"
                )
    for name in sorted(overlay.applies_to.get(REGION, ())):
        nations = {one.nation for one in directory.agencies("la") if one.region == name}
        if overlay.nation not in nations and len(overlay.applies_to) == 1:
            yield (
                f"{overlay.place('applies_to')}: {name} is not in {overlay.nation}: extend the "
                "policy of its nation"
            )


def _all(tried: _Tried) -> list[str]:
    policy = tried.policy
    found = [
        *_kinds(policy),
        *_thresholds(policy),
        *_roles(tried),
        *_wakes(tried),
        *_ladders(tried),
        *_returns(tried),
        *_allocations(tried),
        *_repeats(policy),
        *_twice(policy),
    ]
    return list(dict.fromkeys(found))


def _twice(policy: Policy) -> Iterator[str]:
    """A duty that one rule brings already, so that the clock of the other never counts."""
    for rule, other, owe in twice_owed(policy.rules, policy.rules):
        if (
            rule.id != other.id
            and rule.version
            and policy.rules.index(other) < policy.rules.index(rule)
        ):
            yield (
                f"{rule.id}: {owe.owed_by} owes {owe.duty!r} by {other.id} already, with another "
                "clock: write that rule anew"
            )


def _kinds(policy: Policy) -> Iterator[str]:
    for kind in sorted(_NEED_A_RULE - policy.by_kind.keys()):
        yield f"no rule says who is told of {kind}"
    made = {
        (tell.as_kind, rule.id)
        for rule in policy.rules
        for tell in rule.tell
        if tell.as_kind and tell.as_kind not in EARLIER
    }
    for kind, rule in sorted(made):
        if kind not in policy.by_kind:
            yield f"{rule}: {kind} is made here, and no rule is about it"


def _thresholds(policy: Policy) -> Iterator[str]:
    about = policy.by_kind.get(ThresholdReached.KIND, ())
    for threshold in policy.thresholds:
        for step in threshold.steps:
            if not any(
                threshold.id in rule.when.get("threshold", {threshold.id})
                and step in rule.when.get("step", {step})
                for rule in about
            ):
                yield f"threshold {threshold.id}: no rule says what follows at step {step}"


def _role(name: str) -> Role:
    role = role_of(name)
    assert role is not None  # the reader lets no other through
    return role


def _roles(tried: _Tried) -> Iterator[str]:
    policy, directory = tried.policy, tried.directory
    for rule in policy.rules:
        for name in _named(rule):
            role = _role(name)
            if address_of(name) and directory.entry(address_of(name)) is None:
                yield f"{rule.id}: {address_of(name)} is not in the directory"
            for fact, needed in role.needs.items():
                if needed not in rule.when.get(fact, values_of(fact)):
                    yield f"{rule.id}: nobody is {name} here, as {fact} is never {_shown(needed)}"
            without = _without_desk(role, tried.served(role.agency_kind, role.whose), directory)
            if without:
                yield f"{rule.id}: {name}: {_some(without)} has no desk {role.function}"


def _wakes(tried: _Tried) -> Iterator[str]:
    policy, directory = tried.policy, tried.directory
    for rule, tell in _tells(policy):
        if not tell.wakes:
            continue
        role = _role(tell.role)
        if not role.is_one_desk:
            yield f"{rule.id}: wakes {tell.role}: name the desks that may be woken"
            continue
        agencies = tried.served(role.agency_kind, role.whose)
        if named := address_of(tell.role):
            agencies = [named.partition("/")[0]]
        asleep = [agency for agency in agencies if not _rings(agency, role, directory)]
        if asleep:
            yield f"{rule.id}: wakes {tell.role}, and at night nobody is there at {_some(asleep)}"


def _ladders(tried: _Tried) -> Iterator[str]:
    policy = tried.policy
    climbed = {owe.ladder for rule in policy.rules for owe in rule.owe}
    climbed |= {one.ladder for one in policy.returns}
    for name in sorted(policy.ladders.keys() - climbed):
        yield f"ladder {name}: no duty climbs it"
    for rule in policy.rules:
        for owe in rule.owe:
            if owe.ladder:
                yield from _landings(rule, owe, tried)
    for name in sorted(policy.ladders.keys() & climbed):
        yield from _idle(policy.ladders[name], tried)


def _idle(ladder: Ladder, tried: _Tried) -> Iterator[str]:
    """
    Steps that find nobody, whichever of the duties that climb there is late.

    Of steps that find nobody together `_landings` and `_returns` tell.
    """
    for time, steps in (("by day", ladder.day), ("by night", ladder.night)):
        idle = [step.role for step in steps if not _may_land(step, ladder, tried)]
        if len(idle) < len(steps):
            for role in idle:
                yield f"ladder {ladder.name}: {role} {time} is nobody, whoever is late"


def _may_land(step: Step, ladder: Ladder, tried: _Tried) -> bool:
    """Whether a step finds a desk for some duty that climbs there, or none is known to owe it."""
    role, policy = _role(step.role), tried.policy
    owed = False
    for rule in policy.rules:
        for owe in (owe for owe in rule.owe if owe.ladder == ladder.name):
            elsewhere = role.whose not in (Whose.owner, Whose.named, _role(owe.owed_by).whose)
            if elsewhere and _has_desk(role, tried):
                return True
            for owner in _owners(rule, owe, tried):
                owed = True
                if _landing(step, owner, tried):
                    return True
    for one in (one for one in policy.returns if one.ladder == ladder.name):
        for kind in one.owed_by:
            for agency in tried.served(kind):
                owed = True
                if _landing(step, f"{agency}/{DESKS[kind]}", tried):
                    return True
    return not owed


def _has_desk(role: Role, tried: _Tried) -> bool:
    """Whether some agency that may be meant has the desk; none is known yet: it may."""
    if not role.function or not role.agency_kind:
        return True
    agencies = tried.served(role.agency_kind, role.whose)
    return len(_without_desk(role, agencies, tried.directory)) < len(agencies) or not agencies


def _returns(tried: _Tried) -> Iterator[str]:
    """Whoever owes a return has the desk for it, and its ladder lands on somebody."""
    policy, directory = tried.policy, tried.directory
    for one in policy.returns:
        ladder = policy.ladders[one.ladder]
        for kind in one.owed_by:
            agencies = tried.served(kind)
            owners = [f"{agency}/{DESKS[kind]}" for agency in agencies]
            if without := [owner for owner in owners if directory.entry(owner) is None]:
                yield f"returns: {_some(without)} is no desk"
            if left := [o for o in owners if not rungs(ladder, o, _NIGHT, directory)]:
                yield f"returns: ladder {ladder.name} reaches nobody when {_some(left)} is late"


def _allocations(tried: _Tried) -> Iterator[str]:
    """A service that nobody has added yet: until then the lead council's own owes the interview."""
    for one in tried.policy.allocate:
        role = _role(one.to)
        if (desk := address_of(one.to)) and tried.directory.entry(desk) is None:
            yield (
                f"allocate {one.id}: {desk} is not in the directory, so the lead council's own "
                "service owes the interview: homeward agency add it"
            )
        without = _without_desk(role, tried.served(role.agency_kind, role.whose), tried.directory)
        if without:
            yield f"allocate {one.id}: {one.to}: {_some(without)} has no desk {role.function}"


def _landings(rule: Rule, owe: Owe, tried: _Tried) -> Iterator[str]:
    ladder = tried.policy.ladders[owe.ladder]
    for time, steps in (("by day", ladder.day), ("by night", ladder.night)):
        left = [
            owner
            for owner in _owners(rule, owe, tried)
            if not any(_landing(step, owner, tried) for step in steps)
        ]
        if left:
            yield (
                f"{rule.id}: ladder {ladder.name} {time} reaches nobody when {_some(left)} is late"
            )


def _owners(rule: Rule, owe: Owe, tried: _Tried) -> Iterator[str]:
    """The desks that may owe it; where they are many, every desk that is told in a role."""
    role = _role(owe.owed_by)
    if role.is_one_desk:
        yield from _desks(role, rule, tried)
        return
    told = {tell.role: each for each, tell in _tells(tried.policy) if _role(tell.role).is_one_desk}
    for name, each in sorted(told.items(), key=lambda one: one[0]):
        yield from _desks(_role(name), each, tried)


def _desks(role: Role, rule: Rule, tried: _Tried) -> Iterator[str]:
    """The desks that may have a role; of a sender each desk of each agency that may send."""
    if named := address_of(role.name):
        if tried.directory.entry(named) is not None:  # else that is said already
            yield named
        return
    if role.function:
        for agency in tried.served(role.agency_kind, role.whose):
            yield f"{agency}/{role.function}"
        return
    kinds = {role.agency_kind} if role.agency_kind else set(AGENCY_KINDS)
    kinds = _sending(rule) if role.whose is Whose.sender else kinds
    for kind in sorted(kinds - {"broker"}):
        for agency in tried.served(kind):
            for desk in tried.directory.desks(agency):
                if _STATED.get(role.name) in (None, desk.address.partition("/")[2]):
                    yield desk.address


def _sending(rule: Rule) -> set[str]:
    """The kinds of agency that may send what the rule is about."""
    models = [KINDS[str(kind)] for kind in rule.when["kind"]]
    may = {kind for model in models for kind in model.SENDERS or AGENCY_KINDS}
    return may & {str(kind) for kind in rule.when.get("sender", values_of("sender"))}


def _landing(step: Step, owner: str, tried: _Tried) -> bool:
    """
    Whether a step finds a desk other than the one that is late.

    The child is taken to be one of the owner's own area, so that council and force are its own.
    """
    role, directory = _role(step.role), tried.directory
    if step.role == "owner-cover":
        desk = directory.entry(owner)
        return bool(desk and desk.cover and directory.entry(desk.cover))
    at = owner.partition("/")[0]
    if named := address_of(step.role):
        return named != owner and directory.entry(named) is not None
    agencies = [at] if role.whose is Whose.owner else _near(at, role, tried)
    addresses = [f"{agency}/{role.function}" for agency in agencies]
    return any(address != owner and directory.entry(address) for address in addresses)


def _near(agency: str, role: Role, tried: _Tried) -> list[str]:
    directory = tried.directory
    if role.agency_kind == "police":
        force = directory.police_for(agency)
        return [force] if force else []
    area = directory.area_of(agency)
    if area:
        return [area]
    if kind_of(agency) == "service":  # in no certain area: it may act for any of these
        return tried.served("la", role.whose)
    councils = tried.served("la")
    return [council for council in councils if directory.force_of(council) == agency]


def _repeats(policy: Policy) -> Iterator[str]:
    """A rule that fits whenever another does, and tells what that one tells already."""
    for rule, tell in _tells(policy):
        for other, same in _tells(policy):
            if other is rule or (same.role, same.as_kind) != (tell.role, tell.as_kind):
                continue
            if _is_asked(rule, tell):  # told again, as only so an answer is owed
                continue
            if same.wakes == tell.wakes and same.view == tell.view and implies(rule, other):
                yield f"{rule.id}: tells {tell.role} what {other.id} tells already"
            elif rule.when == other.when:
                yield f"{rule.id}: tells {tell.role} otherwise than {other.id} does"


def _is_asked(rule: Rule, tell: Tell) -> bool:
    return any(
        owe.owed_by == tell.role and owe.clock.starts is Start.sent and rule.version
        for owe in rule.owe
    )


def _tells(policy: Policy) -> list[tuple[Rule, Tell]]:
    return [(rule, tell) for rule in policy.rules for tell in rule.tell]


def _named(rule: Rule) -> list[str]:
    return [tell.role for tell in rule.tell] + [owe.owed_by for owe in rule.owe]


def _without_desk(role: Role, agencies: Iterable[str], directory: Directory) -> list[str]:
    if not role.function:
        return []
    return [id for id in agencies if directory.entry(f"{id}/{role.function}") is None]


def _rings(agency: str, role: Role, directory: Directory) -> bool:
    desk = directory.open_desk(f"{agency}/{role.function}", _NIGHT)
    return desk is not None and desk.rings


def _some(agencies: list[str]) -> str:
    more = len(agencies) - 1
    return agencies[0] + (f" (and {more} more)" if more else "")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
