"""How an order meets the market: exact books in integer ticks and lots, price first, then time."""
