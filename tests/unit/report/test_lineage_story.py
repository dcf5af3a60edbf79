"""The story behind a fill ends where the facts end."""

from jtrader.report.lineage import lineage_of

ROW = {
    "ts_ns": 1_768_491_060_000_000_000,
    "account": "alpha",
    "instrument": "binance_usdm:BTCUSDT",
    "trade_id": "7",
    "client_order_id": "o1",
    "parent_id": "p1",
    "strategy": "model_signal",
    "reason": "up 0.61",
    "signal_id": "s1",
    "prediction": 0.61,
    "features": {"return_5": 0.25},
    "model_name": "direction",
    "model_version": "3",
    "artifact_hash": "a1",
    "data_manifest": "m1",
    "commit": "c1",
}
OF_MODEL = (
    "signal_id",
    "prediction",
    "features",
    "model_name",
    "model_version",
    "artifact_hash",
    "data_manifest",
    "commit",
)


def test_a_model_s_fill_leads_to_data_and_code():
    found = lineage_of(ROW)
    assert found.is_complete
    assert found.figures() == {
        "fill": "binance_usdm:BTCUSDT#7",
        "order": "o1",
        "signal": "s1",
        "model_version": "3",
        "data_manifest": "m1",
        "commit": "c1",
    }
    story = " ".join(found.story())
    for fact in ("2026-01-15T15:31:00Z", "up 0.61", "said 0.61", "return_5 0.25", "data m1", "commit c1"):
        assert fact in story


def test_a_rule_s_fill_has_no_model():
    found = lineage_of({**ROW, **dict.fromkeys(OF_MODEL)})
    assert not found.is_complete
    assert found.story()[-1] == "It decided by its rule: no model was asked."


def test_a_fill_of_others_has_no_order():
    alone = dict.fromkeys((*OF_MODEL, "client_order_id", "parent_id", "strategy", "reason"))
    assert "UNASSIGNED" in lineage_of({**ROW, **alone}).story()[-1]
