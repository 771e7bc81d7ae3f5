"""The sentences that the phone's application says, handed to its page in the reader's language: keys are the English texts."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from onecity.kernel.cases import choices


def words() -> dict[str, str]:
    """Every text that a module of `static/cases/field` asks for by `say(…)`; `{name}` is filled in by the script."""
    severities = {f"severity:{name}": str(title) for name, title in choices.SEVERITIES.items()}
    return severities | {text: _(text) for text in TEXTS}


TEXTS = (
    gettext_noop("(optional)"),
    gettext_noop("Add a note"),
    gettext_noop("Add at least {count} photos: this step has to be shown."),
    gettext_noop("As of {time}. Kept on this phone, and wiped when you sign out."),
    gettext_noop("At least {count}"),
    gettext_noop("Being sent {share} %"),
    gettext_noop("Closer"),
    gettext_noop("Connected"),
    gettext_noop("Connecting"),
    gettext_noop("Discard"),
    gettext_noop("Discard this entry, its photos, and what you did on the same case after it?"),
    gettext_noop("Division"),
    gettext_noop("Done as far as you are concerned. It leaves this phone when it has been sent."),
    gettext_noop("Everything has been sent."),
    gettext_noop("Farther"),
    gettext_noop("From the point"),
    gettext_noop("It was closed, or somebody else has it now."),
    gettext_noop("Kept on this phone. It is sent as soon as there is a connection."),
    gettext_noop("Kind"),
    gettext_noop("Looking for the position …"),
    gettext_noop("More about it"),
    gettext_noop("My cases"),
    gettext_noop("No position. Choose the division, or allow this page to use the position."),
    gettext_noop("No right"),
    gettext_noop("No signal"),
    gettext_noop("No signal, and nothing is kept on this phone yet. Open this page once where there is a connection."),
    gettext_noop("Not signed in"),
    gettext_noop("Not taken"),
    gettext_noop("Note"),
    gettext_noop("Nothing is waiting for you."),
    gettext_noop("On the map"),
    gettext_noop("Only add a note"),
    gettext_noop("Photo"),
    gettext_noop("Place in words"),
    gettext_noop("Please choose"),
    gettext_noop("Position known to {metres} m"),
    gettext_noop("Remove"),
    gettext_noop("Report"),
    gettext_noop("Send again on what is true now"),
    gettext_noop("Send now"),
    gettext_noop("Sign in"),
    gettext_noop("Sign out and wipe this phone"),
    gettext_noop("Take or choose photos"),
    gettext_noop("The photo is no longer on this phone."),
    gettext_noop(
        "The photos must say where they were taken. Allow this page to use the position, then take them again."
    ),
    gettext_noop("The platform could not take this. It is kept here; tell the administrator."),
    gettext_noop("The platform is busy"),
    gettext_noop("There is no step that you may take now."),
    gettext_noop("This case is not on this phone"),
    gettext_noop("To send"),
    gettext_noop("Waits"),
    gettext_noop("What did you see?"),
    gettext_noop("What is it?"),
    gettext_noop("What is mine today?"),
    gettext_noop("What is still to be sent?"),
    gettext_noop("What next?"),
    gettext_noop("What was done or found"),
    gettext_noop("What you see on your round you can report below."),
    gettext_noop("Where I am"),
    gettext_noop("Where are my cases?"),
    gettext_noop("Whole case (needs a connection)"),
    gettext_noop("Without position"),
    gettext_noop("You are not signed in. What waits to be sent is kept and goes out when you sign in again."),
    gettext_noop("Your account has no right to handle cases."),
    gettext_noop("Your cases are being fetched."),
    gettext_noop("just now"),
    gettext_noop("{count} cases have no point on the map."),
    gettext_noop("{count} cases on the map"),
    gettext_noop("{count} entries have not been sent. If you sign out now they are lost. Sign out all the same?"),
    gettext_noop("{count} km"),
    gettext_noop("{count} m"),
    gettext_noop("{span} ago"),
    gettext_noop("{span} left"),
    gettext_noop("{span} overdue"),
)
