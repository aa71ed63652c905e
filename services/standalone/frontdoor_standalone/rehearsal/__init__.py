"""Rehearsals: scenarios that say who must be told of what by when, played on running services and judged."""
