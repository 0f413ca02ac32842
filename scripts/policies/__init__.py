"""IAM's policy language: documents, patterns, conditions, actions. Knows neither plans nor AWS."""
