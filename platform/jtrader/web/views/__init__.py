"""What people see: one module a part of the page, each a function that draws and one that updates."""
