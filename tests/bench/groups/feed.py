"""What a feed process with 50 order books takes in memory under a replay, and whether it stays flat."""

from collections.abc import Iterator

from bench.book_replay import BOOKS, measure
from bench.measure import Job, Row, row

SECONDS, RATE = 20.0, 3_000


def rows(job: Job) -> Iterator[Row]:
    books = job.size(BOOKS, 2)
    at = measure(max(0.5, SECONDS * job.scale), job.size(RATE, 100), books, job.seed)
    note = (
        f"at most 300; first third {at['first_mb']:.0f}, last third {at['last_mb']:.0f}; {books} books, "
        f"{at['standing']:,} levels stand after {at['levels']:,} in {at['sent']:,} updates; {at['gaps']} gaps"
    )
    yield row("feed.rss_mb", at["rss_mb"], "MB", None, note)
