# A Django project in one file, in SQLite or PostgreSQL, with three kinds of tokens: those of
# Django REST framework, of django-rest-knox and of Django OAuth Toolkit. Makes its tables and
# its users, prints the port that it listens on, and serves until it is killed.
import os
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings

if 'PGHOST' in os.environ:  # libpq reads where and who from the environment
    database = {'ENGINE': 'django.db.backends.postgresql', 'NAME': os.environ['PGDATABASE']}
else:
    database = {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'django.sqlite3'}

settings.configure(
    SECRET_KEY='of-the-tests',
    ALLOWED_HOSTS=['127.0.0.1'],
    DATABASES={'default': database},
    DEFAULT_AUTO_FIELD='django.db.models.BigAutoField',
    INSTALLED_APPS=[
        'django.contrib.auth',
        'django.contrib.contenttypes',
        'rest_framework',
        'rest_framework.authtoken',
        'knox',
        'oauth2_provider',
    ],
    MIDDLEWARE=[],
    # The default is slow on purpose.
    PASSWORD_HASHERS=['django.contrib.auth.hashers.MD5PasswordHasher'],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    TIME_ZONE='Asia/Kathmandu',
    OAUTH2_PROVIDER={'SCOPES': {'read': 'Read', 'write': 'Write'}},
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import include, path  # noqa: E402
from knox.auth import TokenAuthentication as KnoxAuthentication  # noqa: E402
from knox.views import LoginView  # noqa: E402
from oauth2_provider.contrib.rest_framework import OAuth2Authentication  # noqa: E402
from oauth2_provider.models import Application  # noqa: E402
from rest_framework.authentication import TokenAuthentication  # noqa: E402
from rest_framework.authtoken.serializers import AuthTokenSerializer  # noqa: E402
from rest_framework.authtoken.views import obtain_auth_token  # noqa: E402
from rest_framework.permissions import AllowAny  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class KnoxLogin(LoginView):
    authentication_classes = []
    permission_classes = [AllowAny]

    def post(self, request):
        serializer = AuthTokenSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        request.user = serializer.validated_data['user']
        return super().post(request)


class WhoAmI(APIView):
    """Answers who presents a token of one kind: 200, or 401 where it is none."""

    def perform_authentication(self, request):
        if not request.user and not request.auth:
            self.permission_denied(request)

    def check_permissions(self, request):
        # A token of a client alone has no user.
        if not request.auth:
            self.permission_denied(request)

    def get(self, request):
        return Response({'username': request.user.username if request.user else None})


def who_am_i(kind):
    return WhoAmI.as_view(authentication_classes=[kind])


urlpatterns = [
    path('drf/login', obtain_auth_token),
    path('drf/whoami', who_am_i(TokenAuthentication)),
    path('knox/login', KnoxLogin.as_view()),
    path('knox/whoami', who_am_i(KnoxAuthentication)),
    path('oauth/', include('oauth2_provider.urls', namespace='oauth2_provider')),
    path('oauth/whoami', who_am_i(OAuth2Authentication)),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def address_string(self):  # the default asks for a name
        return self.client_address[0]


call_command('migrate', verbosity=0)
User.objects.create_superuser('root', password='password of root')
for name in ['olive', 'sam', 'ünal']:
    User.objects.create_user(name, password=f'password of {name}')
for name, grant in [('reports', 'password'), ('machine', 'client-credentials')]:
    Application.objects.create(
        name=name,
        client_id=name,
        client_secret=f'secret of {name}',
        client_type='confidential',
        authorization_grant_type=grant,
    )
server = make_server('127.0.0.1', 0, get_wsgi_application(), Server, Handler)
print(server.server_port, flush=True)
server.serve_forever()
