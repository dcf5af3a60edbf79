"""BitMEX's API as adapters of our ports: decoders, live feed, public REST, and the broker of one account."""
