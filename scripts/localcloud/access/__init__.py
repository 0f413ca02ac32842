"""Who may do what: each call is decided by the caller's policies and those of the resource, as IAM decides it.

``requests`` reads a call's parameters from a request, and ``scripts.core.permissions`` knows the permissions that the
call needs. ``callers`` finds the caller of a key and its policies, ``context`` the condition keys, ``resources`` the
policies of resources. ``decisions`` asks ``scripts.policies`` and words the refusal; ``gate`` does all this for each
request.
"""
