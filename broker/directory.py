"""
Who is on the broker and where to reach them: agencies, their desks, opening hours and cover.

The councils and police forces of England and Wales are shipped. Providers, services, hubs, health
and schools are known once they are registered.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from importlib import resources

from ruamel.yaml import YAML

from broker.working_time import ALWAYS, OFFICE, OpeningHours, is_open

BROKER = "broker.homeward"
_HOURS = {"office": OFFICE, "always": ALWAYS}
_NATIONS = {"E": "England", "W": "Wales", "S": "Scotland", "N": "Northern Ireland"}  # GSS letter
_SERVED = {"England", "Wales"}  # one calendar of bank holidays, and the law that policy knows


@dataclass(frozen=True, slots=True)
class Agency:
    """
    An organisation on the broker.

    `area` is the council whose area it is in (a council is its own), `force` the police force
    there (a force is its own); None where that is not known.
    """

    id: str
    name: str
    kind: str
    nation: str
    region: str
    area: str | None
    force: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A desk: when it is open, which address covers it while it is closed, if it may be woken."""

    address: str
    hours: OpeningHours
    cover: str | None
    rings: bool
    name: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """
    What an agency says of a desk of its own; None leaves the default as it is.

    `cover` is a desk of the same agency, an address elsewhere, or empty for no cover. A desk that
    agencies of the kind do not have by default is added: office hours, no cover, does not ring.
    """

    hours: OpeningHours | None = None
    cover: str | None = None
    rings: bool | None = None
    label: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """
    An agency as the ledger knows it: added to the shipped ones, or changing a shipped one.

    `area` is the council it is in; for a council that is new, one with the same police force.
    """

    agency: str
    name: str = ""
    area: str | None = None
    functions: Mapping[str, Override] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """
    Every agency and desk, by id and address.

    Former GSS codes find the agency of today wherever an agency or address is asked for, and what
    comes back names it by its id of today. Who is unknown is None.
    """

    _agencies: Mapping[str, Agency]  # by id, and by former id
    _desks: Mapping[str, Mapping[str, Entry]]  # by id, then by function
    _entries: Mapping[str, Entry]  # by address, and by the addresses of former ids

    @staticmethod
    @cache
    def shipped() -> "Directory":
        """Read the councils and forces that come with Homeward, once."""
        agencies = {agency.id: agency for agency in (*_councils(), *_forces(), _homeward())}
        former = {old: agencies[new] for old, new in _former_ids().items()}
        return _directory({**agencies, **former}, {id: _desks(it) for id, it in agencies.items()})

    def with_agencies(self, registered: Iterable[Registered]) -> "Directory":
        """
        Add agencies, or change the desks of known ones; the last word on an agency counts.

        An area that is not known does not fail here: `problems` tells of it.
        """
        agencies, desks = dict(self._agencies), dict(self._desks)
        former = {old: agency.id for old, agency in agencies.items() if old != agency.id}
        # Councils first, as the others may lie in one of them.
        for one in sorted(registered, key=lambda one: kind_of(one.agency) != "la"):
            agency = _registered(one, agencies)
            agencies[agency.id] = agency
            desks[agency.id] = _desks(agency, one.functions)
        agencies.update({old: agencies[new] for old, new in former.items()})
        return _directory(agencies, desks)

    def agencies(self, kind: str | None = None) -> tuple[Agency, ...]:
        """List the agencies, each once, shipped before registered."""
        each = (agency for id, agency in self._agencies.items() if id == agency.id)
        return tuple(agency for agency in each if kind in (None, agency.kind))

    def agency(self, agency_id: str) -> Agency | None:
        return self._agencies.get(agency_id)

    def canonical(self, agency_id: str) -> str | None:
        """Tell the id by which an agency goes today."""
        agency = self._agencies.get(agency_id)
        return agency.id if agency else None

    def today(self, agency_id: str) -> str:
        """The id by which an agency goes today; one that is unknown is given back as it is."""
        return self.canonical(agency_id) or agency_id

    def nation_of(self, agency_id: str) -> str:
        """The nation whose law holds for an agency; England's, where none is known."""
        agency = self._agencies.get(agency_id)
        return agency.nation if agency and agency.nation else "England"

    def successors(self, agency_id: str) -> tuple[str, ...]:
        """List the councils that an abolished one was divided into; empty for any other id."""
        return _divided().get(agency_id, ())

    def area_of(self, agency_id: str) -> str | None:
        """Tell in which council's area an agency is; a council is in its own."""
        agency = self._agencies.get(agency_id)
        return self.canonical(agency.area) if agency and agency.area else None

    def police_for(self, agency_id: str) -> str | None:
        """Tell the police force of a council or of the area an agency is in; a force is its own."""
        agency = self._agencies.get(agency_id)
        return agency.force if agency else None

    def force_of(self, council_id: str) -> str | None:
        """Tell the police force of a council, and of nothing else."""
        return self.police_for(council_id) if kind_of(council_id) == "la" else None

    def entry(self, address: str) -> Entry | None:
        return self._entries.get(address)

    def desks(self, agency_id: str) -> tuple[Entry, ...]:
        """List the desks of an agency."""
        agency = self._agencies.get(agency_id)
        return tuple(self._desks[agency.id].values()) if agency else ()

    def open_desk(self, address: str, at: datetime) -> Entry | None:
        """Find who is there: the desk if it is open, else the first open one of those covering."""
        return next((desk for desk in self._chain(address) if is_open(desk.hours, at)), None)

    def name_of(self, address_or_agency: str) -> str:
        """Name an address or agency for people; one that is unknown is given back as it is."""
        known = self._entries.get(address_or_agency) or self._agencies.get(address_or_agency)
        return known.name if known else address_or_agency

    def problems(self) -> list[str]:
        """Say in words what would leave a message with nobody, for the policy check."""
        agencies = [text for agency in self.agencies() for text in self._agency_problems(agency)]
        desks = (desk for each in self._desks.values() for desk in each.values())
        return agencies + [text for desk in desks for text in self._cover_problems(desk)]

    def _agency_problems(self, agency: Agency) -> Iterator[str]:
        if agency.kind not in _functions():
            yield f"{agency.id}: no kind of agency is called {agency.kind}"
        elif agency.nation and agency.nation not in _SERVED:
            yield f"{agency.id}: no calendar for {agency.nation}"
        elif agency.area and agency.area not in self._agencies:
            yield f"{agency.id}: its area {agency.area} is not in the directory"
        elif agency.kind in ("la", "provider") and not agency.force:
            yield f"{agency.id}: no police force, as no area is given that has one"

    def _cover_problems(self, desk: Entry) -> Iterator[str]:
        if desk.cover is None:
            return
        chain = list(self._chain(desk.address))
        way = " -> ".join(each.address for each in chain)
        last = chain[-1].cover
        if desk.cover not in self._entries:
            yield f"{desk.address}: its cover {desk.cover} is not in the directory"
        elif last == desk.address:
            yield f"{desk.address}: its cover leads back to itself ({way} -> {last})"
        elif last is None and not any(each.hours.never_closes for each in chain):
            yield f"{desk.address}: nobody is there when it is closed ({way})"

    def _chain(self, address: str) -> Iterator[Entry]:
        """Go from a desk to its cover, the cover of that and so on, to each desk once."""
        passed = set()
        desk = self._entries.get(address)
        while desk and desk.address not in passed:
            passed.add(desk.address)
            yield desk
            desk = self._entries.get(desk.cover or "")


def kind_of(agency_or_address: str) -> str:
    """Tell the kind that an id states: `la`, `police`, `provider` ..."""
    return agency_or_address.partition(".")[0]


@dataclass(frozen=True, slots=True)
class _Function:
    """What a desk is when its agency says nothing of it."""

    label: str
    hours: OpeningHours = OFFICE
    cover: str | None = None
    rings: bool = False
    phone: str = ""


def _directory(
    agencies: Mapping[str, Agency], desks: Mapping[str, Mapping[str, Entry]]
) -> Directory:
    entries = {
        f"{id}/{function}": entry
        for id, agency in agencies.items()
        for function, entry in desks[agency.id].items()
    }
    return Directory(agencies, desks, entries)


def _desks(agency: Agency, overrides: Mapping[str, Override] | None = None) -> dict[str, Entry]:
    overrides = overrides or {}
    defaults = _functions().get(agency.kind, {})
    return {
        name: _entry(
            agency,
            name,
            _overridden(
                defaults.get(name, _Function(name.replace("-", " "))),
                overrides.get(name, Override()),
            ),
        )
        for name in {**defaults, **overrides}
    }


def _overridden(default: _Function, override: Override) -> _Function:
    return _Function(
        label=default.label if override.label is None else override.label,
        hours=default.hours if override.hours is None else override.hours,
        cover=default.cover if override.cover is None else override.cover or None,
        rings=default.rings if override.rings is None else override.rings,
        phone=override.phone or default.phone,
    )


def _entry(agency: Agency, name: str, desk: _Function) -> Entry:
    cover = f"{agency.id}/{desk.cover}" if desk.cover and "/" not in desk.cover else desk.cover
    called = f"{agency.name} {desk.label}"
    return Entry(f"{agency.id}/{name}", desk.hours, cover, desk.rings, called, desk.phone)


def _registered(one: Registered, agencies: Mapping[str, Agency]) -> Agency:
    kind = kind_of(one.agency)
    known = agencies.get(one.agency)
    if known and known.kind in ("la", "police", "broker") and not one.area:
        return replace(known, name=one.name or known.name)
    id = known.id if known else one.agency
    around = agencies.get(one.area or "")
    area = around.id if around else one.area
    return Agency(
        id=id,
        name=one.name or (known.name if known else id),
        kind=kind,
        nation=around.nation if around else _nation(one.area or id),
        region=around.region if around else "",
        area=id if kind == "la" else area,
        force=id if kind == "police" else around.force if around else None,
    )


def _nation(agency_id: str) -> str:
    kind, _, code = agency_id.partition(".")
    # Only councils and forces go by GSS codes: the S of a home's number is not Scotland's.
    return _NATIONS.get(code[:1], "") if kind in ("la", "police") else ""


def _councils() -> Iterator[Agency]:
    for row in _rows("authorities.csv"):
        id = f"la.{row['gss_code']}"
        force = f"police.{row['police_force_code']}"
        yield Agency(id, row["name"], "la", row["nation"], row["region"], area=id, force=force)


def _forces() -> Iterator[Agency]:
    for row in _rows("police_forces.csv"):
        id = f"police.{row['force_code']}"
        yield Agency(id, row["name"], "police", _nation(id), region="", area=None, force=id)


def _homeward() -> Agency:
    return Agency(BROKER, "Homeward", "broker", nation="", region="", area=None, force=None)


def _former_ids() -> dict[str, str]:
    """List the ids that councils had before their codes changed, with the id of today."""
    return {
        f"la.{former}": f"la.{row['gss_code']}"
        for row in _rows("authorities.csv")
        for former in row["former_gss_codes"].replace(";", " ").split()
    }


@cache
def _divided() -> Mapping[str, tuple[str, ...]]:
    """List the councils that are several now: only the sender knows which of them is meant."""
    return {
        f"la.{row['former_gss_code']}": tuple(f"la.{code}" for code in row["successors"].split(";"))
        for row in _rows("divided.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(_shipped_text(name).splitlines()))


@cache
def _functions() -> Mapping[str, Mapping[str, _Function]]:
    """Read the desks that agencies of each kind have by default."""
    kinds = YAML(typ="safe", pure=True).load(_shipped_text("functions.yaml"))
    return {
        kind: {name: _function(**said) for name, said in desks.items()}
        for kind, desks in kinds.items()
    }


def _function(label: str, hours: str, cover: str | None = None, rings: bool = False) -> _Function:
    return _Function(label, _HOURS[hours], cover, rings)


def _shipped_text(name: str) -> str:
    return resources.files("broker").joinpath("data", name).read_text("utf-8")
