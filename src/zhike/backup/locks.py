"""Who can open a backup: holders of an age identity, or whoever knows the passphrase.

Archives are always sealed for X25519 recipients, as age does it. With a passphrase, an identity is made for the one
archive and stands in its first line, itself sealed by the passphrase (scrypt).
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pyrage
from pyrage import x25519

from zhike.backup.problems import Refused, WrongKey

SHORTEST_PASSPHRASE = 12


@dataclass(frozen=True, kw_only=True)
class Lock:
    """recipients: who may open it. passphrase: or by what; exactly one of the two is there."""

    recipients: tuple[str, ...] = ()
    passphrase: str = ""

    def fitted(self) -> "Fitted":
        """Ready for one archive.

        :raises Refused: a recipient is none, or the passphrase is too short
        """
        # Made for this run and forgotten with it, so that what was written can be read back and proved.
        own = x25519.Identity.generate()
        if self.passphrase:
            if len(self.passphrase) < SHORTEST_PASSPHRASE:
                raise Refused(
                    zh=f"备份口令至少需要 {SHORTEST_PASSPHRASE} 个字符。",
                    en=f"The passphrase of a backup needs {SHORTEST_PASSPHRASE} characters or more.",
                )
            sealed = pyrage.passphrase.encrypt(str(own).encode(), self.passphrase, armored=True)
            return Fitted(recipients=(own.to_public(),), own=own, sealed_identity=sealed.decode("ascii"))
        try:
            others = tuple(x25519.Recipient.from_str(text) for text in self.recipients)
        except pyrage.RecipientError as error:
            raise Refused(zh=f"不是 age 公钥：{error}", en=f"This is no age recipient: {error}") from error
        return Fitted(recipients=(*others, own.to_public()), own=own, sealed_identity="")


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """own: reads the archive back as long as this process lives. sealed_identity: for whoever knows the passphrase."""

    recipients: tuple[x25519.Recipient, ...]
    own: x25519.Identity
    sealed_identity: str


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is at hand to open an archive: the text of an identity file, or a passphrase."""

    identity_text: str = ""
    passphrase: str = ""

    def identities(self, sealed_identity: str) -> tuple[x25519.Identity, ...]:
        """
        :raises WrongKey: it cannot be the right one
        """
        if sealed_identity and self.passphrase:
            return (_unsealed(sealed_identity, self.passphrase),)
        lines = [line.strip() for line in self.identity_text.splitlines()]
        try:
            found = tuple(x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#"))
        except pyrage.IdentityError as error:
            raise WrongKey from error
        if not found:
            raise WrongKey
        return found


@cache
def _unsealed(sealed_identity: str, passphrase: str) -> x25519.Identity:
    # Once a process: the passphrase is stretched for two seconds on purpose.
    try:
        text = pyrage.passphrase.decrypt(sealed_identity.encode("ascii"), passphrase).decode()
        return x25519.Identity.from_str(text)
    except (pyrage.DecryptError, pyrage.IdentityError) as error:
        raise WrongKey from error


def new_identity(path: Path) -> str:
    """Write a new identity to a file that is not there yet; the recipient to name in the settings."""
    identity = x25519.Identity.generate()
    recipient = str(identity.to_public())
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise Refused(zh=f"{path} 已存在。", en=f"{path} is there already.") from None
    path.write_text(f"# public key: {recipient}\n{identity}\n", encoding="ascii")
    return recipient
