import os
import secrets
import signal
import socket
import subprocess
import sys
import time

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from stances import practice
from stances.models import Source
from stances.seeds import read_seeds

EDITOR = "editor"
PORT = 8000
STARTING_SECONDS = 30


class Command(BaseCommand):
    help = "Set up a database with the data where there is none, and serve it on this machine for a trial."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=PORT)
        parser.add_argument("--host", default="127.0.0.1")

    def handle(self, *, host, port, verbosity, **options):
        self.refuse_busy_port(host, port)
        password = secrets.token_urlsafe(9)
        # One that runs at another port beside this one has an account of its own.
        name = EDITOR if port == PORT else f"{EDITOR}-{port}"
        try:
            self.prepare_data(verbosity)
            editor = self.prepare_editor(name, password)
        except (DatabaseError, ImproperlyConfigured) as error:
            place = settings.DATABASES["default"]["NAME"]
            raise CommandError(f"The database {place} cannot be used: {str(error).strip()}") from None
        try:
            self.serve(host, port, name, password)
        finally:
            editor.set_unusable_password()
            editor.save()

    def prepare_data(self, verbosity):
        call_command("migrate", verbosity=0)
        if Source.objects.exists():
            self.stdout.write("The database holds data already; it stays as it is.")
        else:
            fixture = read_seeds(settings.SEEDS_DIR).desk.data["fixture"]
            call_command("loaddata", fixture, verbosity=verbosity, stdout=self.stdout)
        if practice.place():
            self.stdout.write("The desk's sources hold an invented article to practise coding on, “Practice: …”.")

    def refuse_busy_port(self, host, port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"Port {port} of {host} cannot be had ({error.strerror}). Choose another: make demo PORT={port + 1}"
                ) from None
            except OverflowError:
                raise CommandError(f"{port} is no port: choose one up to 65535, as in make demo PORT=8001") from None

    def prepare_editor(self, name, password):
        """Give the demo editor the password of this run; when the run ends, no password opens the account."""
        editor, _ = get_user_model().objects.get_or_create(username=name)
        editor.is_staff = editor.is_active = True
        editor.set_password(password)
        editor.save()
        editor.groups.set(Group.objects.filter(name__in=["editor", "administrator"]))
        return editor

    def serve(self, host, port, name, password):
        environment = {
            **os.environ,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "HTTPS": "0",
            "ONE_PERSON_DESK": os.environ.get("ONE_PERSON_DESK", "1"),
        }
        command = [
            sys.executable,
            *("-m", "gunicorn", "config.wsgi:application", "--bind", f"{host}:{port}"),
            *("--workers", "1", "--threads", "8", "--log-level", "warning"),
        ]
        server = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)
        signal.signal(signal.SIGTERM, lambda *_: server.terminate())
        try:
            self.wait_until_up(server, host, port)
            address = f"http://{host}:{port}"
            alone = environment["ONE_PERSON_DESK"] == "1"
            self.stdout.write(
                f"\nReaders:  {address}/\nEditors:  {address}/admin/   "
                f"user: {name}   password: {password}   (for this run alone)\n"
                f"{'This is a desk of one person: you may publish your own statements.' if alone else ''}\n"
                "Stop with Ctrl+C."
            )
            self.stdout.flush()
            code = server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            code = 0
        if code > 0:
            raise CommandError(f"The server ended with exit code {code}.")

    def wait_until_up(self, server, host, port):
        deadline = time.monotonic() + STARTING_SECONDS
        while server.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((host, port)) == 0:
                    return
            time.sleep(0.1)
        if server.poll() is not None:
            raise CommandError("The server did not start; its message stands above.")
