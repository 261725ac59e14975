"""A django-helpdesk project in a folder, set up as the app's README says, and run as it would be."""

import os
import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pytest
from serve_support import Server, free_port, spawn_server

README = resources.files("opportunity.integrations.django_helpdesk").joinpath("README.md")

SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).parent
SECRET_KEY = "for a test alone"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.sites", "django.contrib.humanize",
    "rest_framework", "helpdesk",
]
SITE_ID = 1
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "urls"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.debug", "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages",
    ]},
}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3",
                         "OPTIONS": {"init_command": "PRAGMA synchronous=OFF"}}}
STATIC_URL = "/static/"
HELPDESK_TEAMS_MODE_ENABLED = False
MEDIA_ROOT = BASE_DIR / "media"
USE_TZ = True
LOGIN_URL = "helpdesk:login"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = BASE_DIR / "sent"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {"DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"]}
LOGGING = {"version": 1, "handlers": {"file": {"class": "logging.FileHandler", "filename": BASE_DIR / "log.txt"}},
           "root": {"handlers": ["file"], "level": "INFO"}}
OPPORTUNITY = {"MODEL": "table"}
"""

URLS = """
from django.contrib import admin
from django.urls import include, path
urlpatterns = [path("admin/", admin.site.urls), path("", include("helpdesk.urls"))]
"""

MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""

DESK = """
from django.contrib.auth.models import User
from helpdesk.models import Queue
from pathlib import Path
User.objects.create_superuser("ada", "ada@desk.example", "pass")
User.objects.create_user("guest", "guest@example.com", "pass")
Queue.objects.create(title="Care", slug="care", allow_public_submission=True, allow_email_submission=True,
                     email_address="care@desk.example", email_box_type="local", email_box_interval=0,
                     email_box_local_dir=str(Path("inbox").absolute()) + "/")
"""


@dataclass
class Desk:
    """A helpdesk in a folder."""

    folder: Path

    def manage(self, *words: str, seconds: int = 250) -> str:
        """Run a command of Django's; returns what it printed."""
        return self._python("manage.py", *words, seconds=seconds)

    def run(self, script: str, seconds: int = 250) -> str:
        """Run Python inside the project."""
        file = self.folder / "script.py"
        file.write_text(f"import django\ndjango.setup()\n{textwrap.dedent(script)}", encoding="utf-8")
        return self._python("script.py", seconds=seconds)

    def _python(self, *words: str, seconds: int) -> str:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *words],
            cwd=self.folder,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings"},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serve(self) -> Server:
        """Start Django's own server."""
        port = free_port()
        command = [sys.executable, "-W", "ignore", "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        return spawn_server(command, port, "/opportunity/panel.js", self.folder / "server.log", cwd=self.folder)

    @property
    def log(self) -> str:
        """What was logged."""
        return (self.folder / "log.txt").read_text(encoding="utf-8")


def readme_steps() -> dict[str, list[str]]:
    """The README's blocks of code, by language."""
    blocks = re.findall(r"^ *```(\w+)\n(.*?)^ *```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return {lang: [textwrap.dedent(code) for name, code in blocks if name == lang] for lang in ("sh", "python")}


def new_desk(folder: Path) -> Desk:
    """A helpdesk that was there before, then the README's three steps."""
    pytest.importorskip("helpdesk", reason="django-helpdesk is not installed; run: pip install -e '.[django]'")
    steps = readme_steps()
    in_settings, in_urls, _ = steps["python"]
    install, migrate = steps["sh"]
    assert install.strip() == "pip install 'opportunity[django]'"
    (folder / "inbox").mkdir(parents=True)
    (folder / "settings.py").write_text(SETTINGS + in_settings, encoding="utf-8")
    (folder / "urls.py").write_text(URLS + in_urls, encoding="utf-8")
    (folder / "manage.py").write_text(MANAGE, encoding="utf-8")
    desk = Desk(folder)
    desk.manage(*migrate.split()[2:], "-v0")
    desk.run(DESK)
    return desk
