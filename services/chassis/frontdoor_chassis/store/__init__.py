"""Stores as core sees them: ports only. The engine is chosen in each service's `app.py`."""

from frontdoor_chassis.store.ports import FencedError, Transactions

__all__ = ["FencedError", "Transactions"]
