"""A venue in memory: books, accounts, filters, margin, fees and funding, in its own exact arithmetic."""
