"""What is typed on the pages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class KeepAsTag(forms.Form):
    """The tag that a group's customers have from now on."""

    name = forms.CharField(label=_("Tag"), max_length=50)
    query = forms.CharField(max_length=8000, widget=forms.HiddenInput)
