"""ccxt's errors of public REST calls → ours, translated here once.

NetworkError (RequestTimeout, ExchangeNotAvailable, DDoSProtection, RateLimitExceeded)  → Unavailable, worth a retry
BadSymbol                                                                               → BadInput
any other refusal or an unreadable answer                                               → Broken
"""

from ccxt.base import errors as ccxt_errors

from jtrader.domain.errors import BadInput, Broken, JtraderError, Unavailable

CcxtError = ccxt_errors.BaseError


def is_temporary(error: BaseException) -> bool:
    """Whether asking again can help."""
    return isinstance(error, ccxt_errors.OperationFailed)


def translated(error: Exception, where: str, what: str) -> JtraderError:
    reason = " ".join(str(error).split())[:200]
    if isinstance(error, ccxt_errors.BadSymbol):
        return BadInput(f"{what}: {where} does not know this symbol; 'jtrader instruments' lists what it trades")
    if isinstance(error, ccxt_errors.RateLimitExceeded | ccxt_errors.DDoSProtection):
        return Unavailable(f"{what}: {where} asks for fewer requests ({reason}); wait some minutes and run again")
    if is_temporary(error):
        return Unavailable(
            f"{what}: {where} did not answer ({reason}); see that it is up, then run again: what was stored stays"
        )
    return Broken(f"{what}: {where} refused ({type(error).__name__}: {reason}); the request or its dialect is wrong")
