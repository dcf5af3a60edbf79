"""`python -m jtrader` is the command line."""

from jtrader.app.cli import main

main()
