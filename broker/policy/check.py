"""What is wrong with a policy although it loads: rules and ladders that reach nobody at night."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from broker.directory import Directory, kind_of
from broker.policy.facts import values_of
from broker.policy.model import Owe, Policies, Policy, Rule, Step, Tell
from broker.policy.returns import DESKS, rungs
from broker.policy.roles import ROLES, Role, Whose
from schemas.kinds import FROM_AGENCIES
from schemas.values import AGENCY_KINDS

# An early Sunday: only what never closes is open.
_NIGHT = datetime(2026, 1, 4, 3, tzinfo=UTC)

# No rule tells of these: an answer goes to whoever asked, a catch-up or subscription asks Homeward
# alone, and a census is compared and goes to whom its differences concern.
_NEED_A_RULE = frozenset(FROM_AGENCIES) - {
    "answer",
    "catch-up",
    "subscription.request",
    "census",
}


# The function of a role that the message states; where none is certain, any desk may have it.
_STATED = {"interviewer": "return-interviews"}


def all_problems(policies: Policies, directory: Directory) -> list[str]:
    """Say what is wrong with the policy of each nation, tried with that nation's agencies."""
    unserved = sorted(map(str, values_of("nation") - policies.each.keys()))
    found = [f"no policy is for {nation}" for nation in unserved]
    for policy in policies.each.values():
        found += [f"{policy.version}: {text}" for text in problems(policy, directory)]
    return found


def problems(policy: Policy, directory: Directory) -> list[str]:
    """
    Say in words what would leave somebody untold or a duty with nobody.

    Every council and force of the policy's nation is tried. An empty list is a good policy.
    """
    found = [
        *_kinds(policy),
        *_roles(policy, directory),
        *_wakes(policy, directory),
        *_ladders(policy, directory),
        *_returns(policy, directory),
        *_repeats(policy),
    ]
    return list(dict.fromkeys(found))


def _kinds(policy: Policy) -> Iterator[str]:
    for kind in sorted(_NEED_A_RULE - policy.by_kind.keys()):
        yield f"no rule says who is told of {kind}"
    made = {(tell.as_kind, rule.id) for rule in policy.rules for tell in rule.tell if tell.as_kind}
    for kind, rule in sorted(made):
        if kind not in policy.by_kind:
            yield f"{rule}: {kind} is made here, and no rule is about it"


def _roles(policy: Policy, directory: Directory) -> Iterator[str]:
    for rule in policy.rules:
        for name in _named(rule):
            role = ROLES[name]
            for fact, needed in role.needs.items():
                if needed not in rule.when.get(fact, values_of(fact)):
                    yield f"{rule.id}: nobody is {name} here, as {fact} is never {_shown(needed)}"
            without = _without_desk(role, _served(policy, directory, role.agency_kind), directory)
            if without:
                yield f"{rule.id}: {name}: {_some(without)} has no desk {role.function}"


def _wakes(policy: Policy, directory: Directory) -> Iterator[str]:
    for rule, tell in _tells(policy):
        if not tell.wakes:
            continue
        role = ROLES[tell.role]
        if not role.is_one_desk:
            yield f"{rule.id}: wakes {tell.role}: name the desks that may be woken"
            continue
        agencies = _served(policy, directory, role.agency_kind)
        asleep = [agency for agency in agencies if not _rings(agency, role, directory)]
        if asleep:
            yield f"{rule.id}: wakes {tell.role}, and at night nobody is there at {_some(asleep)}"


def _ladders(policy: Policy, directory: Directory) -> Iterator[str]:
    climbed = {owe.ladder for rule in policy.rules for owe in rule.owe}
    climbed |= {one.ladder for one in policy.returns}
    for name in sorted(policy.ladders.keys() - climbed):
        yield f"ladder {name}: no duty climbs it"
    for rule in policy.rules:
        for owe in rule.owe:
            if owe.ladder:
                yield from _landings(rule, owe, policy, directory)


def _returns(policy: Policy, directory: Directory) -> Iterator[str]:
    """Whoever owes a return has the desk for it, and its ladder lands on somebody."""
    for one in policy.returns:
        ladder = policy.ladders[one.ladder]
        for kind in one.owed_by:
            agencies = _served(policy, directory, kind)
            owners = [f"{agency}/{DESKS[kind]}" for agency in agencies]
            if without := [owner for owner in owners if directory.entry(owner) is None]:
                yield f"returns: {_some(without)} is no desk"
            if left := [o for o in owners if not rungs(ladder, o, _NIGHT, directory)]:
                yield f"returns: ladder {ladder.name} reaches nobody when {_some(left)} is late"


def _landings(rule: Rule, owe: Owe, policy: Policy, directory: Directory) -> Iterator[str]:
    ladder = policy.ladders[owe.ladder]
    for time, steps in (("by day", ladder.day), ("by night", ladder.night)):
        left = [
            owner
            for owner in _owners(rule, owe, policy, directory)
            if not any(_landing(step, owner, policy, directory) for step in steps)
        ]
        if left:
            yield (
                f"{rule.id}: ladder {ladder.name} {time} reaches nobody when {_some(left)} is late"
            )


def _owners(rule: Rule, owe: Owe, policy: Policy, directory: Directory) -> Iterator[str]:
    """The desks that may owe it; where they are many, every desk that is told in a role."""
    role = ROLES[owe.owed_by]
    if role.is_one_desk:
        yield from _desks(role, rule, policy, directory)
        return
    told = {tell.role: each for each, tell in _tells(policy) if ROLES[tell.role].is_one_desk}
    for name, each in sorted(told.items(), key=lambda one: one[0]):
        yield from _desks(ROLES[name], each, policy, directory)


def _desks(role: Role, rule: Rule, policy: Policy, directory: Directory) -> Iterator[str]:
    """The desks that may have a role; of a sender each desk of each agency that may send."""
    if role.function:
        for agency in _served(policy, directory, role.agency_kind):
            yield f"{agency}/{role.function}"
        return
    kinds = _sending(rule) if role.whose is Whose.sender else set(AGENCY_KINDS)
    for kind in sorted(kinds - {"broker"}):
        for agency in _served(policy, directory, kind):
            for desk in directory.desks(agency):
                if _STATED.get(role.name) in (None, desk.address.partition("/")[2]):
                    yield desk.address


def _sending(rule: Rule) -> set[str]:
    """The kinds of agency that may send what the rule is about."""
    models = [FROM_AGENCIES[str(kind)] for kind in rule.when["kind"]]
    may = {kind for model in models for kind in model.SENDERS or AGENCY_KINDS}
    return may & {str(kind) for kind in rule.when.get("sender", values_of("sender"))}


def _landing(step: Step, owner: str, policy: Policy, directory: Directory) -> bool:
    """
    Whether a step finds a desk other than the one that is late.

    The child is taken to be one of the owner's own area, so that council and force are its own.
    """
    role = ROLES[step.role]
    if step.role == "owner-cover":
        desk = directory.entry(owner)
        return bool(desk and desk.cover and directory.entry(desk.cover))
    at = owner.partition("/")[0]
    agencies = [at] if role.whose is Whose.owner else _near(at, role, policy, directory)
    addresses = [f"{agency}/{role.function}" for agency in agencies]
    return any(address != owner and directory.entry(address) for address in addresses)


def _near(agency: str, role: Role, policy: Policy, directory: Directory) -> list[str]:
    if role.agency_kind == "police":
        force = directory.police_for(agency)
        return [force] if force else []
    area = directory.area_of(agency)
    if area:
        return [area]
    councils = _served(policy, directory, "la")
    return [council for council in councils if directory.force_of(council) == agency]


def _repeats(policy: Policy) -> Iterator[str]:
    """A rule that fits whenever another does, and tells what that one tells already."""
    for rule, tell in _tells(policy):
        for other, same in _tells(policy):
            if other is rule or (same.role, same.as_kind) != (tell.role, tell.as_kind):
                continue
            if same.wakes == tell.wakes and same.view == tell.view and _implies(rule, other):
                yield f"{rule.id}: tells {tell.role} what {other.id} tells already"
            elif rule.when == other.when:
                yield f"{rule.id}: tells {tell.role} otherwise than {other.id} does"


def _implies(rule: Rule, other: Rule) -> bool:
    """Whether the other fits whenever the rule does."""
    return all(
        rule.when.get(fact, values_of(fact)) <= values for fact, values in other.when.items()
    )


def _tells(policy: Policy) -> list[tuple[Rule, Tell]]:
    return [(rule, tell) for rule in policy.rules for tell in rule.tell]


def _named(rule: Rule) -> list[str]:
    return [tell.role for tell in rule.tell] + [owe.owed_by for owe in rule.owe]


def _served(policy: Policy, directory: Directory, kind: str) -> list[str]:
    """The agencies of a kind in the policy's nation; where the nation is not known, too."""
    if not kind:
        return []
    return [
        agency.id
        for agency in directory.agencies(kind)
        if agency.nation in (policy.nation, "") and kind_of(agency.id) == kind
    ]


def _without_desk(role: Role, agencies: Iterable[str], directory: Directory) -> list[str]:
    return [id for id in agencies if directory.entry(f"{id}/{role.function}") is None]


def _rings(agency: str, role: Role, directory: Directory) -> bool:
    desk = directory.open_desk(f"{agency}/{role.function}", _NIGHT)
    return desk is not None and desk.rings


def _some(agencies: list[str]) -> str:
    more = len(agencies) - 1
    return agencies[0] + (f" (and {more} more)" if more else "")


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
