# An example for an account with rules. docs/platform-team.md names the other variables that such accounts need.
environment = "prod"
protect     = true
tags        = { CostCenter = "ml", Owner = "ml-platform" }
