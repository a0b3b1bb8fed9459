"""The living style guide: every component in both languages and themes. Served only where DEBUG is on."""

from dataclasses import replace
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from zhike.core.actor import ANONYMOUS
from zhike.core.http import ActorRequest
from zhike.core.pages import toast
from zhike.ui import samples
from zhike.ui.sample_charts import sample_charts


@login_not_required
def style_guide(request: HttpRequest) -> HttpResponse:
    return _show(request, "ui/style_guide.html")


@login_not_required
def sample_door(request: HttpRequest) -> HttpResponse:
    return _show(request, "ui/style_guide_door.html")


def _show(request: HttpRequest, template: str) -> HttpResponse:
    asked = cast(ActorRequest, request)
    language = request.GET.get("lang", "zh-hans")
    asked.actor = replace(
        getattr(request, "actor", ANONYMOUS), name="周知微", locale=language, theme=request.GET.get("theme", "auto")
    )
    form = samples.SampleForm({"name": "", "kind": "person", "phone": "1380013800"})
    form.fields["name"].required = False
    context = {
        "form": form,
        "customers": samples.customers(now=timezone.now()),
        "chips": samples.CHIPS,
        "tabs": samples.TABS,
        "steps": samples.STEPS,
        "charts": sample_charts(),
        "amount": samples.customers(now=timezone.now())[0].amount,
    }
    with translation.override(language):
        if request.GET.get("message"):
            messages.success(request, request.GET["message"])
        return render(request, template, context)


@login_not_required
def sample_panel(request: HttpRequest, pk: int) -> HttpResponse:
    customer = samples.customers(now=timezone.now())[pk - 1]
    return render(request, "ui/style_guide_panel.html", {"customer": customer, "now": timezone.now()})


@login_not_required
def sample_value(request: HttpRequest) -> HttpResponse:
    return render(request, "ui/components/editable.html", {"value": "上海", "url": _edit_url(), "label": "城市"})


@login_not_required
def sample_edit(request: HttpRequest) -> HttpResponse:
    form = samples.CityForm(request.POST or None, initial={"city": "上海"})
    if form.is_valid():
        value = {"value": form.cleaned_data["city"], "url": _edit_url(), "label": "城市"}
        saved = render(request, "ui/components/editable.html", value)
        return toast(saved, "已保存城市", undo_url=reverse("style_guide_toast"))
    context = {"form": form, "url": _edit_url(), "cancel_url": reverse("style_guide_value"), "label": "城市"}
    return render(request, "ui/components/edit_form.html", context, status=422 if form.is_bound else 200)


@login_not_required
def sample_toast(request: HttpRequest) -> HttpResponse:
    return toast(HttpResponse(status=204), "已移入公海 3 位客户", undo_url=reverse("style_guide_toast"))


@login_not_required
@csrf_exempt
def sample_upload(request: HttpRequest) -> HttpResponse:
    # The style guide is open to strangers, from whom files are not taken elsewhere.
    request.upload_handlers = [MemoryFileUploadHandler(request)]
    return _take_sample(request)


@csrf_protect
def _take_sample(request: HttpRequest) -> HttpResponse:
    name = " ".join(str(file.name) for file in request.FILES.getlist("file"))
    if not name.endswith(".csv"):
        return JsonResponse({"detail": "这里只收 CSV 文件。"}, status=422)
    return redirect(f"{reverse('style_guide')}?message={name}")


def _edit_url() -> str:
    return reverse("style_guide_edit")
