"""The venues as they speak: one folder a venue, their simulator, and the way to it on this machine."""
