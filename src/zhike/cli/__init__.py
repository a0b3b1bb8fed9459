"""The `zhike` command. A subcommand is loaded when it is called, so that `zhike --help` stays fast.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 done in part or refused · 4 the machine lacks something.
"""

import sys
from importlib import import_module
from typing import Any

import click

from zhike.cli.output import Exit, report_problem
from zhike.runtime.problems import EnvironmentProblem

# Name of a command → the module that holds it, and one line of help in both languages.
COMMANDS = {
    "demo": ("demo", "建立演示公司并启动 / Make the demo company and start"),
    "up": ("processes", "启动服务器与后台进程 / Start the server and the worker"),
    "down": ("processes", "停止全部进程与内置数据库 / Stop everything, the embedded database too"),
    "createuser": ("people", "创建用户 / Create a user"),
    "reset-factor": ("people", "重置第二重验证 / Take a lost second factor away"),
    "import": ("data", "导入客户或订单文件 / Import files of customers or orders"),
    "export": ("export", "把列表导出为文件 / Write a list into a file"),
    "stats": ("data", "客户、订单与金额总数 / Totals of customers, orders and amounts"),
    "duplicates": ("duplicates", "查找重复客户 / Find duplicate customers"),
    "quality": ("quality", "检查数据质量 / Check how good the records are"),
    "refresh": ("refresh", "刷新数据仓库与客户评分 / Refresh the warehouse and the scores"),
    "backup": ("backup", "加密备份并恢复校验 / Back up, encrypted and proved by a restore"),
    "restore": ("backup", "从备份恢复 / Restore from a backup"),
    "audit": ("audit", "封存、核验操作历史 / Seal, verify and prove the history"),
    "erasures": ("erasures", "清查个人信息删除，恢复后重放 / Erased persons: search again, replay after a restore"),
    "keys": ("keys", "更换加密字段的密钥 / Rotate the keys of encrypted fields"),
    "mail": ("mail", "试发邮件 / Try whether mail leaves the house"),
    "doctor": ("doctor", "检查运行环境并给出建议 / Check the instance and say what to do"),
    "migrate": ("database", "把数据库升级到当前版本 / Bring the database up to this version"),
    "sql": ("database", "以数据库所有者身份运行 psql / Run psql as the owner of the database"),
}

# Where a command's name is no name for a function.
NAMES = {"import": "import_files", "reset-factor": "reset_factor"}


class Commands(click.Group):
    """The subcommands by name, loaded on demand; problems of the machine end as exit code 4."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(
            import_module(f"zhike.cli.{COMMANDS[cmd_name][0]}"), NAMES.get(cmd_name, cmd_name)
        )
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("命令 / Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EnvironmentProblem as problem:
            report_problem(problem)
            sys.exit(Exit.ENVIRONMENT)


@click.command(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help="知客：中文优先的开源 CRM。 / Zhike: an open, Chinese-first CRM.\n\n"
    "状态都在 ZHIKE_HOME 一个文件夹里；DATABASE_URL 可改用外部 PostgreSQL（≥ 15）。 / "
    "All state is in the folder ZHIKE_HOME; DATABASE_URL switches to another PostgreSQL (15 or later).",
    epilog="退出码 / Exit codes: 0 完成 done · 1 失败 failed · 2 用法错误 usage · 3 部分或全部被拒绝 refused · "
    "4 运行环境有问题 environment",
)
@click.version_option(package_name="zhike", prog_name="zhike")
def main() -> None:
    pass
