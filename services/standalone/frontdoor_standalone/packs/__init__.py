"""What packs say, in words for people who answer for them and read no code."""
