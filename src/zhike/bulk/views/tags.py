"""The list of tags: made, renamed, coloured, merged, deleted, and brought back."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from zhike.accounts.views.tabs import settings_tabs
from zhike.bulk import tag_list
from zhike.bulk.forms import MergeTag, OneTag
from zhike.bulk.models import TagRemoval
from zhike.bulk.services import tag_list as services
from zhike.core.errors import DomainError
from zhike.core.forms import accepted
from zhike.core.gate import needs
from zhike.core.http import ActorRequest
from zhike.core.pages import go_to, render_page
from zhike.core.paging import Page
from zhike.customers.models import Tag
from zhike.customers.permissions import MANAGE_TAGS


@needs(MANAGE_TAGS)
@require_GET
def list_tags(request: ActorRequest) -> HttpResponse:
    search, page = request.GET.get("q", ""), Page(after=request.GET.get("after", ""))
    found = tag_list.page_tags(search=search, page=page)
    query = request.GET.copy()
    query["after"] = found.next_cursor
    context: dict[str, object] = {
        "rows": found.items,
        "more_url": f"{reverse('list_tags')}?{query.urlencode()}" if found.next_cursor else "",
        "search": search,
    }
    if page.after:
        return render_page(request, "bulk/list_tags.html", context, partial="rows")
    context |= {"count": tag_list.count_tags(search=search), "removals": tag_list.list_removals(), "form": OneTag()}
    context["tabs"] = settings_tabs("list_tags")
    return render_page(request, "bulk/list_tags.html", context, partial="found")


@needs(MANAGE_TAGS)
@require_POST
def create_tag(request: ActorRequest) -> HttpResponse:
    form = OneTag(request.POST)
    if accepted(form, lambda: services.create_tag(actor=request.actor, **form.cleaned_data)):
        message = _("Added: %(value)s") % {"value": form.cleaned_data["name"]}
        return go_to(request, reverse("list_tags"), message=message)
    return render_page(request, "bulk/edit_tag.html", {"form": form}, status=422)


@needs(MANAGE_TAGS)
@require_http_methods(["GET", "POST"])
def edit_tag(request: ActorRequest, pk: int) -> HttpResponse:
    tag = get_object_or_404(Tag, pk=pk)
    form = OneTag(request.POST or None, initial={"name": tag.name, "tone": tag.tone})
    if accepted(form, lambda: services.edit_tag(actor=request.actor, tag_id=pk, **form.cleaned_data)):
        return go_to(request, reverse("list_tags"), message=_("Saved."))
    context = {"form": form, "tag": tag, "merging": MergeTag()}
    return render_page(request, "bulk/edit_tag.html", context, status=422 if form.is_bound else 200)


@needs(MANAGE_TAGS)
@require_POST
def merge_tag(request: ActorRequest, pk: int) -> HttpResponse:
    """Everybody with this tag has the other one afterwards."""
    tag = get_object_or_404(Tag, pk=pk)
    form = MergeTag(request.POST)
    into = Tag.objects.filter(name=form.cleaned_data["into"]).first() if form.is_valid() else None
    if into is None or into == tag:
        form.add_error("into", _("There is no other tag of this name."))
        context = {"form": OneTag(initial={"name": tag.name, "tone": tag.tone}), "tag": tag, "merging": form}
        return render_page(request, "bulk/edit_tag.html", context, status=422)
    message = _("“%(name)s” is “%(other)s” now.") % {"name": tag.name, "other": into.name}
    return _remove(request, tag, into.pk, message)


@needs(MANAGE_TAGS)
@require_POST
def delete_tag(request: ActorRequest, pk: int) -> HttpResponse:
    tag = get_object_or_404(Tag, pk=pk)
    return _remove(request, tag, None, _("The tag “%(name)s” is gone.") % {"name": tag.name})


def _remove(request: ActorRequest, tag: Tag, into_id: int | None, message: str) -> HttpResponse:
    try:
        removal = services.remove_tag(actor=request.actor, tag_id=tag.pk, into_id=into_id, at=timezone.now())
    except Tag.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        return go_to(request, reverse("edit_tag", args=[tag.pk]), message=str(refusal))
    undo_url = reverse("undo_tag_removal", args=[removal.pk])
    return go_to(request, reverse("list_tags"), message=message, undo_url=undo_url)


@needs(MANAGE_TAGS)
@require_POST
def undo_tag_removal(request: ActorRequest, pk: int) -> HttpResponse:
    try:
        tag = services.undo_removal(actor=request.actor, removal_id=pk, at=timezone.now())
    except TagRemoval.DoesNotExist:
        raise Http404 from None
    except DomainError as refusal:
        return go_to(request, reverse("list_tags"), message=str(refusal))
    message = _("The tag “%(name)s” is back.") % {"name": tag.name}
    return go_to(request, reverse("list_tags"), message=message)
