"""The data folder, opened: every collection, the lock against a second studio, and what people should be told."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from studio.domain.account import Account
from studio.domain.document import now
from studio.domain.grid import Grid
from studio.domain.job import Job
from studio.domain.model import Lora, Model
from studio.domain.motion import Project, Sound
from studio.domain.training import Training
from studio.domain.writing import Endpoint, Written
from studio.errors import Conflict, StudioError
from studio.paths import Paths
from studio.store.assets import AssetCollection
from studio.store.characters import CharacterCollection
from studio.store.collection import Collection, RollingCollection
from studio.store.posts import PostCollection
from studio.store.storage import make_folder


class Store:
    """All documents of one data folder. Made by `open`, to be closed; one studio at a time."""

    characters: CharacterCollection
    assets: AssetCollection
    jobs: Collection[Job]
    posts: PostCollection
    accounts: Collection[Account]
    models: Collection[Model]
    loras: Collection[Lora]
    downloads: Collection[Job]
    trainings: Collection[Training]
    projects: Collection[Project]
    sounds: Collection[Sound]
    endpoints: Collection[Endpoint]
    written: Collection[Written]
    grids: Collection[Grid]

    def __init__(self, paths: Paths, lock: FileLock):
        self.paths, self._lock = paths, lock
        self.notices: list[str] = []
        self.characters = CharacterCollection(paths, self.notices)
        self.assets = AssetCollection(paths, self.notices)
        jobs, posts = paths.house / "jobs", paths.house / "posts"
        self.jobs = RollingCollection("job", Job, jobs, 0, by_month(jobs), self.notices)
        self.posts = PostCollection(posts, by_month(posts), self.notices)
        accounts = paths.house / "accounts"
        self.accounts = RollingCollection("account", Account, accounts, 0, by_month(accounts), self.notices)
        models, loras, downloads = (paths.house / name for name in ("models", "loras", "downloads"))
        self.models = RollingCollection("model", Model, models, 0, by_month(models), self.notices)
        self.loras = RollingCollection("lora", Lora, loras, 0, by_month(loras), self.notices)
        self.downloads = RollingCollection("job", Job, downloads, 0, by_month(downloads), self.notices)
        grids = paths.house / "grids"
        self.grids = RollingCollection("grid", Grid, grids, 0, by_month(grids), self.notices)
        trainings = paths.house / "trainings"
        self.trainings = RollingCollection("training", Training, trainings, 0, by_month(trainings), self.notices)
        projects, sounds = paths.house / "projects", paths.house / "sounds"
        self.projects = RollingCollection("project", Project, projects, 0, by_month(projects), self.notices)
        self.sounds = RollingCollection("sound", Sound, sounds, 0, by_month(sounds), self.notices)
        endpoints, written = paths.house / "endpoints", paths.house / "written"
        self.endpoints = RollingCollection("endpoint", Endpoint, endpoints, 0, by_month(endpoints), self.notices)
        self.written = RollingCollection("written", Written, written, 0, by_month(written), self.notices)

    @classmethod
    def open(cls, paths: Paths) -> "Store":
        """Lock the data folder and read it. Conflict when another studio has it; StudioError when it cannot be used."""
        try:
            make_folder(paths.characters)
            make_folder(paths.house)
            lock = FileLock(paths.lock_file, timeout=0, thread_local=False)  # any thread may close the store
            lock.acquire()
        except Timeout as problem:
            raise Conflict(
                f"The data folder {paths.data} is already open in another studio.",
                "Use the studio that is running, or stop it first; or start this one with --data and another folder.",
            ) from problem
        except OSError as problem:
            raise StudioError(
                f"The data folder {paths.data} cannot be used ({problem.strerror or problem}).",
                "Check that the folder may be written to, or choose another one with --data.",
            ) from problem
        try:
            return cls(paths, lock)
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Let go of the data folder. Everything acknowledged is on the disk already."""
        self._lock.release()

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def by_month(folder: Path) -> Callable[[dict], Path]:
    """Where a document goes that is kept by the month it was made in."""
    return lambda data: folder / f"{str(data.get('created_at') or now())[:7]}.json"
