"""Searching the library: the index against a plain look at every document."""

import random

import pytest

from studio.domain.asset import Asset, Recipe
from studio.domain.requests import AssetFilter
from studio.errors import StudioError
from studio.store import Store
from studio.store.asset_index import AssetIndex, folded

WORDS = ["red", "raincoat", "Straße", "café", "NIGHT", "market", "夜の市場", "half-body", "smile,", "x1"]


def make(chance, **fields):
    day = f"2026-{chance.randint(1, 11):02}-{chance.randint(1, 28):02}"
    look = chance.choice([None, "soft", "film"])
    return Asset(
        **{
            "file": "outputs/x.png",
            "width": 8,
            "height": 8,
            "created_at": f"{day}T10:00:00.000Z",
            "character_id": chance.choice([None, "mira", "zoe"]),
            "job_id": chance.choice([None, "j1", "j2"]),
            "state": chance.choice(["new", "approved", "rejected", "trashed"]),
            "starred": chance.random() < 0.3,
            "tags": chance.sample(["Sommer", "winter", "été"], chance.randint(0, 2)),
            "description": " ".join(chance.choices(WORDS, k=2)),
            "recipe": Recipe(
                prompt=" ".join(chance.choices(WORDS, k=3)), look_id=look and f"id-{look}", look_name=look or ""
            ),
        }
        | fields
    )


def fits(one, wanted):
    text = folded(
        " ".join(
            [one.recipe.words, one.recipe.prompt, one.recipe.character_name, one.recipe.look_name, one.description]
        )
        + " "
        + " ".join(one.tags)
    )
    day = one.created_at[:10]
    return (
        (one.state == wanted.state if wanted.state else one.state != "trashed")
        and wanted.character_id in (None, one.character_id or "_no-character")
        and wanted.look in (None, one.recipe.look_id, one.recipe.look_name)
        and wanted.starred in (None, one.starred)
        and wanted.job_id in (None, one.job_id)
        and (wanted.tag is None or folded(wanted.tag) in map(folded, one.tags))
        and (wanted.since or "") <= day <= (wanted.until or "9")
        and all(part in text for part in folded(wanted.text or "").split())
    )


def filters(chance, count):
    for _ in range(count):
        choices = {
            "character_id": ["mira", "zoe", "_no-character", "nobody"],
            "look": ["soft", "id-film", "nothing"],
            "state": ["new", "approved", "trashed"],
            "starred": [True, False],
            "tag": ["sommer", "ETE", "winter", "none"],
            "job_id": ["j1", "j9"],
            "since": ["2026-03-04", "2026-06-01"],
            "until": ["2026-07-15", "2026-09-30T00:00:00Z"],
            "text": ["RED", "cafe", "strasse", "rain red", "市場", "half-b", "e", "ile,", "zz", "mark night"],
        }
        names = chance.sample(list(choices), chance.randint(0, 3))
        wanted = {name: chance.choice(choices[name]) for name in names}
        yield (
            AssetFilter(**wanted),
            AssetFilter(**wanted | ({"until": wanted["until"][:10]} if "until" in wanted else {})),
        )


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """300 assets that came in any order and were changed and removed, with the store closed and opened again."""
    from studio.paths import Paths

    chance, paths = random.Random(5), Paths(tmp_path_factory.mktemp("library"))
    with Store.open(paths) as store:
        store.assets._most = 40
        ids = [store.assets.add(make(chance)).id for _ in range(250)]
    with Store.open(paths) as store:
        early = [store.assets.add(make(chance, id=f"00early{number}")).id for number in range(30)]
        for id in chance.sample(ids, 60):
            new = make(chance)

            def change(one, new=new):
                one.state, one.tags, one.starred = new.state, new.tags, new.starred
                one.description, one.character_id = new.description, new.character_id

            store.assets.update(id, change)
        for id in chance.sample(ids, 20) + early[:3]:
            store.assets.remove(id)
        yield store


@pytest.mark.parametrize("restarted", [False, True])
def test_search_finds_what_looking_at_every_document_finds(library, restarted):
    """Random filters, single and combined, over changed and removed assets: same assets, same order, same total."""
    chance = random.Random(9)
    index = library.assets._index
    if restarted:
        library.assets._index = fresh = AssetIndex()
        for one in library.assets.all():
            fresh.gather(one.as_json())
        fresh.settle()
    try:
        everything = sorted(library.assets.all(), key=lambda one: one.id, reverse=True)
        for wanted, plain in filters(chance, 80):
            expected = [one.id for one in everything if fits(one, plain)]
            page = library.assets.search(wanted, limit=500)
            assert [one.id for one in page.items] == expected, wanted
            assert page.total == len(expected)
            assert page.next_cursor is None
    finally:
        library.assets._index = index


def test_pages_are_cut_from_the_whole_by_cursor(library):
    """Page by page gives the whole list once, though some assets came out of order."""
    whole = [one.id for one in library.assets.search(AssetFilter(), limit=500).items]
    seen, cursor = [], None
    while True:
        page = library.assets.search(AssetFilter(), limit=17, cursor=cursor)
        seen += [one.id for one in page.items]
        assert page.total == len(whole)
        cursor = page.next_cursor
        if not cursor:
            break
    assert seen == whole


def test_facets_count_what_search_finds(library):
    """Every count in a picker is the total of the search it leads to."""
    facets = library.assets.facets()
    assert facets["total"] == library.assets.search(AssetFilter()).total
    assert facets["starred"] == library.assets.search(AssetFilter(starred=True)).total
    for name, field in {"states": "state", "tags": "tag", "characters": "character_id", "looks": "look"}.items():
        assert facets[name]
        for value, count in facets[name].items():
            assert library.assets.search(AssetFilter(**{field: value})).total == count
    assert list(facets["tags"].values()) == sorted(facets["tags"].values(), reverse=True)


def test_a_repeated_search_sees_changes(store):
    """The outcome of a text search is kept, and follows every asset that comes, changes or goes."""
    chance = random.Random(1)
    wanted = AssetFilter(text="lighthouse")
    assert store.assets.search(wanted).total == 0
    one = store.assets.add(make(chance, state="new", description="an old LIGHTHOUSE"))
    assert store.assets.search(wanted).total == 1
    store.assets.update(one.id, lambda doc: setattr(doc, "description", "a pier"))
    assert store.assets.search(wanted).total == 0
    store.assets.update(one.id, lambda doc: doc.tags.append("lighthouses"))
    assert store.assets.search(wanted).total == 1
    store.assets.remove(one.id)
    assert store.assets.search(wanted).total == 0


def test_an_asset_is_found_by_its_id(store):
    """Pasting an id into the search box finds that asset."""
    one = store.assets.add(make(random.Random(1), state="new"))
    assert [found.id for found in store.assets.search(AssetFilter(text=one.id)).items] == [one.id]


@pytest.mark.parametrize("field", ["since", "until"])
@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "26-1-1", "../.."])
def test_a_day_that_is_none_is_refused_at_its_field(store, field, text):
    """A wrong date names its field instead of finding nothing."""
    with pytest.raises(StudioError) as caught:
        store.assets.search(AssetFilter(**{field: text}))
    assert caught.value.field == field


def test_dense_and_sparse_values_change_over(store):
    """Values move between number, array and mask as assets gain and lose them, and stay right."""
    index = AssetIndex()
    index.settle()
    documents = []
    for number in range(400):
        data = make(random.Random(number), id=f"a{number:04}", state="new", tags=["all", f"t{number % 90}"]).as_json()
        documents.append(data)
        index.changed(None, data)
    assert index.matching(AssetFilter(tag="all")).bit_count() == 400
    assert index.matching(AssetFilter(tag="t7")).bit_count() == 5
    for data in documents[:399]:
        index.changed(data, data | {"tags": []})
    assert index.matching(AssetFilter(tag="all")).bit_count() == 1
    assert index.matching(AssetFilter(tag="t7")).bit_count() == 0
    index.changed(documents[399], None)
    assert index.facets()["tags"] == {}
    assert len(index) == 399
