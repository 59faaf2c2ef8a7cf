"""A report for programs: as CSV, a line for each cell and figure, or as JSON."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from uuid import UUID

from broker.directory import Directory
from broker.reports.figures import Cell, Figure, Report, Section, Table
from broker.reports.render.words import beside, heading, listed, notes, stands_beside
from broker.spreadsheet import safe

_COLUMNS = (
    "section", "table", "row", "column", "text", "figure", "label", "unit", "count", "of",
    "percent", "note", "changed",
)  # fmt: skip


def as_csv(report: Report, directory: Directory) -> str:
    """Every figure and cell; what is hidden is `hidden`, what was not returned is empty."""
    return _written([_COLUMNS, *_about(report, directory), *_lines(report)])


def list_as_csv(figure: Figure, pseudonym: Callable[[UUID], str]) -> str:
    """The list behind a figure."""
    columns = ("child", "at", "case", "counted", "says")
    rows = (
        (
            pseudonym(item.child) if item.child else "",
            _utc(item.at) if item.at else "",
            str(item.episode or ""),
            "yes" if counted else "no",
            "; ".join(f"{name} {value}" for name, value in item.says.items() if value),
        )
        for item, counted in listed(figure)
    )
    return _written([columns, *rows])


def as_json(report: Report, directory: Directory) -> dict[str, Any]:
    """The report as it stands; figures by name, tables as rows of texts and names of figures."""
    asked = report.asked
    return {
        "report": report.name,
        "title": report.title,
        "for": asked.reader,
        "areas": list(asked.areas),
        "period": {
            "name": asked.period.name,
            "from": asked.period.first.isoformat(),
            "to": asked.period.last.isoformat(),
        },
        "as_at": _utc(asked.as_at),
        "area": asked.area.value,
        "policy": asked.policy,
        "protocol": asked.protocol or None,
        "source": report.source,
        "public": report.public,
        "notes": notes(report),
        "figures": {name: _figure(one) for name, one in report.figures.items()},
        "sections": [_section(part) for part in report.sections],
    }


def _section(part: Section) -> dict[str, Any]:
    return {
        "title": part.title,
        "text": part.text,
        "figures": [one.name for one in part.figures],
        "tables": [
            {
                "name": table.name,
                "title": table.title,
                "columns": list(table.columns),
                "rows": [[_json_cell(cell) for cell in row] for row in table.rows],
            }
            for table in part.tables
        ],
    }


def _json_cell(cell: Cell) -> Any:
    return {"figure": cell.name} if isinstance(cell, Figure) else cell


def _figure(one: Figure) -> dict[str, Any]:
    count = None if one.hidden else one.count
    whole = count is not None and float(count).is_integer()
    return {
        "label": one.label,
        "unit": one.unit,
        "count": int(count) if whole and count is not None else count,
        "of": None if one.hidden else one.of,
        "share": one.share,
        "hidden": one.hidden,
        "missing": one.missing if one.count is None else None,
        "note": one.note,
        "changed": one.changed or None,
    }


def list_as_json(figure: Figure, pseudonym: Callable[[UUID], str]) -> dict[str, Any]:
    return {
        "figure": figure.name,
        **_figure(figure),
        "list": [
            {
                "child": pseudonym(item.child) if item.child else None,
                "at": _utc(item.at) if item.at else None,
                "case": str(item.episode) if item.episode else None,
                "counted": counted,
                "says": dict(item.says),
            }
            for item, counted in listed(figure)
        ],
    }


# -- CSV


def _about(report: Report, directory: Directory) -> Iterator[Sequence[str]]:
    pairs = [("report", report.title), *heading(report, directory)]
    pairs += [("note", note) for note in notes(report)]
    for word, value in pairs:
        yield ("about", "", "", word, value, *[""] * (len(_COLUMNS) - 5))


def _lines(report: Report) -> Iterator[Sequence[str]]:
    for part in report.sections:
        for one in part.figures:
            yield (part.title, "", "", "", "", *_cells(one))
        alone = (beside(one) for one in part.charts if not stands_beside(one, part.tables))
        for table in (*part.tables, *alone):
            yield from _of_table(part.title, table)


def _of_table(title: str, table: Table) -> Iterator[Sequence[str]]:
    for row in table.rows:
        first = row[0].value if isinstance(row[0], Figure) else row[0]
        for column, cell in list(zip(table.columns, row, strict=True))[1:]:
            if isinstance(cell, Figure):
                yield (title, table.title, first, column, "", *_cells(cell))
            else:
                blank = [""] * (len(_COLUMNS) - 5)
                yield (title, table.title, first, column, cell, *blank)


def _cells(one: Figure) -> tuple[str, ...]:
    count, of = f"{one.count or 0:.{one.decimals}f}", "" if one.of is None else str(one.of)
    if one.hidden:
        count, of = "hidden", ""
    elif one.count is None:
        count = ""
    note = one.note if one.count is not None else one.missing
    return one.name, one.label, str(one.unit), count, of, one.percent, note, one.changed


def _written(rows: Iterable[Sequence[str]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([safe(str(cell)) for cell in row])
    return out.getvalue()


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def json_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
