"""The OMS core: one input in, events to journal and commands out. Synchronous and pure; time is an argument."""
