"""Markdown tables."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """One table with a heading, and what must be known to read it."""

    title: str
    columns: list[str]
    rows: list[list[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: object) -> None:
        """Adds a row."""
        self.rows.append([str(cell) for cell in cells])

    def note(self, *sentences: str) -> None:
        """Adds a paragraph below the table."""
        self.notes.append(" ".join(sentences))

    def markdown(self) -> str:
        """The heading, the table, the notes. Columns are padded so that it can be read as it is."""
        widths = [max(len(line[at]) for line in [self.columns, *self.rows]) for at in range(len(self.columns))]

        def line(cells: Iterable[str]) -> str:
            # Words to the left, figures to the right.
            aligned = [
                cell.ljust(width) if at == 0 else cell.rjust(width)
                for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
            ]
            return "| " + " | ".join(aligned) + " |"

        rule = "|" + "|".join("-" * (width + 2) if at == 0 else "-" * (width + 1) + ":" for at, width in enumerate(widths)) + "|"
        parts = [f"### {self.title}", "", line(self.columns), rule, *map(line, self.rows)]
        for note in self.notes:
            parts += ["", note]
        return "\n".join(parts) + "\n"


def number(value: float) -> str:
    """A figure with three significant digits, or whole when it is large."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}".rstrip(".")


def spread(values: Sequence[float]) -> str:
    """Median, least and greatest."""
    return f"{number(statistics.median(values))} ({number(min(values))} to {number(max(values))})"


def ratio_spread(values: Sequence[float]) -> str:
    """The same for ratios, with three digits after the point."""
    return f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
