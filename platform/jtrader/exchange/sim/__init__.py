"""The exchange simulator: the market it makes, the dialects it speaks and its server."""
