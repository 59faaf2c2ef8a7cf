"""
A mapping: how the columns of one system's files say what Homeward's words say.

It is data: a YAML file that an agency writes for its own system, or one that is shipped. What is
wrong in it is named by file and line, all of it at once.
"""

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from broker.errors import Misuse
from broker.exchange.table import FileType, Shape
from broker.exchange.words import ENDS, INTERVIEWS, STARTS, WORDS, Sort
from broker.policy.nodes import Nodes, like, tree
from broker.working_time import LONDON

_TOP = {
    "mapping", "says", "sends", "file", "zone", "empty", "columns", "values", "from", "scope",
    "ignore", "checks",
}  # fmt: skip
_TOP_MAY_LACK = _TOP - {"mapping", "says", "columns"}
_COLUMN = {"column", "columns", "join", "time", "day", "words", "otherwise", "empty", "may_lack"}
SHIPPED = resources.files(__package__) / "mappings"


class Sends(StrEnum):
    """What a file becomes: messages as they would have been sent, or a list to compare."""

    messages = "messages"
    census = "census"


@dataclass(frozen=True, slots=True)
class Column:
    """
    Where a word stands in a line, and how it is read.

    Several columns are joined. `forms` are the ways a time or day is written, ISO 8601 if none;
    `words` turn what the system writes into Homeward's, `otherwise` what is in none of them, and
    `empty` is what an empty cell says.
    """

    columns: tuple[str, ...]
    join: str = " "
    forms: tuple[str, ...] = ()
    words: Map[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    empty: str = ""
    may_lack: bool = False

    def turned(self, text: str) -> str | None:
        """What the system's word is in Homeward's, whatever its case; None: it is not known."""
        folded = text.casefold()
        found = (word for said, word in self.words.items() if said.casefold() == folded)
        return next(found, self.otherwise)

    @property
    def name(self) -> str:
        """What a problem calls it."""
        return " + ".join(self.columns)


@dataclass(frozen=True, slots=True)
class Mapping:
    """One way of reading files."""

    name: str
    says: str
    columns: Map[str, Column]
    values: Map[str, str] = field(default_factory=dict)
    sends: Sends = Sends.messages
    shape: Shape = field(default_factory=Shape)
    zone: ZoneInfo = LONDON
    empty: frozenset[str] = frozenset()
    desk: str = ""  # the function that speaks; none: the agency's usual one
    scope: str = "all"
    ignore: frozenset[str] = frozenset()
    checks: str = ""  # the rules of a return that its lines must pass as well

    @property
    def words(self) -> frozenset[str]:
        """Everything a line of it can say."""
        return frozenset(self.columns) | frozenset(self.values)

    @property
    def can_be_messages(self) -> bool:
        """Whether its lines say enough for messages: a time at which the absence began."""
        return bool(self.words & set(STARTS)) and "reference" in self.words


def shipped() -> list[str]:
    """The names of the mappings that come with Homeward."""
    found = (file.name for file in SHIPPED.iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def shipped_text(name: str) -> str:
    """A mapping that comes with Homeward, as text; `Misuse` if there is none of that name."""
    if name not in shipped():
        raise Misuse(f"there is no format {name}{like(name, shipped())}: {', '.join(shipped())}")
    return (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")


def example_text(name: str) -> str:
    """A made-up file that a mapping that comes with Homeward reads, as text."""
    shipped_text(name)
    (file,) = (file for file in SHIPPED.iterdir() if file.name.startswith(f"{name}.example."))
    return file.read_text(encoding="utf-8")


def read(content: bytes, file: str) -> Mapping:
    """Read a mapping; `Misuse` lists every mistake, each as `file:line: what is wrong`."""
    root = tree(content, file)
    reading = _Reading(file)
    found = reading.mapping_of(root)
    if problems := reading.problems():
        raise Misuse("\n".join(problems))
    return found


class _Reading(Nodes):
    def mapping_of(self, root: Node) -> Mapping:
        parts = self.mapping(root, "key", _TOP, _TOP_MAY_LACK)
        sends = self.choice(parts.get("sends"), "sends", Sends, Sends.messages)
        columns = self._columns(parts.get("columns"))
        values = self._values(parts.get("values"), columns)
        found = Mapping(
            name=self.word(parts.get("mapping"), "mapping"),
            says=self.text(parts.get("says"), "says"),
            columns=columns,
            values=values,
            sends=sends,
            shape=self._shape(parts.get("file")),
            zone=self._zone(parts.get("zone")),
            empty=frozenset(self._texts(parts.get("empty"), "texts")),
            desk=self.word(parts.get("from"), "from"),
            scope=self.word(parts.get("scope"), "scope", ("all", "looked-after")) or "all",
            ignore=frozenset(self._texts(parts.get("ignore"), "columns")),
            checks=self.word(parts.get("checks"), "checks", ("ssda903",)),
        )
        self._complete(root, found)
        return found

    def _complete(self, root: Node, found: Mapping) -> None:
        """What a line has to say so that something can come of it."""
        words = found.words
        if found.sends is Sends.messages:
            for name in ("reference", "category"):
                if name not in words:
                    self.wrong(root, f"{name!r} is mapped to nothing: a message needs it")
            if not words & set(STARTS):
                self.wrong(root, f"when it began is mapped to nothing: one of {', '.join(STARTS)}")
            if not ("child_reference" in words or {"given_name", "family_name"} <= words):
                self.wrong(root, "map child_reference, or given_name and family_name")
        elif not words & {*STARTS, "started_on"}:
            self.wrong(root, "when it began is mapped to nothing: map started_on")
        if words & set(ENDS) and "outcome" not in words:
            self.wrong(root, "an end needs the outcome: map it, or give it among values")
        if "risk" in words and "risk_reason" not in words:
            self.wrong(root, "a risk needs its reason: map risk_reason, or leave risk out")
        if "interview_held_at" in words and "interview_independent" not in words:
            self.wrong(root, "an interview that was held needs interview_independent")
        if "interview_not_held_at" in words and "interview_reason" not in words:
            self.wrong(root, "an interview that was not held needs interview_reason")
        if words & set(INTERVIEWS) and "interviewer" not in words:
            self.wrong(root, "an interview needs interviewer: a function, never a name")

    def _columns(self, node: Node | None) -> dict[str, Column]:
        if node is None:
            return {}
        return {
            name: self._column(name, part)
            for name, part in self.pairs(node)
            if self._is_word(node, name)
        }

    def _values(self, node: Node | None, columns: Map[str, Column]) -> dict[str, str]:
        found: dict[str, str] = {}
        for name, part in self.pairs(node) if node else ():
            if self._is_word(part, name):
                if name in columns:
                    self.wrong(part, f"{name!r} is among the columns too")
                found[name] = self._fitting(name, part)
        return found

    def _is_word(self, node: Node, name: str) -> bool:
        if name not in WORDS:
            self.wrong(node, f"unknown word {name!r}{like(name, WORDS)}")
        return name in WORDS

    def _column(self, name: str, node: Node) -> Column:
        if isinstance(node, ScalarNode):
            return Column((self._label(node),))
        parts = self.mapping(node, "key", _COLUMN, _COLUMN)
        if ("column" in parts) == ("columns" in parts):
            self.wrong(node, "name one column, or several as columns")
        word = WORDS[name]
        columns = (
            tuple(self._texts(parts["columns"], "columns"))
            if "columns" in parts
            else (self._label(parts["column"]),) if "column" in parts else ()
        )  # fmt: skip
        if "words" in parts and not word.choices and word.sort not in (Sort.council, Sort.agency):
            self.wrong(parts["words"], f"{name} is {word.sort}: it has no list of words")
        words: dict[str, str] = {}
        for said, part in self.pairs(parts["words"]) if "words" in parts else ():
            words[said.strip()] = self._fitting(name, part)
        return Column(
            columns=columns,
            join=str(parts["join"].value) if "join" in parts else " ",
            forms=tuple(self._forms(name, parts)),
            words=words,
            otherwise=self._fitting(name, parts["otherwise"]) if "otherwise" in parts else None,
            empty=self._fitting(name, parts["empty"]) if "empty" in parts else "",
            may_lack=self.flag_in(parts, "may_lack"),
        )

    def _label(self, node: Node) -> str:
        text = str(node.value).strip() if isinstance(node, ScalarNode) else ""
        if not text:
            self.wrong(node, "here the name of a column is expected")
        return text

    def _fitting(self, name: str, node: Node) -> str:
        """One of the words that this may be, where there is a list of them."""
        text = str(node.value).strip() if isinstance(node, ScalarNode) else ""
        choices = WORDS[name].choices
        if choices and text.casefold() in ("true", "false"):  # what YAML makes of yes and no
            text = "yes" if text.casefold() == "true" else "no"
        if choices and text and text not in choices:
            self.wrong(node, f"{name} is none of {', '.join(choices)}{like(text, choices)}")
        if not text and not (isinstance(node, ScalarNode) and node.value == ""):
            self.wrong(node, f"here what {name} is to be is expected")
        return text

    def _forms(self, name: str, parts: Map[str, Node]) -> list[str]:
        given = [key for key in ("time", "day") if key in parts]
        if not given:
            return []
        node = parts[given[0]]
        fits = {
            "time": (Sort.moment, Sort.day_or_moment),
            "day": (Sort.day, Sort.day_or_moment),
        }
        if len(given) == 2 or WORDS[name].sort not in fits[given[0]]:
            self.wrong(node, f"{name} is {WORDS[name].sort}: say how that is written")
        forms = self._texts(node, "forms") if isinstance(node, SequenceNode) else [str(node.value)]
        for form in forms:
            if "%" not in form:
                self.wrong(node, f"{form!r} is no form: write it like %d/%m/%Y %H:%M")
        return forms

    def _texts(self, node: Node | None, what: str) -> list[str]:
        return [str(one.value) for one in self.some(node, what)] if node else []

    def _shape(self, node: Node | None) -> Shape:
        if node is None:
            return Shape()
        keys = {"type", "delimiter", "encoding"}
        parts = self.mapping(node, "key", keys, keys)
        delimiter = str(parts["delimiter"].value) if "delimiter" in parts else ","
        if len(delimiter) != 1:
            self.wrong(parts["delimiter"], "a delimiter is one character")
        encoding = str(parts["encoding"].value).lower() if "encoding" in parts else "utf-8"
        try:
            "a".encode(encoding)
        except LookupError:
            self.wrong(parts["encoding"], f"unknown encoding {encoding!r}")
        return Shape(
            self.choice(parts.get("type"), "type", FileType, FileType.csv), delimiter, encoding
        )

    def _zone(self, node: Node | None) -> ZoneInfo:
        name = str(node.value) if isinstance(node, ScalarNode) else "Europe/London"
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            assert node is not None
            self.wrong(node, f"unknown time zone {name!r}: such as Europe/London, or UTC")
            return ZoneInfo("UTC")
