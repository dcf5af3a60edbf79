"""Paper accounts on disk: the venue in memory outlives its process, and others read it meanwhile."""
