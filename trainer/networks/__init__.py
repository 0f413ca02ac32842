"""Networks: how they are built, in which precision they train, and how they are exported."""
