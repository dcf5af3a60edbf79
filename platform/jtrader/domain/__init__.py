"""The words of the trade: values, events and errors that every room shares. Standard library and msgspec only."""
