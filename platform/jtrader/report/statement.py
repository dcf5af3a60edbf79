"""A statement for people and for spreadsheets: the same rows as a page and as CSV."""

import csv
import io
from collections.abc import Iterator, Mapping
from html import escape

from jtrader.domain.books import Statement
from jtrader.domain.money import plain
from jtrader.domain.times import iso

COLUMNS = ("section", "item", "asset", "ours", "venue", "class", "id", "detail", "acknowledged")
NUMBER = ' class="n"'
Row = tuple[str, ...]
Explained = Mapping[str, str]
"""Break id → who acknowledged it, and why."""

_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:2em;max-width:80em} h1{font-size:1.3em} h2{font-size:1.1em}
table{border-collapse:collapse;margin:1em 0} .open{background:#fde8e8}
td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left;vertical-align:top}
td.n{text-align:right;white-space:nowrap}
"""


def as_csv(statement: Statement, explained: Explained) -> str:
    """One table with a header: figures per asset, breaks, and what is in transit. Amounts are exact."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerow(("statement", statement.account, "", "", "", statement.verdict, str(statement.version), "", ""))
    for section in (_figures(statement), _breaks(statement, explained), _transits(statement)):
        writer.writerows(section)
    return text.getvalue()


def as_html(statement: Statement, explained: Explained) -> str:
    """A page that needs nothing else."""
    open_breaks = sum(found.id not in explained for found in statement.breaks)
    title = f"{statement.account} {statement.date}, version {statement.version}: {statement.verdict}"
    words = f"{statement.fills} fills, {statement.matched} lines matched, {open_breaks} breaks unexplained."
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>',
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1><p>{words}</p>",
    ]
    sections = (
        ("Figures", (0, 1, 2, 3, 4), list(_figures(statement))),
        ("Breaks", (6, 5, 1, 2, 3, 4, 7, 8), list(_breaks(statement, explained))),
        ("In transit", (1, 2, 3, 7), list(_transits(statement))),
    )
    for name, shown, rows in sections:
        if rows:
            parts.append(f"<h2>{name}</h2>{_table(shown, rows)}")
    return "\n".join(parts) + "\n"


def _table(shown: tuple[int, ...], rows: list[Row]) -> str:
    head = "".join(f"<th>{COLUMNS[at]}</th>" for at in shown)
    lines = [f"<tr>{head}</tr>"]
    for row in rows:
        marked = ' class="open"' if row[0] == "break" and not row[8] else ""
        cells = "".join(f"<td{NUMBER if at in (3, 4) else ''}>{escape(row[at])}</td>" for at in shown)
        lines.append(f"<tr{marked}>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _figures(statement: Statement) -> Iterator[Row]:
    for item, ours, venue in (
        ("opening equity", statement.opening, {}),
        ("closing equity", statement.closing, {}),
        ("transfers", statement.transfers, {}),
        ("P&L", statement.pnl_ledger, statement.pnl_venue),
    ):
        for asset in sorted({*ours, *venue}):
            cells = [plain(side[asset]) if asset in side else "" for side in (ours, venue)]
            yield ("figure", item, asset, *cells, "", "", "", "")


def _breaks(statement: Statement, explained: Explained) -> Iterator[Row]:
    for found in statement.breaks:
        words = explained.get(found.id, "")
        item = f"{found.what} {found.reference}"
        yield ("break", item, found.asset, found.ours, found.theirs, found.kind.value, found.id, found.detail, words)


def _transits(statement: Statement) -> Iterator[Row]:
    for one in statement.in_transit:
        detail = f"the venue's ledger has it at {iso(one.ts)}"
        yield ("in transit", one.reference, one.asset, plain(one.amount), "", "", "", detail, "")
