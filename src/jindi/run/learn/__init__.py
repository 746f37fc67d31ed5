"""Learning: models from tables of facts as they stood at decision time, and how good they are."""
