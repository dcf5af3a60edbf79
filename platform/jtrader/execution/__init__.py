"""How a parent order becomes child orders: one algorithm a file, stateless and pure."""
