"""Texts are found where they stand, and a missing translation is named."""

from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from onecity.project import messages


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "onecity" / "domains" / "sample"
    (folder / "templates" / "sample").mkdir(parents=True)
    (folder / "apps.py").write_text('from django.utils.translation import gettext_lazy as _\nTITLE = _("Air")\n')
    (folder / "templates" / "sample" / "page.html").write_text(
        '{% load i18n %}{% translate "Water" %}'
        "{% blocktranslate count n=n %}{{ n }} station{% plural %}{{ n }} stations{% endblocktranslate %}"
    )
    monkeypatch.setattr(messages, "SOURCE", tmp_path / "onecity")
    monkeypatch.setattr(messages, "packages", lambda: [folder])
    return folder


def test_texts_of_code_and_templates_are_found(package: Path) -> None:
    assert [f.text for f in messages.missing()] == ["Air", "Water", ("%(n)s station", "%(n)s stations")]


def test_update_keeps_translations_and_drops_what_vanished(package: Path) -> None:
    messages.update()
    path = messages.catalogue_path(package)
    text = path.read_text().replace('msgid "Air"\nmsgstr ""', 'msgid "Air"\nmsgstr "空气"')
    path.write_text(text + '\nmsgid "Gone"\nmsgstr "旧"\n')
    messages.update()
    with path.open("rb") as file:
        catalogue = read_po(file, locale="zh_Hans")
    assert catalogue["Air"].string == "空气"
    assert "Gone" not in catalogue
    assert [f.text for f in messages.missing()] == ["Water", ("%(n)s station", "%(n)s stations")]
    assert messages.update() == []


def test_a_package_keeps_its_own_words_where_another_says_it_differently(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = package.parent / "zoo"
    other.mkdir()
    (other / "apps.py").write_text('from django.utils.translation import gettext_lazy as _\nTITLE = _("Air")\n')
    monkeypatch.setattr(messages, "packages", lambda: [package, other])
    messages.update()
    for folder, words in ((package, "空气"), (other, "通风")):
        path = messages.catalogue_path(folder)
        path.write_text(path.read_text().replace('msgid "Air"\nmsgstr ""', f'msgid "Air"\nmsgstr "{words}"'))
    assert messages.update() == []
    assert 'msgstr "空气"' in messages.catalogue_path(package).read_text()
    assert 'msgstr "通风"' in messages.catalogue_path(other).read_text()
