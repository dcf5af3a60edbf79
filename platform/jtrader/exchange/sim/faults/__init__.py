"""The fault script: what goes wrong between a client and a simulated venue, by rules and from a seed."""
