"""The menus show what the account may open, and where the reader is."""

from onecity.kernel.web import context, navigation

DESK = frozenset({"/desk", "/desk/cases", "/desk/people"})


def test_residents_see_no_staff_doors() -> None:
    assert {"/desk", "/ops"}.isdisjoint(item.path for item in navigation.doors("/", frozenset()))


def test_the_rail_shows_what_the_account_may_open_and_the_installation_has() -> None:
    groups = navigation.rail("/desk/cases/123", frozenset({"cases.view", "alerts.view"}), DESK)
    shown = [item.path for group in groups for item in group.items]
    assert "/desk/cases" in shown
    assert "/desk/people" not in shown  # no right
    assert "/desk/alerts" not in shown  # not in this installation


def test_one_entry_is_where_the_reader_is() -> None:
    groups = navigation.rail("/desk/people/7", frozenset({"cases.view", "people.view"}), DESK)
    assert [item.path for group in groups for item in group.items if item.current] == ["/desk/people"]


def test_every_page_of_the_kernel_is_there_and_in_the_rail() -> None:
    every = {item.path for item in navigation.KERNEL}
    assert context.known_paths() == every
    groups = navigation.rail("/desk", frozenset(item.permission for item in navigation.KERNEL), every)
    assert {item.path for group in groups for item in group.items} >= every
