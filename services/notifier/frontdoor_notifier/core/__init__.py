"""Delivery as pure rules: states, order, backoff, signing, wording. No I/O; time and chance are handed in."""
