"""HTX's markets, as they are called here, and the hosts that serve them."""

SPOT = "huobi_spot"
LINEAR = "huobi_linear"
SWAP = "huobi_swap"
FUTURE = "huobi_future"
MARKETS = (SPOT, LINEAR, SWAP, FUTURE)
INVERSE = (SWAP, FUTURE)

SPOT_HOSTS = frozenset({"api.huobi.pro", "api-aws.huobi.pro"})
CONTRACT_HOSTS = frozenset({"api.hbdm.vn", "api.hbdm.com"})
