"""The sentences that scripts say, translated with the page that carries them."""

from django.utils.translation import gettext as _


def script_strings() -> dict[str, str]:
    return {
        "attachment_too_large": _("{name} has {size} MB; one file may have {limit} MB."),
        "failed": _("That did not work. Please try again; if it keeps failing, tell your administrator."),
        "forbidden": _("You are not allowed to do this. Your administrator can grant it."),
        "missing": _("This no longer exists, or you may not see it."),
        "offline": _("The server cannot be reached. Check the connection and try again."),
        "too_large": _("{name} has {size} MB; at most {limit} MB can be taken. Split the file and try again."),
        "too_large_for_server": _("The file is too large for this server. Split it and try again."),
        "too_many_files": _("There is room for {room} more here, and you chose {count} files. Choose fewer."),
        "upload_progress": _("{name}: {done} of {total} MB"),
        "upload_reading": _("{name} has arrived, reading it…"),
    }
