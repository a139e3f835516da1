# A Matrix server in SQLite, which keeps tokens in memory. Makes its configuration and its
# tables, prints the port that it listens on, and serves until it is killed. Started again in
# the same folder it goes on with what it has.
import os
import sys

import yaml
from signedjson.key import generate_signing_key, write_signing_keys
from twisted.internet import reactor

CONFIGURATION = {
    'server_name': 'example.org',
    'listeners': [
        {'port': 0, 'bind_addresses': ['127.0.0.1'], 'type': 'http', 'resources': [{'names': ['client']}]},
    ],
    'database': {'name': 'sqlite3', 'args': {'database': os.path.abspath('synapse.sqlite3')}},
    'signing_key_path': os.path.abspath('signing.key'),
    'media_store_path': os.path.abspath('media'),
    'trusted_key_servers': [],
    'report_stats': False,
    'macaroon_secret_key': 'of-the-tests',
    'form_secret': 'of-the-tests',
    # Tests make their users over the API.
    'enable_registration': True,
    'enable_registration_without_verification': True,
    # The default is slow on purpose.
    'bcrypt_rounds': 4,
    'rc_registration': {'per_second': 1000, 'burst_count': 1000},
    'rc_login': {
        kind: {'per_second': 1000, 'burst_count': 1000} for kind in ['address', 'account', 'failed_attempts']
    },
}

if not os.path.exists('signing.key'):
    with open('signing.key', 'w') as file:
        write_signing_keys(file, [generate_signing_key('tests')])
with open('homeserver.yaml', 'w') as file:
    yaml.safe_dump(CONFIGURATION, file)

listen = reactor.listenTCP


def listen_and_tell(*args, **kwargs):
    port = listen(*args, **kwargs)
    os.write(1, b'%d\n' % port.getHost().port)  # what is printed goes to the log
    return port


reactor.listenTCP = listen_and_tell
sys.argv = ['synapse', '--config-path', 'homeserver.yaml']

from synapse.app.homeserver import main  # noqa: E402

main()
