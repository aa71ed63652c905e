"""The shared data set: what is counted over the ledger, by definitions of the pack, and what of it an audience may see."""
