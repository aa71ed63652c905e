"""What of the requirements register is served, by what, and whether it passes."""
