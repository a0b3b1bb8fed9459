import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Views for a team or for everybody, and the one with which a list opens."""

    dependencies = [("accounts", "0009_notice")]

    operations = [
        migrations.AddField(
            model_name="savedview",
            name="audience",
            field=models.CharField(
                choices=[("own", "Only me"), ("team", "My team"), ("all", "Everybody")],
                default="own",
                max_length=4,
                verbose_name="shown to",
            ),
        ),
        migrations.AddField(
            model_name="savedview",
            name="team",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="accounts.team",
                verbose_name="team",
            ),
        ),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(condition=~Q(audience="own"), fields=["page"], name="accounts_savedview_shared"),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.CheckConstraint(
                condition=Q(audience="team", team__isnull=False) | Q(audience__in=["own", "all"], team__isnull=True),
                name="accounts_savedview_audience_is_whole",
            ),
        ),
        migrations.CreateModel(
            name="ViewDefault",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("page", models.CharField(max_length=50)),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.role",
                    ),
                ),
                (
                    "view",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="defaults",
                        to="accounts.savedview",
                        verbose_name="view",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("user", "page"), name="accounts_viewdefault_is_one_each"),
                    models.UniqueConstraint(fields=("role", "page"), name="accounts_viewdefault_is_one_a_role"),
                    models.CheckConstraint(
                        condition=Q(user__isnull=False, role__isnull=True) | Q(user__isnull=True, role__isnull=False),
                        name="accounts_viewdefault_is_for_somebody",
                    ),
                ],
            },
        ),
    ]
