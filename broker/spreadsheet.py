"""A cell of CSV as it may be opened in a spreadsheet, which takes some texts for formulas. Pure."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(cell: str) -> str:
    """The text, marked as one with an apostrophe where it would be a formula; numbers stay."""
    number = cell.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{cell}" if cell.startswith(_FORMULA) and not number else cell
