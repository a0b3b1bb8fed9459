"""Which master keys of encrypted fields there are, and what still needs each of them."""

from dataclasses import dataclass

from zhike.backup import ledger
from zhike.backup.keyring import LAYERED
from zhike.cli.findings import Finding
from zhike.runtime.database import DatabaseUrls
from zhike.runtime.home import Home


@dataclass(frozen=True, kw_only=True)
class Master:
    """One master key. data_keys: keys in the database that it opens. backups: files known here that need it.

    A backup of which nobody noted the key may need any of them.
    """

    id: str
    is_present: bool
    data_keys: int
    backups: list[str]

    @property
    def is_needed(self) -> bool:
        return self.is_present or bool(self.data_keys or self.backups)


def list_masters(home: Home) -> list[Master]:
    """The present one first; none where no field was ever encrypted."""
    from zhike.accounts import field_keys
    from zhike.core import envelope

    if not envelope.is_from_environment() and not (home.secrets_dir / LAYERED).exists():
        return []
    opened = field_keys.count_by_master()
    there = [entry for entry in ledger.read(home) if entry.is_good and entry.path.is_file()]
    return [
        Master(
            id=master_id,
            is_present=place == 0,
            data_keys=opened.get(master_id, 0),
            backups=[entry.file for entry in there if entry.master in (master_id, "")],
        )
        for place, master_id in enumerate(envelope.list_masters())
    ]


def describe(one: Master) -> str:
    if one.is_present:
        return f"使用中，{one.data_keys} 个数据密钥 / in use, {one.data_keys} data keys"
    if one.data_keys:
        return f"数据库还需要 / needed by {one.data_keys} data keys"
    if one.backups:
        return f"{len(one.backups)} 个备份还需要 / needed by {len(one.backups)} backups"
    return "已知的数据与备份都不再需要 / nothing known here needs it"


def check_masters(home: Home, _urls: DatabaseUrls) -> Finding:
    from zhike.accounts import field_keys

    found = list_masters(home)
    unopened = field_keys.count_by_master().get("", 0) if found else 0
    spare = [one.id for one in found if not one.is_needed]
    said = "；".join(f"{one.id} {describe(one)}" for one in found)
    if unopened:
        return Finding(
            check="field keys",
            state="fail",
            found=f"{unopened} 个数据密钥没有主密钥能打开 / data keys that no master key opens",
            advice="把当时的主密钥作为一行放回 secrets/fields / Put that master key back into secrets/fields",
        )
    return Finding(
        check="field keys",
        state="ok",
        found=said or "没有加密字段 / no encrypted fields",
        advice=f"别处的备份也不需要时：zhike keys retire {spare[0]} / Once backups elsewhere do not need it either"
        if spare
        else "",
    )
