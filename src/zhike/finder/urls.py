"""The address of the search box."""

from django.urls import path

from zhike.finder import views

urlpatterns = [path("", views.find, name="find"), path("words/", views.find_words, name="find_words")]
