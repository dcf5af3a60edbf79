"""The market that the exchange simulator makes: recorded or generated history, a live hour of other participants."""
