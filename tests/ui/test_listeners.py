"""The listeners of the whole page: none wakes another for ever, none costs the browser more than it must."""

from studio.ui.parts.listeners import waiting


def test_no_listener_answers_itself(page):
    """No `change` has its own component among its outputs: a dropdown would say again that it changed, for ever."""
    circles = [
        function.api_name
        for function in page[0].fns.values()
        for target, event in function.targets
        if event == "change" and target in [one._id for one in function.outputs]
    ]
    assert circles == []


def test_no_two_listeners_wake_each_other(page):
    """Of the listeners of one event at most one keeps a trigger for later; two would call each other for ever."""
    crowded = [[one.api_name for one in functions] for functions in waiting(page[0]).values() if len(functions) > 1]
    assert crowded == []


def test_hidden_progress_is_shown_on_nothing(page):
    """A listener without visible progress names no part for it, so that the browser looks none up."""
    quiet = [one for one in page[0].fns.values() if one.show_progress == "hidden" or one.fn is None]
    assert len(quiet) > 50
    assert [one.api_name for one in quiet if one.show_progress_on != []] == []
