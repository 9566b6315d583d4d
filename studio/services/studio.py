"""The composition root of the services: everything is made once here and handed down. There is no other state."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from studio import __version__
from studio.domain.character import Character
from studio.jobs import Queue
from studio.keychain import Keychain
from studio.paths import Paths
from studio.platforms import PLATFORMS, Platform
from studio.services import log as log_file
from studio.services import scoring
from studio.services.accounts import Accounts
from studio.services.calendar import Calendar
from studio.services.captions import Captions
from studio.services.characters import Characters
from studio.services.engine_use import EngineUse
from studio.services.enlarging import KIND as ENLARGE
from studio.services.enlarging import Enlarging
from studio.services.grids import KIND as GRID
from studio.services.grids import Grids
from studio.services.hub import Hub
from studio.services.identities import Identities
from studio.services.images import Images
from studio.services.keeping import Keeping
from studio.services.loras import Loras
from studio.services.model_places import ModelPlaces
from studio.services.models import Models
from studio.services.motion import KIND as REEL
from studio.services.motion import Motion
from studio.services.posting import Posting
from studio.services.publishing import Publishing
from studio.services.repurpose import Repurpose
from studio.services.review import Review
from studio.services.scene_test import SceneTests
from studio.services.system import System
from studio.services.trainings import KIND as TRAINING
from studio.services.trainings import Trainings
from studio.services.writers import Writers
from studio.services.writing import Writing
from studio.settings import Settings
from studio.store import Store

log = logging.getLogger("studio")


@dataclass
class Studio:
    """One opened data folder and what can be done with it. Made by `build`, to be closed."""

    paths: Paths
    settings: Settings
    store: Store
    queue: Queue
    characters: Characters
    images: Images
    grids: Grids
    enlarging: Enlarging
    identities: Identities
    scene_tests: SceneTests
    keeping: Keeping
    review: Review
    repurpose: Repurpose
    captions: Captions
    writers: Writers
    writing: Writing
    publishing: Publishing
    accounts: Accounts
    calendar: Calendar
    posting: Posting
    models: Models
    loras: Loras
    trainings: Trainings
    motion: Motion
    system: System
    _log: logging.Handler = field(repr=False)
    _open: bool = field(default=True, repr=False)

    def close(self) -> None:
        """Stop the queue, give the engine's memory back, let go of the data folder. Harmless when closed already."""
        if not self._open:
            return
        self._open = False
        try:
            self.posting.stop()
            self.models.stop()
            if self.queue.stop():
                self.images.use.unload()
        finally:
            self.store.close()
            log.info("The studio is closed.")
            log_file.stop(self._log)

    def __enter__(self) -> "Studio":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def build(
    paths: Paths,
    settings: Settings,
    *,
    use: EngineUse | None = None,
    platforms: Sequence[Platform] = PLATFORMS,
) -> Studio:
    """Open the data folder and wire the services. The queue works once its `start` is called.

    Raises Conflict when another studio has the folder, StudioError when it cannot be used. `use` and `platforms`
    replace the engines and the networks, for tests.
    """
    started = time.perf_counter()
    store = Store.open(paths)
    seconds = time.perf_counter() - started
    handler = log_file.start(paths.log_file, lambda: str(settings.get("log_level")))
    try:
        log.info("Character Studio %s opens %s.", __version__, paths.data)
        counts = f"{store.assets.count()} pictures, {store.characters.count()} characters, {store.posts.count()} posts"
        log.info("The library was read in %.1f s: %s.", seconds, counts)
        use = use or EngineUse(settings)
        identities = Identities(store, paths)
        images = Images(store, paths, settings, use, identities)
        tests = SceneTests(store, paths, images)
        places = ModelPlaces(paths, settings)
        loras = Loras(store, places)
        trainings = Trainings(store, paths, use, loras)
        makers = {"image": images.executor, "identity": identities, "identity-test": tests}
        makers[TRAINING] = trainings.executor
        motion = Motion(store, paths, images.inputs)
        makers[REEL] = motion.executor
        makers[GRID] = grids = Grids(store, paths, images)
        makers[ENLARGE] = enlarging = Enlarging(store, images)
        queue = Queue(store.jobs, makers, paths.house / "queue-paused")
        for one in (images, identities, tests, trainings, motion, grids, enlarging):
            one.queue = queue
        queue.prefers = images.for_loaded_model
        keychain = Keychain(paths)
        models = Models(store, places, Hub(settings, keychain), use, loras)
        images.take_loras(loras, models.base_of)
        # downloads wait for networks and disks, pictures for the device: neither holds the other up
        models.use_queue(Queue(store.downloads, models.executors, attempts=None))
        models.refresh()
        writers = Writers(store, settings, keychain)
        writing = Writing(store, writers, paths, lambda id: use.engine(id or use.engines[0].spec.id).spec)
        review = Review(store, paths, settings, images.give_thumbnails, images.mend_thumbnails, identities.measured)
        review.sweep(paths.house / "tmp")
        repurpose = Repurpose(store, paths)
        repurpose.sweep()
        images.inputs.sweep()

        def judged(character: Character) -> None:
            identities.judge(character)
            scoring.judge(store, character)

        accounts = Accounts(store, keychain, settings, platforms)
        publishing = Publishing(store, paths, settings, accounts=accounts)
        posting = Posting(store, publishing.sender, accounts)
        publishing.on_due = posting.wake
        for notice in (*store.notices, *settings.notices):
            log.warning("%s", notice)
        return Studio(
            paths=paths,
            settings=settings,
            store=store,
            queue=queue,
            characters=Characters(store, paths, identities.refresh, judged),
            images=images,
            grids=grids,
            enlarging=enlarging,
            identities=identities,
            scene_tests=tests,
            keeping=Keeping(store, images, tests, trainings),
            review=review,
            repurpose=repurpose,
            captions=Captions(store, writing),
            writers=writers,
            writing=writing,
            publishing=publishing,
            accounts=accounts,
            calendar=Calendar(store, accounts),
            posting=posting,
            models=models,
            loras=loras,
            trainings=trainings,
            motion=motion,
            system=System(paths, settings, store, queue, use),
            _log=handler,
        )
    except BaseException:
        log_file.stop(handler)
        store.close()
        raise
