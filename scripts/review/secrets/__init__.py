"""What is secret in a plan: by its mark, its name or its look; and the mask that hides it."""
