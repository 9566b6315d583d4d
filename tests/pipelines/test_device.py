"""The device slot: one engine resident, never moved under a run, unloaded when idle; dtypes measured, not guessed."""

import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from pipelines import device as device_module
from pipelines import memory
from pipelines.base import AS_USUAL, EngineError, LoadOptions
from pipelines.device import Device


class Recorder:
    """An engine that writes down what is done to it and complains when two things happen at once."""

    def __init__(self, id="recorder", error=None):
        self.spec, self.error, self.told, self.loaded, self._inside = SimpleNamespace(id=id), error, [], None, False

    @contextmanager
    def alone(self):
        assert not self._inside, "two threads at once"
        self._inside = True
        time.sleep(0.002)
        try:
            yield
        finally:
            self._inside = False

    def load(self, device, dtype):
        with self.alone():
            self.told.append("load")
            if self.error:
                raise self.error
            self.loaded = (device, dtype)

    def run(self):
        with self.alone():
            assert self.loaded

    def unload(self):
        with self.alone():
            self.told.append("unload")
            self.loaded = None


def until(true, seconds=5):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_the_same_engine_is_loaded_once():
    """A second use with the same device and dtype finds it there; another dtype loads it anew."""
    slot, engine = Device(), Recorder()
    for _ in range(3):
        with slot.resident(engine, "cpu", "float32") as there:
            assert there is engine
    assert engine.told == ["load"]
    with slot.resident(engine, "cpu", "bfloat16"):
        assert engine.loaded == ("cpu", "bfloat16")
    assert engine.told == ["load", "unload", "load"]
    slot.unload()


def test_another_engine_takes_the_place():
    """Only one engine is in memory: the one before is unloaded first."""
    slot, one, two = Device(), Recorder("one"), Recorder("two")
    with slot.resident(one, "cpu", "float32"):
        pass
    with slot.resident(two, "cpu", "float32"):
        assert one.loaded is None
        assert slot.status()["engine"] == "two"
    slot.unload()


def test_an_idle_engine_is_unloaded():
    """After the keep-alive time its memory is given back by itself."""
    slot, engine = Device(keep_alive_minutes=0.1 / 60), Recorder()
    with slot.resident(engine, "cpu", "float32"):
        time.sleep(0.3)
        assert engine.loaded  # never while in use
    assert until(lambda: engine.loaded is None)
    assert slot.status()["engine"] is None


def test_use_starts_the_idle_time_again():
    """An engine used more often than the keep-alive time stays."""
    slot, engine = Device(keep_alive_minutes=0.5 / 60), Recorder()
    for _ in range(8):
        with slot.resident(engine, "cpu", "float32"):
            pass
        time.sleep(0.1)
    assert engine.told == ["load"]
    slot.unload()


def test_zero_minutes_keeps_it():
    """With keep-alive 0 no timer is started."""
    slot, engine = Device(keep_alive_minutes=0), Recorder()
    with slot.resident(engine, "cpu", "float32"):
        pass
    assert slot._timer is None
    assert engine.loaded
    assert slot.unload() is True
    assert slot.unload() is False


def test_unload_waits_for_the_run_and_status_does_not():
    """Unloading from another thread happens after the run; the status can be asked meanwhile."""
    slot, engine, inside = Device(), Recorder(), threading.Event()
    let_go = threading.Event()

    def work():
        with slot.resident(engine, "cpu", "float32"):
            inside.set()
            let_go.wait(5)
            engine.run()

    running = threading.Thread(target=work)
    running.start()
    assert inside.wait(5)
    unloading = threading.Thread(target=slot.unload)
    unloading.start()
    began = time.monotonic()
    status = slot.status()
    assert time.monotonic() - began < 0.5
    assert (status["engine"], status["device"], status["dtype"], status["busy"]) == (
        "recorder",
        "cpu",
        "float32",
        True,
    )
    assert status["memory"] > 1_000_000
    assert engine.loaded
    let_go.set()
    running.join(5)
    unloading.join(5)
    assert engine.loaded is None


def test_unloading_inside_a_run_is_refused():
    """The thread that is using the engine cannot pull it away from under itself."""
    slot = Device()
    with slot.resident(Recorder(), "cpu", "float32"), pytest.raises(EngineError) as refused:
        slot.unload()
    assert refused.value.code == "busy"
    slot.unload()


def test_many_threads_never_meet_inside_an_engine():
    """Runs, loads and unloads from five threads follow one another."""
    slot, engines, wrong = Device(keep_alive_minutes=0.01 / 60), [Recorder("a"), Recorder("b")], []

    def work(number):
        try:
            for turn in range(4):
                if (turn + number) % 5 == 0:
                    slot.unload()
                else:
                    with slot.resident(engines[(turn + number) % 2], "cpu", "float32") as engine:
                        engine.run()
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(5)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert not wrong
    slot.unload()


def test_a_failed_load_leaves_the_slot_empty():
    """What was half loaded is unloaded, the error goes on, and the next load is tried anew."""
    slot, engine = Device(), Recorder(error=EngineError("no room", "", "out_of_memory"))
    with pytest.raises(EngineError, match="no room"), slot.resident(engine, "cpu", "float32"):
        pass
    assert engine.told == ["load", "unload"]
    assert slot.status()["engine"] is None
    engine.error = None
    with slot.resident(engine, "cpu", "float32"):
        assert engine.loaded
    slot.unload()


def test_an_error_in_a_run_frees_the_slot():
    """After a cancelled or failed run others can use the engine, from any thread."""
    slot, engine = Device(), Recorder()
    with pytest.raises(KeyError), slot.resident(engine, "cpu", "float32"):
        raise KeyError
    used = threading.Thread(target=lambda: slot.unload())
    used.start()
    used.join(5)
    assert engine.loaded is None


def test_half_precision_is_refused_on_a_cpu():
    """float16 on a CPU is emulated and overflows: the sentence says what to choose instead."""
    slot = Device()
    with pytest.raises(EngineError, match="float16") as refused, slot.resident(Recorder(), "cpu", "float16"):
        pass
    assert "bfloat16" in refused.value.hint


def test_choosing_a_device():
    """`auto` gives one that is there; one that is not, or is none, is refused with what to choose."""
    import torch

    slot = Device()
    assert slot.choose("cpu") == "cpu"
    assert slot.choose() in ("cuda", "mps", "cpu")
    absent = next(name for name, there in (("mps", torch.backends.mps.is_available()), ("cuda", False)) if not there)
    for wanted in ("toaster", absent):
        if wanted == "cuda" and torch.cuda.is_available():
            continue
        with pytest.raises(EngineError) as refused:
            slot.choose(wanted)
        assert refused.value.code == "no_device"


def test_the_dtype_is_measured_in_two_seconds():
    """Seconds for each rival, the choice among them, and why; a CPU is never offered float16."""
    began = time.monotonic()
    told = Device().measure_dtype("cpu")
    assert time.monotonic() - began < 12  # most of it is importing torch; the measurement itself is bounded
    assert set(told) == {"float32", "bfloat16", "chosen", "why"}
    assert told["chosen"] in ("float32", "bfloat16")
    assert told["why"].startswith(told["chosen"])
    assert min(told["float32"], told["bfloat16"]) > 0


@pytest.mark.parametrize(
    ("seconds", "refused", "chosen", "why"),
    [
        ({"float32": 4.0, "bfloat16": 1.0}, {}, "bfloat16", "4.0 times faster"),
        ({"float32": 1.0, "bfloat16": 0.95}, {}, "float32", "no more than a tenth faster"),
        ({"float32": 1.0, "bfloat16": 3.0}, {}, "float32", "3.0 times slower"),
        ({"float32": 1.0}, {"bfloat16": "not implemented"}, "float32", "not implemented"),
    ],
)
def test_the_choice_follows_the_measurement(monkeypatch, seconds, refused, chosen, why):
    """Clearly faster wins, a draw goes to float32, a dtype that does not work is never chosen."""
    monkeypatch.setattr(device_module, "_race", lambda *_: (seconds, refused))
    told = Device().measure_dtype("cpu")
    assert told["chosen"] == chosen
    assert why in told["why"]


# ---------------------------------------------------------------------- several models
GB = 1024**3


class Movable(Recorder):
    """An engine of a given size that can be laid out in several ways and wait; plans in `fails` run out of memory."""

    def __init__(self, id, gigabytes=1.0, fails=()):
        super().__init__(id)
        self.size, self.fails, self.plan = int(gigabytes * GB), fails, None

    def load(self, device, dtype, options):
        if options.plan in self.fails:
            raise EngineError("There is not enough memory for this.", "Less.", "out_of_memory")
        super().load(device, dtype)
        self.plan = options.plan

    def footprint(self, bytes_per_number=2):
        return {"text_encoder": self.size // 4, "unet": self.size - self.size // 4}

    def weight(self):
        return self.size

    def park(self):
        self.told.append("park")

    def wake(self):
        self.told.append("wake")


def use(slot, engine, device="cpu", options=AS_USUAL):
    with slot.resident(engine, device, "bfloat16", options):
        pass


def test_a_model_waits_in_ram_and_comes_back_without_loading():
    """Another model takes its place; coming back reads nothing; unloading gives all of it back."""
    slot, one, two = Device(), Movable("one", 0.01), Movable("two", 0.01)
    for engine in (one, two, one, two):
        use(slot, engine)
    assert one.told == ["load", "park", "wake", "park"]
    assert slot.status()["parked"] == [{"id": "one", "bytes": one.size}]
    assert slot.unload()
    assert one.loaded is None
    assert two.loaded is None
    assert slot.status()["parked"] == []


def test_the_longest_waiting_leaves_when_room_is_short(monkeypatch):
    """The budget is a share of this machine's memory; a model larger than it never waits."""
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=10 * GB, available=10 * GB))
    slot = Device(ram_share=0.25)
    one, two, three, huge = Movable("one"), Movable("two"), Movable("three"), Movable("huge", 5)
    for engine in (one, two, three, huge):
        use(slot, engine)
    assert [each["id"] for each in slot.status()["parked"]] == ["two", "three"]
    assert one.told == ["load", "park", "unload"]
    use(slot, two)
    assert huge.told == ["load", "unload"]
    slot.unload()


def test_waiting_models_make_room_for_one_that_is_loaded(monkeypatch):
    """A machine short of memory keeps no idle model at the price of swapping."""
    import psutil

    slot, one, two = Device(ram_share=0.9), Movable("one"), Movable("two")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=10 * GB, available=GB))
    use(slot, one)
    use(slot, two)
    assert one.told == ["load", "park", "unload"]
    slot.unload()


def test_other_options_load_it_anew():
    """What was changed for a model counts from its next picture on."""
    slot, one = Device(), Movable("one", 0.01)
    use(slot, one)
    use(slot, one, options=LoadOptions(compile=True))
    assert one.told == ["load", "unload", "load"]
    slot.unload()


def test_the_fastest_plan_that_fits_is_chosen(monkeypatch):
    """By the weights in the files and the card's free memory; a person's choice goes before."""
    slot, model = Device(), Movable("model", 16)
    for free, plan in ((24, "full"), (17, "lean"), (14.5, "model"), (6, "group")):
        monkeypatch.setattr(slot, "free_memory", lambda device, free=free: int(free * GB))
        assert slot.forecast(model, "cuda", "bfloat16")["plan"] == plan, free
        use(slot, model, "cuda")
        assert model.plan == plan
        assert slot.status()["plan"] == plan
        assert "GB" in slot.status()["why"]
        slot.unload()
    use(slot, model, "cuda", LoadOptions(plan="model"))
    assert model.plan == "model"
    slot.unload()


def test_loading_that_runs_out_of_memory_takes_the_next_plan(monkeypatch):
    """A forecast may be wrong; only when the last plan fails too is it said."""
    slot, model = Device(), Movable("model", 4, fails=("full", "lean"))
    monkeypatch.setattr(slot, "free_memory", lambda device: 24 * GB)
    use(slot, model, "cuda")
    assert model.plan == "model"
    slot.unload()
    model.fails = memory.IDS
    with pytest.raises(EngineError) as refused:
        use(slot, model, "cuda")
    assert refused.value.code == "out_of_memory"
    assert slot.status()["engine"] is None


def test_running_out_of_memory_steps_down_once_and_is_remembered(monkeypatch):
    """`lighten` loads the next plan, drops waiting models, and the next load does not try the failed plan again."""
    slot, model, idle = Device(), Movable("model", 4), Movable("idle", 0.01)
    monkeypatch.setattr(slot, "free_memory", lambda device: 24 * GB)
    use(slot, idle, "cuda")
    with slot.resident(model, "cuda", "bfloat16"):
        assert slot.lighten().plan == "lean"
        assert model.plan == "lean"
        assert idle.loaded is None
    slot.unload()
    use(slot, model, "cuda")
    assert model.plan == "lean"
    assert slot.learned["model"]["ceiling"] == "lean"
    slot.unload()
    with slot.resident(model, "cpu", "bfloat16"):
        assert slot.lighten() is None  # nothing is lighter than RAM
    slot.unload()


def test_a_model_that_cannot_come_back_is_loaded_in_a_lighter_way(monkeypatch):
    """Waking may find the card full; that is no error as long as a plan fits."""
    slot, one, two = Device(), Movable("one", 4), Movable("two", 4)
    monkeypatch.setattr(slot, "free_memory", lambda device: 8 * GB if device == "cuda" else 64 * GB)
    slot.ram_share = 100
    use(slot, one, "cuda")
    use(slot, two, "cuda")

    def full():
        raise EngineError("There is not enough memory for this.", "Less.", "out_of_memory")

    one.wake = full
    monkeypatch.setattr(slot, "free_memory", lambda device: 4 * GB if device == "cuda" else 64 * GB)
    use(slot, one, "cuda")
    assert one.plan == "group"
    slot.unload()


def test_a_model_that_left_is_unloaded_wherever_it_waits():
    """Resident or waiting, what a person deleted holds no memory."""
    slot, one, two = Device(), Movable("one", 0.01), Movable("two", 0.01)
    use(slot, one)
    use(slot, two)
    slot.forget([one, two])
    assert one.loaded is None
    assert two.loaded is None
    assert slot.unload() is False


def test_needs_of_plans_fall_from_full_to_group():
    """Each plan needs no more than the one before it, whatever the model's shape."""
    for parts in ({"text_encoder": 8 * GB, "transformer": 8 * GB, "vae": GB // 5}, {"unet": 5 * GB, "vae": GB}, {}):
        needs = [memory.needed(plan, parts) for plan in memory.IDS]
        assert needs == sorted(needs, reverse=True)
