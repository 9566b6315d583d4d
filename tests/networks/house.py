"""A studio that posts to pretended networks, on one clock: for tests of accounts, sending and the calendar."""

import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from PIL import Image

from studio.domain.account import Account, ConnectRequest
from studio.domain.asset import Asset, Recipe
from studio.domain.character import Character
from studio.domain.post import Post, Target
from studio.domain.requests import PostRequest
from studio.keychain import Keychain
from studio.paths import Paths
from studio.platforms.export import Export
from studio.services.accounts import Accounts
from studio.services.publishing import Publishing
from studio.settings import Settings
from studio.store import Store
from tests.networks.base import Case, Clock, Faulty, Network


@dataclass
class House:
    """Everything made by `opened`; `accounts[case id]` are connected already."""

    paths: Paths
    store: Store
    settings: Settings
    keychain: Keychain
    publishing: Publishing
    clock: Clock
    networks: dict[str, Network]
    lines: dict[str, Faulty]
    accounts: dict[str, Account]
    mira: Character

    def picture(self, state: str = "approved") -> Asset:
        recipe = Recipe(engine="starter", prompt="planted private prompt", seed=7)
        asset = Asset(file="x", width=320, height=320, character_id=self.mira.id, recipe=recipe, state=state)
        path = self.paths.month(self.mira.id, "2026-11") / f"{asset.id}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.linear_gradient("L").resize((320, 320)).convert("RGB").save(path)
        asset.file, asset.sha256 = self.paths.relative(path), hashlib.sha256(path.read_bytes()).hexdigest()
        return self.store.assets.add(asset)

    def clip(self) -> Asset:
        asset = Asset(file="x", kind="clip", width=1080, height=1920, seconds=12, character_id=self.mira.id,
                      recipe=Recipe(engine="reel"), state="approved")  # fmt: skip
        path = self.paths.month(self.mira.id, "2026-11") / f"{asset.id}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mp4" + b"\0" * 64)
        asset.file, asset.sha256 = self.paths.relative(path), hashlib.sha256(path.read_bytes()).hexdigest()
        return self.store.assets.add(asset)

    def _takes_pictures(self, cases) -> bool:
        mine = {self.accounts[one].platform for one in cases if one in self.accounts}
        kinds = [kind for one in self.platforms if one.spec.id in mine for kind in one.spec.kinds]
        return not kinds or any("image" in kind.takes for kind in kinds)

    def post(self, *cases: str, approve: bool = True, **fields) -> Post:
        """An approved post to these networks, "export" among them if named."""
        picture = self.picture() if self._takes_pictures(cases) else self.clip()
        targets = [self.accounts[one].id if one in self.accounts else one for one in cases]
        usual = {"caption": "Rain", "alt_text": {picture.id: "A grey square."}}
        post = self.publishing.draft(
            PostRequest(character_id=self.mira.id, asset_ids=[picture.id], targets=targets, **usual | fields)
        )
        return self.publishing.approve(post.id, "Ann") if approve else post

    def target(self, post: Post, case: str) -> Target:
        return self.publishing.get(post.id).target(self.accounts[case].id)

    def run(self, hours: float = 0, minutes: float = 0, step_s: float = 20) -> None:
        """Let the sender work while the clock goes on."""
        self.publishing.sender.run_due()
        end = self.clock() + hours * 3600 + minutes * 60
        while self.clock() < end:
            self.clock.go(step_s)
            self.publishing.sender.run_due()

    def again(self) -> None:
        """The studio is started once more, on the same documents, as another process."""
        self.publishing = make(self.store, self.paths, self.settings, self.keychain, self.platforms, self.clock)

    platforms: tuple = ()


def make(store, paths, settings, keychain, platforms, clock) -> Publishing:
    accounts = Accounts(store, keychain, settings, platforms, clock)
    return Publishing(store, paths, settings, platforms, accounts=accounts, clock=clock)


def connect(accounts: Accounts, platform, network: Network) -> Account:
    """By the form, or by the network's own page, where `network.consent` says yes."""
    wanted = ConnectRequest(platform=platform.spec.id, values=network.values)
    if platform.spec.connect.way != "oauth":
        return accounts.connect(wanted)
    url = accounts.begin(wanted, "http://127.0.0.1:7860/returned")
    return accounts.finish(parse_qs(urlsplit(url).query)["state"][0], network.consent(url))


def opened(store: Store, paths: Paths, *cases: Case, clock: Clock | None = None) -> House:
    """A studio with one character, connected to the networks of these cases."""
    clock, settings, keychain = clock or Clock(), Settings(paths, {}), Keychain(paths)
    started = {case.id: case.start(clock) for case in cases}
    platforms = (Export(), *(one[0] for one in started.values()))
    publishing = make(store, paths, settings, keychain, platforms, clock)
    mira = store.characters.add(Character(name="Mira"))
    accounts = {
        id: connect(publishing.accounts, platform, network) for id, (platform, network, _, _) in started.items()
    }
    networks = {id: one[1] for id, one in started.items()}
    lines = {id: one[2] for id, one in started.items()}
    return House(
        paths, store, settings, keychain, publishing, clock, networks, lines, accounts, mira, platforms=platforms
    )
