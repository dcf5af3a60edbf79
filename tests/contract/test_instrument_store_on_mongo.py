"""Stored rules that can't be read: they are named and left out, and the others are served."""

import pytest

from fixtures.instruments import instrument
from jtrader.domain.errors import Broken
from jtrader.store.mongo.connection import Mongo
from jtrader.store.mongo.instruments import INSTRUMENTS, MongoInstrumentStore

BTC, ETH = (instrument(f"binance_spot:{symbol}") for symbol in ("BTCUSDT", "ETHUSDT"))


def test_one_that_cant_be_read_is_left_out(mongo, caplog: pytest.LogCaptureFixture) -> None:
    with Mongo(mongo.uri, mongo.database) as connection:
        store = MongoInstrumentStore(connection)
        store.save([BTC, ETH])
        rows = connection.collection(INSTRUMENTS)
        rows.insert_one({"id": ETH.id, "valid_from": 5, "price_tick": "many"})
        assert list(store.load()) == [BTC]
        assert list(store.load(at=4)) == [BTC, ETH]
        assert list(store.history(ETH.id)) == [ETH]
        assert ETH.id in caplog.text
        rows.delete_many({"id": BTC.id})
        rows.delete_many({"valid_from": 0})
        with pytest.raises(Broken, match="none of 1 stored instruments can be read"):
            store.load()
