"""What the figures of a report were when it was first made of a period that was over."""

import json
from datetime import datetime

from sqlalchemy import Connection, insert, select

from broker.ledger import tables as t
from broker.reports.figures import Asked, Report
from broker.reports.since import Run


def first_run(connection: Connection, report: str, asked: Asked) -> Run | None:
    """The first time that this report was made of this period, if it was made before."""
    r = t.report_run.c
    query = (
        select(r.as_at, r.figures)
        .where(
            r.report == report,
            r.about == _about(asked),
            r.period_from == asked.period.first.isoformat(),
            r.period_to == asked.period.last.isoformat(),
            r.as_at < asked.as_at,
        )
        .order_by(r.as_at)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    figures = {name: (count, of) for name, (count, of) in json.loads(row.figures).items()}
    return Run(row.as_at, figures)


def keep(connection: Connection, report: Report) -> None:
    """Write down what its figures are, in a transaction of its own."""
    asked, figures = report.asked, report.figures
    row = {
        "report": report.name,
        "about": _about(asked),
        "period_from": asked.period.first.isoformat(),
        "period_to": asked.period.last.isoformat(),
        "as_at": asked.as_at,
        "figures": json.dumps({name: (one.count, one.of) for name, one in figures.items()}),
    }
    connection.execute(insert(t.report_run).values(row))


def is_worth_keeping(asked: Asked, now: datetime) -> bool:
    """Whether the period was over, and it is made as things stand now."""
    return asked.as_at == now and asked.period.ends_at <= now


def _about(asked: Asked) -> str:
    return f"{' '.join(sorted(asked.areas))} {asked.area} {asked.protocol}".strip()[:400]
