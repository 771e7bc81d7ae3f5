"""The web process: Django for pages and API, and the lean ingest application beside it."""

from django.core.asgi import get_asgi_application

application = get_asgi_application()
