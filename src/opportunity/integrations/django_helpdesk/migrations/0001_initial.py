"""The first table: which tickets have their note."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

__all__ = ["Migration"]


class Migration(migrations.Migration):
    """Make `NotedTicket`."""

    initial = True

    dependencies: ClassVar = [("helpdesk", "0001_initial")]

    operations: ClassVar = [
        migrations.CreateModel(
            name="NotedTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(auto_now_add=True)),
                (
                    "ticket",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="helpdesk.ticket"
                    ),
                ),
            ],
        ),
    ]
