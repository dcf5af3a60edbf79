"""The books: double entry, exact, the only owner of positions and P&L; and their reconciliation with the venue's."""
