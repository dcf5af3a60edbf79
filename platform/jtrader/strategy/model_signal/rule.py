"""When a prediction becomes a position. The trader and the after-cost backtest of the gate both ask this function."""

import math


def target(prediction: float | None, band: float) -> int | None:
    """The wanted position for the probability of an up-move: 1 long above 0.5 + band, −1 short below 0.5 − band.

    None = keep what is held: the prediction stands within the band, or the model abstained (None, NaN). Both limits
    belong to the band, so that a band of 0.5 never trades.
    """
    if prediction is None or math.isnan(prediction):
        return None
    if prediction > 0.5 + band:
        return 1
    if prediction < 0.5 - band:
        return -1
    return None
