"""What the desk needs from outside, as small Protocols written from the user's side. Adapters live in the rooms
exchange, store, registry, bus and ops; each port has one contract test that runs against every implementation."""
