"""Writes the events of a scenario as an agency's system would send them, one module for each group of types."""

from frontdoor_standalone.rehearsal.compose.composing import compose
from frontdoor_standalone.rehearsal.compose.event import MEMBERS

__all__ = ["MEMBERS", "compose"]
