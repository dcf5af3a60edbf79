"""Files that venues publish of their past, as they are downloaded: the simulator serves and the crawl imports them."""
