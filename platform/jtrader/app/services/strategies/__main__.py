"""`python -m jtrader.app.services.strategies`."""

from jtrader.app.services.running import run_service
from jtrader.app.services.strategies.service import serve

if __name__ == "__main__":
    run_service("strategies", serve)
