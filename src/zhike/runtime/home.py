"""The one folder that holds all state of an instance."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zhike.runtime.locks import exclusive
from zhike.runtime.problems import EnvironmentProblem

# Others may pass through (the database server is another user when we are root) but not look around.
PASSABLE = 0o711
PRIVATE = 0o700
OTHERS = 0o077


@dataclass(frozen=True, kw_only=True)
class Home:
    """Where one instance keeps its database, warehouse, files, logs and secrets; several live side by side."""

    path: Path

    @classmethod
    def current(cls) -> "Home":
        """The home named by ZHIKE_HOME, else `var` of a source checkout, else the user's data folder."""
        if named := os.environ.get("ZHIKE_HOME"):
            return cls(path=Path(named).expanduser().absolute())
        if checkout := source_checkout():
            return cls(path=checkout / "var")
        return cls(path=Path.home() / ".local" / "share" / "zhike")

    @property
    def postgres_dir(self) -> Path:
        return self.path / "postgres"

    @property
    def warehouse_dir(self) -> Path:
        return self.path / "warehouse"

    @property
    def files_dir(self) -> Path:
        return self.path / "files"

    @property
    def exports_dir(self) -> Path:
        return self.path / "exports"

    @property
    def logs_dir(self) -> Path:
        return self.path / "logs"

    @property
    def run_dir(self) -> Path:
        return self.path / "run"

    @property
    def secrets_dir(self) -> Path:
        return self.path / "secrets"

    def create(self) -> None:
        """Make the folders that are missing; folders that exist keep their modes."""
        missing = [folder for folder in self.path.parents if not folder.exists()]
        for folder in (*reversed(missing), self.path, self.logs_dir, self.run_dir):
            _make_folder(folder, PASSABLE)
        for folder in (self.warehouse_dir, self.files_dir, self.exports_dir, self.secrets_dir):
            _make_folder(folder, PRIVATE)

    def secret(self, name: str) -> str:
        """A random secret of this instance, made on first use; the same for every process ever after.

        :raises EnvironmentProblem: others could read it
        """
        path = self.secrets_dir / name
        if path.exists():
            return _read_private(path)
        self.create()
        draft = self.secrets_dir / f".{name}.{secrets.token_hex(8)}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
        try:
            # Unlike a rename, a link never replaces the secret that another process was quicker to make.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return _read_private(path)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Hold the instance's lock of that name; waits for another holder, and dies with the process."""
        self.create()
        with exclusive(self.run_dir / f"{name}.lock"):
            yield


def source_checkout() -> Path | None:
    """The root of the source checkout that this package runs from, if it does."""
    root = Path(__file__).resolve().parents[3]
    is_checkout = (root / "pyproject.toml").is_file() and (root / "src" / "zhike").is_dir()
    return root if is_checkout else None


def _read_private(path: Path) -> str:
    if path.stat().st_mode & OTHERS:
        raise EnvironmentProblem(
            zh=f"密钥文件 {path} 可被其他用户读取，请运行：chmod 600 {path}",
            en=f"Others can read the key in {path}; run: chmod 600 {path}",
        )
    return path.read_text(encoding="ascii")


def _make_folder(folder: Path, mode: int) -> None:
    try:
        folder.mkdir(mode=mode)
    except FileExistsError:
        return
    folder.chmod(mode)  # whatever the umask
