# For rehearsals: everything may be thrown away.
environment   = "local"
force_destroy = true
force_delete  = true
