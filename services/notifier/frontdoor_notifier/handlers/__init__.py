"""What comes in: records of the bus, turns of the clock, requests of operators."""
