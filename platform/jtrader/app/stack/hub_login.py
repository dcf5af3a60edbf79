"""Who may sign in to JupyterHub: system users, by the hub's shared password. Imported by the hub alone."""

from jupyterhub.auth import LocalAuthenticator
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator


class LocalSharedPassword(LocalAuthenticator, SharedPasswordAuthenticator):  # type: ignore[misc]
    """The password check of the one, the system users of the other."""
