"""The coins of wallets, as /wallet/assets tells them; amounts in each coin's smallest unit."""

from typing import Any


def _asset(coin: str, wallet: str, name: str, scale: int, network: str, least: int) -> dict[str, Any]:
    return {
        "asset": coin,
        "currency": wallet,
        "majorCurrency": coin,
        "name": name,
        "currencyType": "Crypto",
        "scale": scale,
        "enabled": True,
        "isMarginCurrency": wallet in ("XBt", "USDt"),
        "minDepositAmount": least,
        "minWithdrawalAmount": least,
        "maxWithdrawalAmount": 10 ** (scale + 6),
        "networks": [
            {
                "asset": network,
                "tokenAddress": "",
                "depositEnabled": True,
                "withdrawalEnabled": True,
                "withdrawalFee": 2 * least,
                "minFee": least,
                "maxFee": 1000 * least,
            }
        ],
    }


ASSETS = [
    _asset("XBT", "XBt", "Bitcoin", 8, "btc", 10_000),
    _asset("USDT", "USDt", "Tether", 6, "tron", 1_000_000),
    _asset("ETH", "Gwei", "Ether", 9, "eth", 1_000_000),
]
