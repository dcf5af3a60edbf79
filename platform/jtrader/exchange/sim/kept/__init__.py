"""What a simulated exchange keeps on disk, so that it goes on after its process was killed."""
