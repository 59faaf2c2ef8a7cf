"""What PostgreSQL does for each statement: its plan, what it read, and how long it took."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg.errors import Diagnostic
from sqlalchemy import event

from broker.ledger.engine import Ledger

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET client_min_messages = log",
    "SET auto_explain.log_min_duration = 0",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_buffers = on",
    "SET auto_explain.log_timing = off",
    "SET auto_explain.log_format = json",
)


@dataclass(frozen=True)
class Plan:
    """One statement as it ran: pages touched, and the tables that were read from end to end."""

    statement: str
    milliseconds: float
    pages: int
    whole: tuple[str, ...]
    nodes: tuple[str, ...]

    @property
    def short(self) -> str:
        """Enough of the statement to know it by."""
        words = re.sub(r"\s+", " ", self.statement)
        words = re.sub(r"^SELECT .*? FROM ", "SELECT ... FROM ", words)
        return re.sub(r"(\$\d+(::\w+)?(, )?){2,}", "$... ", words)


@contextmanager
def explained(ledger: Ledger, *, by_index: bool = False) -> Iterator[list[Plan]]:
    """
    The plans of all that is asked meanwhile; the ledger's user may load `auto_explain`.

    With `by_index` a table is read from end to end only where no index would do, as in a large one.
    """
    plans: list[Plan] = []

    def heard(said: Diagnostic) -> None:
        words = said.message_primary or ""
        if words.startswith("duration:") and "plan:" in words:
            plans.append(_plan(words))

    def prepare(connection: Any, _: Any) -> None:
        for setting in (*_SETTINGS, *(["SET enable_seqscan = off"] if by_index else ())):
            connection.execute(setting)
        connection.add_notice_handler(heard)

    ledger.engine.dispose()
    event.listen(ledger.engine, "connect", prepare)
    try:
        yield plans
    finally:
        event.remove(ledger.engine, "connect", prepare)
        ledger.engine.dispose()


def _plan(words: str) -> Plan:
    took, _, said = words.partition("plan:")
    found = json.loads(said)
    top = found["Plan"]
    nodes = list(_nodes(top))
    return Plan(
        statement=found["Query Text"],
        milliseconds=float(took.removeprefix("duration:").split()[0]),
        pages=int(top["Shared Hit Blocks"]) + int(top["Shared Read Blocks"]),
        whole=tuple(
            node["Relation Name"] for node in nodes if node["Node Type"].endswith("Seq Scan")
        ),
        nodes=tuple(_shown(node) for node in nodes),
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _shown(node: dict[str, Any]) -> str:
    words = [node["Node Type"]]
    words += [node[name] for name in ("Relation Name", "Index Name") if name in node]
    rows = node.get("Actual Rows", 0) * node.get("Actual Loops", 1)
    words.append(f"rows {rows}")
    if removed := node.get("Rows Removed by Filter"):
        words.append(f"passed over {removed * node.get('Actual Loops', 1)}")
    return " ".join(str(word) for word in words)
