# The defaults are safe for production: a bucket or repository that is not empty is never deleted.
environment = "dev"
