"""From a feature data set to a judged model: samples, walk-forward, evaluation, after-cost backtest, gate."""
