"""The embedded stack: every service of a whole desk on one machine, as data, started and watched by supervisor."""
