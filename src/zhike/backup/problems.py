"""Why a backup or a restore does not go on; each says so in both languages."""

from zhike.runtime.problems import EnvironmentProblem


class BackupProblem(EnvironmentProblem):
    """Something about a backup, rather than about the machine."""


class Damaged(BackupProblem):
    """The archive is not what was written: cut off, changed, or no archive at all."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            zh=f"备份文件已损坏或不完整：{detail}。没有写入任何内容。",
            en=f"The backup is damaged or incomplete: {detail}. Nothing was written.",
        )


class WrongKey(BackupProblem):
    """Neither passphrase nor identity opens the archive."""

    def __init__(self) -> None:
        super().__init__(
            zh="口令或密钥不对，无法打开这份备份。",
            en="This passphrase or key does not open the backup.",
        )


class Refused(BackupProblem):
    """It could be done, and should not be as it was asked for."""


class NotTheSame(BackupProblem):
    """What came back is not what was put in."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            zh=f"校验恢复后的数据与原数据不一致：{detail}",
            en=f"What was restored is not what was backed up: {detail}",
        )
