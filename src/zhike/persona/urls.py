"""Addresses of portraits, and of tags by rule."""

from django.urls import path

from zhike.persona.views import portrait, rules

urlpatterns = [
    path("", portrait.persona, name="persona"),
    path("tags/", rules.tag_rules, name="tag_rules"),
    path("tags/put/", rules.put_tag_rule, name="put_tag_rule"),
    path("tags/<int:pk>/ask/", rules.ask_tag_rule, name="ask_tag_rule"),
    path("tags/<int:pk>/remove/", rules.remove_tag_rule, name="remove_tag_rule"),
]
