"""Limits, the gate every order passes last, and kill levels. An unset limit refuses."""
