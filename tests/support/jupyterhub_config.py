# The hub that hub.rs starts: on loopback only, and nobody's server is ever spawned.
import os

from jupyterhub.auth import DummyAuthenticator


class NamesAsTyped(DummyAuthenticator):
    """The default lower-cases names; authenticators of institutions often do not."""

    def normalize_username(self, username):
        return username


c = get_config()  # noqa: F821

c.JupyterHub.db_url = 'sqlite:///jupyterhub.sqlite'
c.JupyterHub.bind_url = f'http://127.0.0.1:{os.environ["PROXY_PORT"]}'
c.JupyterHub.hub_bind_url = f'http://127.0.0.1:{os.environ["HUB_PORT"]}'
c.JupyterHub.spawner_class = 'simple'
# Every use of a token is written at once, so that a revoke meets as many writes as can be.
c.JupyterHub.activity_resolution = 0

# Started beside the hub, so that both are ended by their ids.
c.ConfigurableHTTPProxy.should_start = False
c.ConfigurableHTTPProxy.api_url = f'http://127.0.0.1:{os.environ["PROXY_API_PORT"]}'
c.ConfigurableHTTPProxy.auth_token = os.environ['CONFIGPROXY_AUTH_TOKEN']

c.JupyterHub.authenticator_class = NamesAsTyped
c.Authenticator.allowed_users = {'olive', 'sam', 'Blake', 'ünal', "o'neil@example.org", '2'}
# By the flag, from which the hub makes the role too.
c.Authenticator.admin_users = {'root'}
# By the role alone, which a group gives.
c.JupyterHub.load_groups = {'operators': {'users': ['ada']}}
c.JupyterHub.load_roles = [
    {'name': 'admin', 'services': ['tests'], 'groups': ['operators']},
]
c.JupyterHub.services = [{'name': 'tests', 'api_token': os.environ['SERVICE_TOKEN']}]
