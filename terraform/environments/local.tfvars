# For rehearsals: everything may be deleted.
environment   = "local"
force_destroy = true
force_delete  = true
