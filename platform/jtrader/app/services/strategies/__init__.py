"""The strategy process: closed minutes in, decisions, intents to the oms."""
