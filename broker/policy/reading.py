"""A policy from its YAML nodes: ladders, rules, duties, clocks, and what it extends."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from broker.policy import returns_reading
from broker.policy.case_reading import read_allocations, read_reclassifications
from broker.policy.facts import NAMED_BY_POLICY, VALUES
from broker.policy.model import (
    BINDING,
    EARLIER,
    Basis,
    Clock,
    Ladder,
    Owe,
    Policy,
    Rule,
    Start,
    Step,
    Tell,
    View,
    by_id,
    by_kind,
)
from broker.policy.nodes import Nodes, like, line_of
from broker.policy.roles import ROLES, Whose, is_address, role_of
from broker.policy.threshold_reading import ages, read_thresholds, values_asked
from schemas.answer import AnswerState
from schemas.kinds import FROM_AGENCIES
from schemas.profile import ChildProfile
from schemas.threshold import ThresholdReached
from schemas.values import Choice

# What the ledger has room for: the versions of two nations in 80, `<rule id>@<version>` in 120.
_LONGEST_VERSION = 39
_LONGEST_DUTY = 40

_OPTIONAL = {
    "extends", "without", "ladders", "rules", "early_review_at", "returns", "thresholds",
    "allocate", "reclassify",
}  # fmt: skip
_KEYS = {"policy", "version", "nation", "valid"} | _OPTIONAL

# Answers that may meet a duty: of a person who acts, or of a machine that has it.
_ANSWERS = frozenset({str(AnswerState.acting), str(AnswerState.received)})

# A row of the domain table (T14), or the year of a document.
_NAMES_A_SOURCE = re.compile(r"\bT\d{1,2}[a-z]?\b|\b(?:19|20)\d\d\b")


def digest_of(*digests: str) -> str:
    """One digest of several, which hangs on their order."""
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


class Reading(Nodes):
    """
    One policy being read.

    `find` gives the policy it extends; a `LookupError` says in words why there is none.
    """

    def __init__(self, name: str, find: Callable[[str], Policy]) -> None:
        super().__init__(name)
        self.find = find
        self.ladders: dict[str, Ladder] = {}
        self.places: dict[str, str] = {}
        self.overlay = ""  # the version of the overlay that is read, if it is one
        self.values: Mapping[str, frozenset[object]] = VALUES

    def stands(self, what: str, node: Node) -> None:
        self.places.setdefault(what, f"{self.name}:{line_of(node)}")

    # A policy and its parts

    def policy(self, node: Node, digest: str, files: Mapping[str, str]) -> Policy:
        parts = self.mapping(node, "key", _KEYS, _OPTIONAL)
        if parts and not parts.keys() & {"rules", "extends"}:
            self.wrong(node, "'rules' is missing")
        base = self.base(parts.get("extends"))
        own_ladders = self.all_ladders(parts.get("ladders"))
        self.ladders = {**(base.ladders if base else {}), **own_ladders}
        early, below = parts.get("early_review_at"), base.early_review_at if base else None
        valid_from, valid_to = self.validity(parts.get("valid"))
        nation = self.word(parts.get("nation"), "nation", VALUES["nation"])
        below_ones = base.thresholds if base else ()
        thresholds = (*below_ones, *read_thresholds(self, parts.get("thresholds"), below_ones))
        self.values = {**VALUES, **values_asked(thresholds)}
        rules = tuple(self.rules(parts.get("rules")))
        if base:
            rules = self.upon(base, rules, nation, parts)
        elif "without" in parts:
            self.wrong(parts["without"], "without takes out rules of the policy that it extends")
        returns = returns_reading.read(self, parts.get("returns"))
        returns = base.returns if base and "returns" not in parts else returns
        climbed = {owe.ladder for rule in rules for owe in rule.owe}
        climbed |= {one.ladder for one in returns}
        return Policy(
            version=self.version(parts.get("policy"), parts.get("version")),
            nation=nation,
            valid_from=valid_from,
            valid_to=valid_to,
            rules=rules,
            ladders=MappingProxyType(
                # A ladder of the policy below goes with the last duty that climbed it.
                {
                    name: it
                    for name, it in self.ladders.items()
                    if name in own_ladders.keys() | climbed
                }
            ),
            digest=digest if base is None else digest_of(base.digest, digest),
            by_kind=MappingProxyType(by_kind(rules)),
            early_review_at=self.count(early, "early_review_at") if early else below,
            places=MappingProxyType({**(base.places if base else {}), **self.places}),
            files=MappingProxyType({**(base.files if base else {}), **files}),
            returns=returns,
            thresholds=thresholds,
            allocate=(*read_allocations(self, parts.get("allocate")), *_of(base, "allocate")),
            reclassify=(
                *read_reclassifications(self, parts.get("reclassify")), *_of(base, "reclassify"),
            ),
        )  # fmt: skip

    # What it extends

    def base(self, node: Node | None) -> Policy | None:
        name = self.word(node, "extends")
        if node is None or not name:
            return None
        try:
            return self.find(name)
        except LookupError as error:
            self.wrong(node, str(error.args[0]))
            return None

    def upon(
        self, base: Policy, own: tuple[Rule, ...], nation: str, parts: Mapping[str, Node]
    ) -> tuple[Rule, ...]:
        """
        The rules of the policy below with these laid upon them.

        A rule takes the place of the one with its id, so that rules that wake still come first;
        the others follow at the end.
        """
        mine = by_id(own)
        out = self.taken_out(parts.get("without"), {rule.id for rule in base.rules}, mine)
        kept = [rule for rule in base.rules if rule.id in mine or rule.id not in out]
        for rule in kept:
            if rule.id not in mine and nation != base.nation and rule.basis in BINDING:
                self.wrong(
                    parts["extends"],
                    f"rule {rule.id!r} is {rule.basis} of {base.nation} and does not bind in "
                    f"{nation}: write it anew with its own source, or name it under without",
                )
        return tuple(rule for rules in (by_id(kept) | mine).values() for rule in rules)

    def taken_out(
        self, node: Node | None, known: set[str], mine: Collection[str]
    ) -> frozenset[str]:
        out = set()
        for each in self.some(node, "rules"):
            name = self.word(each, "rule", known)
            if name in mine:
                self.wrong(each, f"rule {name!r} is written anew, which replaces it already")
            out.add(name)
        return frozenset(out)

    def version(self, policy: Node | None, version: Node | None) -> str:
        """The version starts with the policy's name, as it is cited alone."""
        name = self.word(policy, "policy")
        cited = self.word(version, "version", longest=_LONGEST_VERSION)
        if version and name and cited and not cited.startswith(f"{name}-"):
            self.wrong(version, f"version must start with {name + '-'!r}")
        return cited

    def validity(self, node: Node | None) -> tuple[date, date | None]:
        if node is None:
            return date.min, None
        parts = self.mapping(node, "key", {"from", "to"}, {"to"})
        first = self.day(parts.get("from")) or date.min
        last = self.day(parts.get("to"))
        if last and last < first:
            self.wrong(parts["to"], "valid to lies before valid from")
        return first, last

    def all_ladders(self, node: Node | None) -> dict[str, Ladder]:
        if node is None:
            return {}
        return {name: self.one_ladder(name, part) for name, part in self.pairs(node)}

    def one_ladder(self, name: str, node: Node) -> Ladder:
        self.stands(f"ladder {name}", node)
        parts = self.mapping(node, "key", {"day", "night", "silent"}, {"silent"})
        silent = self.flag(parts["silent"], "silent") if "silent" in parts else False
        return Ladder(name, self.steps(parts.get("day")), self.steps(parts.get("night")), silent)

    def steps(self, node: Node | None) -> tuple[Step, ...]:
        steps: list[Step] = []
        for each in self.some(node, "steps"):
            parts = self.mapping(each, "key", {"role", "after"})
            step = Step(
                self.duration(parts.get("after"), zero=True), self.role(parts.get("role"), "climbs")
            )
            if step.role and step.role in (before.role for before in steps):
                self.wrong(each, f"role {step.role!r} is on the ladder twice")
            if steps and step.after < steps[-1].after:
                self.wrong(each, "the steps of a ladder are in order of time")
            steps.append(step)
        return tuple(steps)

    def rules(self, node: Node | None) -> Iterator[Rule]:
        ids: dict[str, int] = {}
        for each in self.some(node, "rules"):
            parts = self.mapping(
                each,
                "key",
                {"id", "when", "require", "tell", "owe", "basis", "source"},
                {"require", "tell", "owe"},
            )
            name = self.word(parts.get("id"), "id")
            if name and name in ids:
                self.wrong(parts["id"], f"rule {name!r} is already on line {ids[name]}")
            ids.setdefault(name, line_of(each))
            self.stands(f"rule {name}", each)
            yield from self.rule(each, name, parts)

    def rule(self, node: Node, name: str, parts: Mapping[str, Node]) -> Iterator[Rule]:
        """One rule for each of its alternatives, all of one id."""
        if "tell" not in parts and "owe" not in parts:
            self.wrong(node, f"rule {name!r} tells nobody and nobody owes anything")
        alternatives = list(self.alternatives(parts.get("when")))
        tell = self.tells(parts.get("tell"))
        owe = self.owes(parts.get("owe"), alternatives)
        self.asked(parts, tell, owe)
        self.released(parts, alternatives, tell)
        basis = self.choice(parts.get("basis"), "basis", Basis, Basis.local)
        source = self.source(parts.get("source"), basis)
        require = tuple(self.required(parts["require"], alternatives)) if "require" in parts else ()
        for when in alternatives:
            rule = Rule(name, MappingProxyType(when), tell, owe, basis, source, require=require)
            yield replace(rule, version=self.overlay) if self.overlay else rule

    def released(
        self,
        parts: Mapping[str, Node],
        alternatives: Iterable[Mapping[str, frozenset[object]]],
        tell: tuple[Tell, ...],
    ) -> None:
        """What is kept ready goes to the police while the child is missing, and no other way."""
        kept = ChildProfile.KIND
        for when in alternatives:
            if when.get("kind", frozenset()) & {kept}:
                missing = False not in when.get("still_missing", (False,))
                if not missing or any(one.as_kind != kept for one in tell):
                    self.wrong(
                        parts["when"],
                        f"{kept} is released as_kind {kept} while still_missing, and not before",
                    )
        for one in tell:
            role = role_of(one.role)
            police = role is not None and role.agency_kind == "police"
            if one.as_kind == kept and not (police and one.view is View.full):
                self.wrong(parts["tell"], f"{kept} goes to the police alone, and in full")
            certain = role is not None and role.whose not in (Whose.many, Whose.sender)
            if one.as_kind in EARLIER and not (
                certain and role and role.agency_kind not in ("provider", "school")
            ):
                self.wrong(
                    parts["tell"],
                    f"{one.as_kind} goes to a certain desk, and to no home or school",
                )

    def asked(
        self, parts: Mapping[str, Node], tell: tuple[Tell, ...], owe: tuple[Owe, ...]
    ) -> None:
        """A clock that starts when a delivery is sent needs that delivery."""
        told = {each.role for each in tell}
        for one in owe:
            if one.clock.starts is Start.sent and one.owed_by and one.owed_by not in told:
                self.wrong(
                    parts["owe"],
                    f"duty {one.duty!r} starts when sent, but {one.owed_by!r} is told nothing here",
                )

    def source(self, node: Node | None, basis: Basis) -> str:
        source = self.text(node, "source")
        if node and not source:
            self.wrong(node, "source must not be empty")
        elif node and basis in BINDING and not _NAMES_A_SOURCE.search(source):
            self.wrong(
                node, f"basis {basis}: source must name a row (T14) or a document with its year"
            )
        return source

    # When

    def alternatives(self, node: Node | None) -> Iterator[dict[str, frozenset[object]]]:
        many = isinstance(node, SequenceNode)
        for each in self.some(node, "conditions") if many else [node]:
            if each is not None:
                yield self.when(each)

    def when(self, node: Node) -> dict[str, frozenset[object]]:
        parts = self.mapping(node, "condition", set(VALUES), set(VALUES) - {"kind"})
        when = {name: self.fitting(name, part) for name, part in parts.items()}
        for name in sorted(NAMED_BY_POLICY & parts.keys()):
            if name != "band" and when.get("kind") != frozenset({ThresholdReached.KIND}):
                self.wrong(
                    parts[name], f"only a rule about {ThresholdReached.KIND} asks for {name}"
                )
        return when

    def fitting(self, fact: str, node: Node) -> frozenset[object]:
        if fact == "age":
            return ages(self, node)
        if isinstance(node, MappingNode):
            refused = self.mapping(node, "key", {"not"}).get("not")
            fitting = self.values[fact] - (self.listed(fact, refused) if refused else frozenset())
        else:
            fitting = self.listed(fact, node)
        if not fitting:
            self.wrong(node, f"nothing fits {fact!r}")
        return fitting

    def listed(self, fact: str, node: Node) -> frozenset[object]:
        each = node.value if isinstance(node, SequenceNode) else [node]
        if fact == "step":
            return frozenset(self.step(one) for one in each)
        if True in self.values[fact]:
            return frozenset(self.flag(one, fact) for one in each)
        return frozenset(self.word(one, fact, self.values[fact]) for one in each)

    def step(self, node: Node) -> int:
        step, known = self.count(node, "step"), self.values["step"]
        if step not in known:
            self.wrong(
                node, f"no threshold has step {step}: {', '.join(map(str, sorted(known, key=str)))}"
            )
        return step

    # What a form asks for

    def required(
        self, node: Node, alternatives: Iterable[Mapping[str, frozenset[object]]]
    ) -> Iterator[str]:
        """The fields that each of the kinds has."""
        kinds = {str(kind) for when in alternatives for kind in when.get("kind", ())}
        for each in self.some(node, "fields"):
            field = self.text(each, "field")
            for kind in sorted(kinds & FROM_AGENCIES.keys()):
                self.stated(each, FROM_AGENCIES[kind], field)
            yield field

    # Tell

    def tells(self, node: Node | None) -> tuple[Tell, ...]:
        tells: list[Tell] = []
        for each in self.some(node, "recipients") if node else []:
            tell = self.tell(each)
            if tell.role and tell.role in (before.role for before in tells):
                self.wrong(each, f"role {tell.role!r} is told twice in one rule")
            tells.append(tell)
        return tuple(tells)

    def tell(self, node: Node) -> Tell:
        if isinstance(node, ScalarNode):
            return Tell(self.role(node, "told"))
        optional = {"view", "wakes", "covered", "as_kind", "and_its_end"}
        parts = self.mapping(node, "key", {"role"} | optional, optional)
        return Tell(
            role=self.role(parts.get("role"), "told"),
            view=self.choice(parts.get("view"), "view", View, View.full),
            wakes=self.flag_in(parts, "wakes"),
            as_kind=self.word(parts.get("as_kind"), "as_kind", {*FROM_AGENCIES, *EARLIER}),
            covered=self.flag_in(parts, "covered"),
            and_its_end=self.flag_in(parts, "and_its_end"),
        )

    # Owe

    def owes(
        self, node: Node | None, alternatives: list[dict[str, frozenset[object]]]
    ) -> tuple[Owe, ...]:
        stated = frozenset[object]({True})
        always_stated = all(when.get("review_stated") == stated for when in alternatives)
        owes: list[Owe] = []
        for each in self.some(node, "duties") if node else []:
            owe = self.owe(each, always_stated)
            if (owe.duty, owe.owed_by) in ((before.duty, before.owed_by) for before in owes):
                self.wrong(each, f"{owe.owed_by!r} owes {owe.duty!r} twice in one rule")
            owes.append(owe)
        return tuple(owes)

    def owe(self, node: Node, always_stated: bool) -> Owe:
        optional = {
            "ladder", "ends_with_absence", "excused_by", "until_18", "each", "by_itself", "basis",
            "given_up_by", "of_child",
        }  # fmt: skip
        parts = self.mapping(
            node, "key", {"duty", "owed_by", "clock", "met_by"} | optional, optional
        )
        clock = self.clock(parts.get("clock"), always_stated)
        met_by, excused_by = (self.ending(parts.get(by), by) for by in ("met_by", "excused_by"))
        given_up_by = self.ending(parts.get("given_up_by"), "given_up_by")
        for token in set(met_by) & set(excused_by):
            self.wrong(parts["excused_by"], f"{token!r} meets the duty, so it does not excuse it")
        return Owe(
            duty=self.word(parts.get("duty"), "duty", longest=_LONGEST_DUTY),
            owed_by=self.role(parts.get("owed_by"), "owes each" if _is_sent(clock) else "owes"),
            clock=clock,
            met_by=met_by,
            ladder=self.word(parts.get("ladder"), "ladder", self.ladders),
            ends_with_absence=self.flag_in(parts, "ends_with_absence", default=True),
            excused_by=excused_by,
            until_18=self.flag_in(parts, "until_18"),
            each=self.flag_in(parts, "each"),
            by_itself=self.flag_in(parts, "by_itself"),
            of_child=self.flag_in(parts, "of_child"),
            basis=self.choice(parts["basis"], "basis", Basis, Basis.local)
            if "basis" in parts
            else None,
            given_up_by=given_up_by,
        )

    def clock(self, node: Node | None, always_stated: bool) -> Clock:
        if node is None:
            return Clock(Start.accepted)
        optional = {
            "within", "working_days", "high", "at_most", "before", "days", "then", "again",
        }  # fmt: skip
        parts = self.mapping(node, "key", {"starts"} | optional, optional)
        starts = self.choice(parts.get("starts"), "starts", Start, Start.accepted)
        within = self.duration(parts["within"]) if "within" in parts else None
        days = self.working_days(parts.get("working_days"))
        plain = self.count(parts["days"], "days") if "days" in parts else None
        high = self.duration(parts["high"]) if "high" in parts else None
        before = self.flag_in(parts, "before")
        lengths = [one for one in (within, days, plain) if one is not None]
        if before and (starts not in (Start.placed, Start.ends) or lengths):
            self.wrong(node, "before goes with starts: placed or ends, and with nothing else")
        if len(lengths) > 1:
            self.wrong(node, "a clock has within or working_days or days, not two of them")
        # A time that is always stated is the due time, and needs no other.
        itself = before or (starts is Start.stated and always_stated)
        if not lengths and not itself:
            self.wrong(node, "a clock has within, working_days or days")
        if plain is not None and starts in (Start.sent, Start.stated):
            self.wrong(parts["days"], f"days count from what happened, not from starts: {starts}")
        if high is not None and (within is None or high >= within):
            self.wrong(parts["high"], "high must be shorter than within")
        at_most = self.duration(parts["at_most"]) if "at_most" in parts else None
        if at_most is not None and starts is not Start.stated:
            self.wrong(parts["at_most"], "at_most limits a stated time only")
        then, again = self.repeats(parts, starts, within)
        return Clock(starts, within, days, high, at_most, before, plain, then, again)

    def repeats(
        self, parts: Mapping[str, Node], starts: Start, within: timedelta | None
    ) -> tuple[tuple[timedelta, ...], timedelta | None]:
        """When a duty comes again while the child is missing: `then`, and `again` from there."""
        if not parts.keys() & {"then", "again"}:
            return (), None
        node = parts.get("then") or parts["again"]
        again = self.duration(parts["again"]) if "again" in parts else None
        later = self.some(parts["then"], "then") if "then" in parts else []
        then = tuple(self.duration(each) for each in later)
        if again is None:
            self.wrong(node, "then goes with again: how long after the last it comes back")
        if starts is not Start.began or within is None:
            self.wrong(node, "again goes with starts: began, and within")
        times = [within or timedelta(), *then]
        if any(one >= other for one, other in pairwise(times)):
            self.wrong(node, "then names later times than within, in their order")
        return then, again

    def ending(self, node: Node | None, what: str) -> tuple[str, ...]:
        return tuple(self.token(each, what) for each in self.some(node, what))

    def token(self, node: Node, what: str) -> str:
        """What ends a duty: an answer, a kind, or a kind with conditions joined by `&`."""
        said = self.text(node, what)
        kind, colon, conditions = said.partition(":")
        kinds = set(FROM_AGENCIES) - {"answer"}
        if said in _ANSWERS or not said:
            return said
        if kind not in kinds:
            self.wrong(node, f"unknown answer or kind {kind!r}{like(kind, kinds | _ANSWERS)}")
        elif colon:
            for condition in conditions.split("&"):
                self.stated(node, FROM_AGENCIES[kind], condition)
        return said

    def stated(self, node: Node, model: type[BaseModel], condition: str) -> None:
        """One condition on a message: that a field is stated, or has this value."""
        path, asked, value = condition.partition("=")
        *way, last = path.split(".")
        inner: type[BaseModel] | None = model
        for name in way:
            inner = _part(inner, name, BaseModel) if inner else None
        if inner is None or last not in inner.model_fields:
            known = inner.model_fields if inner else {}
            self.wrong(node, f"{model.__name__} has no field {path!r}{like(last, known)}")
            return
        words = [str(word) for word in _part(inner, last, Choice) or ()]
        if _part(inner, last, bool):
            words = ["true", "false"]
        if asked and value not in words:
            self.wrong(node, f"unknown {path} {value!r}{like(value, words)}")

    def role(self, node: Node | None, use: str) -> str:
        """A role that makes sense there: a ladder climbs to one desk; one desk owes, or each."""
        named = self.text(node, "role") if isinstance(node, ScalarNode) else ""
        name = named if is_address(named) else self.word(node, "role", ROLES)
        role = role_of(name)
        if node is None or role is None:
            return name
        if use != "climbs" and role.whose is Whose.owner:
            self.wrong(node, f"role {name!r} has a meaning on a ladder only")
        elif use == "owes" and not role.is_one_desk:
            self.wrong(node, f"role {name!r} is many: each owes only when its clock starts sent")
        elif use == "climbs" and not role.is_one_desk:
            self.wrong(node, f"role {name!r} is many: here one desk is named")
        return name


def _of(base: Policy | None, what: str) -> tuple[Any, ...]:
    return getattr(base, what) if base else ()


_Part = TypeVar("_Part")


def _part(model: type[BaseModel], name: str, kind: type[_Part]) -> type[_Part] | None:
    """The model or the list of choices that a field holds, be it one or many of them."""
    info = model.model_fields.get(name)
    return next(_within(info.annotation, kind), None) if info else None


def _within(annotation: object, kind: type[_Part]) -> Iterator[type[_Part]]:
    if isinstance(annotation, type) and issubclass(annotation, kind):
        yield annotation
    for part in get_args(annotation):
        yield from _within(part, kind)


def _is_sent(clock: Clock) -> bool:
    return clock.starts is Start.sent
