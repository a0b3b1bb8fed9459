from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "zhike.ui"
    label = "ui"
