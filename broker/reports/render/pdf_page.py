"""A report as PDF, on A4: the same parts in the same order, each chart above its numbers."""

from collections.abc import Iterable, Sequence
from typing import Any

from broker.directory import Directory
from broker.reports.figures import Cell, Chart, Figure, Report, Section, Table
from broker.reports.render.charts import font_folder, png
from broker.reports.render.words import beside, heading, notes, stands_beside

_FONT = "DejaVu"
_MARGIN = 14
_MANY = 7  # columns: from here on a table is printed across the long side of the page
_LEAST = 3  # letters


def as_pdf(report: Report, directory: Directory) -> bytes:
    """The whole report."""
    page = _pdf(report, directory)
    page.add_page()
    page.set_font(_FONT, "B", 16)
    page.multi_cell(0, 8, report.title, new_x="LMARGIN", new_y="NEXT")
    page.ln(2)
    pairs = heading(report, directory)
    for word, value in [*pairs, *([("edition", "public")] if report.public else [])]:
        page.set_font(_FONT, "", 9)
        page.set_text_color(90)
        page.cell(22, 5, word)
        page.set_text_color(20)
        page.multi_cell(0, 5, value, new_x="LMARGIN", new_y="NEXT")
    for part in report.sections:
        _section(page, part)
    page.ln(4)
    page.set_font(_FONT, "", 8)
    for note in notes(report):
        page.multi_cell(0, 4.5, note, new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


def _pdf(report: Report, directory: Directory) -> Any:
    fonts = font_folder()  # says what to install, where something is missing
    from fpdf import FPDF

    asked = report.asked
    line = f"{report.title}. {directory.name_of(asked.reader)}, {asked.period.name}"

    class Page(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(_FONT, "", 8)
            self.set_text_color(90)
            self.cell(0, 5, f"{line}. Page {self.page_no()} of {{nb}}", align="C")
            self.set_text_color(20)

    page = Page(format="A4")
    page.add_font(_FONT, "", f"{fonts}/DejaVuSans.ttf")
    page.add_font(_FONT, "B", f"{fonts}/DejaVuSans-Bold.ttf")
    page.set_margin(_MARGIN)
    page.set_auto_page_break(True, margin=16)
    page.set_lang("en-GB")
    page.set_title(line)
    page.set_creator("Homeward")
    page.set_creation_date(asked.as_at)  # the same report is the same file
    return page


def _section(page: Any, part: Section) -> None:
    if page.will_page_break(40):
        page.add_page(orientation="P")
    page.ln(5)
    page.set_font(_FONT, "B", 12)
    page.multi_cell(0, 7, part.title, new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FONT, "", 9)
    if part.text:
        page.multi_cell(0, 5, part.text, new_x="LMARGIN", new_y="NEXT")
    if part.figures:
        rows = [(one.label, one, str(one.unit)) for one in part.figures]
        _rows(page, ("what", "count", "of"), rows)
    left = list(part.charts)
    for table in part.tables:
        for chart in [one for one in left if stands_beside(one, [table])]:
            left.remove(chart)
            _chart(page, chart)
        _table(page, table)
    for chart in left:
        _chart(page, chart)
        _table(page, beside(chart))


def _chart(page: Any, chart: Chart) -> None:
    page.ln(2)
    picture = png(chart)
    page.image(picture, w=page.epw, alt_text=f"{chart.title}. {chart.says}")
    page.set_font(_FONT, "", 8)
    page.set_text_color(90)
    page.multi_cell(0, 4.5, chart.says, new_x="LMARGIN", new_y="NEXT")
    page.set_text_color(20)


def _table(page: Any, table: Table) -> None:
    wide = len(table.columns) >= _MANY
    if wide and page.w < page.h:
        page.add_page(orientation="L")
    page.ln(3)
    page.set_font(_FONT, "B", 9)
    page.multi_cell(0, 5, table.title, new_x="LMARGIN", new_y="NEXT")
    page.set_font(_FONT, "", 8 if wide else 9)
    if not table.rows:
        page.multi_cell(0, 5, table.none, new_x="LMARGIN", new_y="NEXT")
    else:
        _rows(page, table.columns, table.rows)
    if table.note:
        page.set_font(_FONT, "", 8)
        page.multi_cell(0, 4.5, table.note, new_x="LMARGIN", new_y="NEXT")
    if wide:
        page.add_page(orientation="P")


def _rows(page: Any, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = _widths(columns, texts)
    page.set_draw_color(200)
    with page.table(
        col_widths=widths,
        line_height=page.font_size * 1.45,
        text_align="LEFT",
        borders_layout="HORIZONTAL_LINES",
        padding=(0.6, 1.5, 0.6, 0),
        v_align="T",
    ) as printed:
        printed.row([column.strip() for column in columns])
        for row in texts:
            printed.row(row)


def _widths(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """As wide as what is in each column needs, none so that the others have no room."""

    def wanted(at: int) -> float:
        longest = max((len(row[at]) for row in texts), default=0)
        words = [
            word for text in (columns[at], *(row[at] for row in texts)) for word in text.split()
        ]
        least = max((len(word) for word in words), default=_LEAST)
        return max(float(least), min(longest, 30) * 0.8, _LEAST)

    return tuple(wanted(at) for at in range(len(columns)))


def _text(cell: Cell) -> str:
    if not isinstance(cell, Figure):
        return cell
    return "\n".join(part for part in (cell.text, cell.note, cell.changed) if part)
