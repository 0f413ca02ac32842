"""Reviews Terraform plans: the command `trainyard-review`. Its code is the repository's `scripts/review/`."""
