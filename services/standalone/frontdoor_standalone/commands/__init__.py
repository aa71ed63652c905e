"""The `frontdoor` command, one module for each thing that it does."""
