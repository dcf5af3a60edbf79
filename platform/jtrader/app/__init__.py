"""The only room that builds the world: settings, wiring, services, jobs, the stack and the command line."""
