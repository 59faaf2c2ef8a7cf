"""A report, the catalogue of reports, and the list behind a figure, on the screen."""

from collections.abc import Callable, Iterable, Mapping
from uuid import UUID

from broker.cli import screen
from broker.directory import Directory
from broker.reports.catalogue import Entry
from broker.reports.figures import Cell, Figure, Item, Report, Section, Table
from broker.reports.render.words import beside, heading, listed, notes, stands_beside
from broker.working_time import local


def print_report(report: Report, directory: Directory) -> None:
    """The whole report; charts as the tables of their numbers."""
    out = screen.out()
    out.print(report.title, style="bold", markup=False)
    for word, value in heading(report, directory):
        screen.print_folded(f"{word}: {value}", "  ", "      ", style="dim")
    for section in report.sections:
        _print_section(section)
    for note in notes(report):
        screen.print_folded(note, style="dim")
    if report.figures and not report.public:
        name = next(iter(report.figures))
        screen.print_folded(f"The list behind a figure: --list {name}", style="dim")


def _print_section(section: Section) -> None:
    out = screen.out()
    out.print()
    out.print(section.title, style="bold underline", markup=False)
    if section.text:
        screen.print_folded(section.text, "  ", "  ")
    if section.figures:
        rows = [_row(figure) for figure in section.figures]
        noted = 6 if any(row[-1] for row in rows) else 5
        columns = ("what", "of", "count", "", "figure", "note")
        screen.table("", columns[:noted], [row[:noted] for row in rows], "")
    for table in section.tables:
        _print_table(table)
    for chart in section.charts:
        if not stands_beside(chart, section.tables):
            _print_table(beside(chart))


def _row(figure: Figure) -> tuple[str, ...]:
    note = ". ".join(each for each in (figure.note, figure.changed) if each)
    return figure.label, figure.unit, figure.value, figure.percent, figure.name, note


def _print_table(table: Table) -> None:
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    screen.table(table.title, table.columns, rows, f"{table.title}: {table.none}")
    if table.note:
        screen.print_folded(table.note, "  ", "  ", style="dim")


def _cell(cell: Cell) -> str:
    if isinstance(cell, Figure):
        return f"{cell.text} *" if cell.changed else cell.text
    return cell


def print_list(figure: Figure, pseudonym: Callable[[UUID], str]) -> None:
    """What was counted, and what it is out of."""
    title = f"{figure.label}: {figure.text} {figure.unit}"
    rows = [
        (*_item(item, pseudonym), "counted" if counted else "not counted")
        for item, counted in listed(figure)
    ]
    shown = 4 if figure.of is None else 5
    columns = ("child", "at", "absence or case", "", "")
    cut = [row[:shown] for row in rows]
    screen.table(title, columns[:shown], cut, f"{title}: nothing is behind it.")


def _item(item: Item, pseudonym: Callable[[UUID], str]) -> tuple[str, str, str, str]:
    return (
        pseudonym(item.child) if item.child else "",
        local(item.at) if item.at else "",
        str(item.episode or ""),
        words(item.says),
    )


def words(says: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in says.items() if value)


def print_catalogue(entries: Iterable[Entry]) -> None:
    """Which reports there are."""
    rows = [
        (
            entry.name,
            entry.title,
            entry.readers,
            ", ".join(entry.periods),
            entry.source + (" (form ours)" if entry.ours else ""),
        )
        for entry in entries
    ]
    screen.table("Reports", ("name", "what", "read by", "period", "source"), rows, "None.")
