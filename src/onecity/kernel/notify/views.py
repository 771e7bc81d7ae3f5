"""The inbox page: what one was told, and where to look."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from onecity.kernel.core.ids import parse_id
from onecity.kernel.notify import inbox
from onecity.kernel.notify.models import Message
from onecity.kernel.people.doors import account_of, signed_in


@signed_in
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """One's messages, newest first."""
    account = account_of(request)
    only = request.GET.get("show") == "unread"
    found = inbox.page(account, before=parse_id(request.GET.get("before", "")), unread_only=only)
    context = {"page": found, "unread": inbox.unread(account), "only_unread": only}
    return render(request, "notify/inbox.html", context)


@signed_in
@require_POST
def open_message(request: HttpRequest, message_id: UUID) -> HttpResponse:
    """Mark one message as read and go where it leads."""
    account = account_of(request)
    message = get_object_or_404(Message, id=message_id, account_id=account.id)
    inbox.mark_read(account, [message.id])
    # links are written by this program, never by people; still only a path of our own is followed
    own = message.link.startswith("/") and not message.link.startswith("//")
    return HttpResponseRedirect(message.link if own else reverse("notify:inbox"))


@signed_in
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark all messages as read."""
    inbox.mark_read(account_of(request))
    return HttpResponseRedirect(reverse("notify:inbox"))
