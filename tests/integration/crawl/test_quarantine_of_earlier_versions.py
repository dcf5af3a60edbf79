"""What earlier versions put aside stays known under the key of this one."""

from fixtures.candle_source import BTC, at, candle
from fixtures.ticks import trade
from jtrader.domain.market import Candle, Trade
from jtrader.store.mongo.clustered import KEY
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.ledger import MongoLedger
from jtrader.store.mongo.series import document


def test_rows_are_named_anew_once(mongo) -> None:
    trades = [trade(1), trade(2)]
    bad = candle(1, volume=-1.0)
    with Mongo(mongo.uri, mongo.database) as connection:
        for name, kind, rows in (("candle", Candle, [bad]), ("trade", Trade, trades)):
            old = connection.collection(f"{name}_quarantine")
            old.create_index([*KEY, ("trade_id", 1)] if kind is Trade else KEY, unique=True)
            old.insert_many([{**document(row), "reason": "old"} for row in rows])
            for _ in range(2):
                ledger = MongoLedger(connection, kind, name)
                assert [one.row for one in ledger.aside(rows[0].instrument, 0, 2**62)] == rows
        ledger = MongoLedger(connection, Candle, "candle")
        ledger.quarantine(bad, "again")
        ledger.quarantine(candle(1, volume=-2.0), "another of the same minute")
        assert sorted(one.reason for one in ledger.aside(BTC, at(1), at(2))) == ["again", "another of the same minute"]
