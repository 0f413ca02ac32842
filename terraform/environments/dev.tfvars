# The defaults are safe for production: buckets and repository that hold something are never deleted.
environment = "dev"
