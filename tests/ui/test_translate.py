"""The Translate panel's parts: sentences and their places, other wordings, listening, history, what a tab keeps."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import gradio as gr
import pytest

import ui.translation
from studio import Caller, Checked, ModelNotInstalled, Settings, Studio, Term, TranslateRequest
from studio.catalogue import Entry
from tests.echo_models import install_echo
from tests.serving import use_models
from tests.studio.conftest import FileServer, file_server
from tests.studio.test_firefox_source import packed, pair
from tests.ui.conftest import Asked, everything, shown
from tests.ui.test_panels import click, laid_out
from ui.panel import Updates
from ui.translate import TranslatePanel
from ui.translation import Place, Shown, below_source, pane
from ui.translation_history import settled
from ui.words import Words

__all__ = ["file_server", "packed", "pair"]  # fixtures
WORDS = Words("en")
LOCAL = Caller(via="ui")


def test_each_sentence_knows_its_source_as_javascript_counts() -> None:
    text = "🦊 One. Two."
    places = (Place(0, 6, 0, 3), Place(7, 11, 4, 7))
    html = pane(Shown(text, "Um. Dos", "en", "pt", places=places), WORDS)
    assert 'data-a="0" data-b="7"' in html and 'data-a="8" data-b="12"' in html
    assert 'data-length="12"' in html and 'lang="pt"' in html


def test_what_a_model_writes_is_no_markup() -> None:
    html = pane(Shown("a", "<img src=x onerror=alert(1)> ${1} {{2}}", "en", "pt", places=(Place(0, 1, 0, 9),)), WORDS)
    assert "<img" not in html and "${" not in html and "{{" not in html


def test_a_sentence_in_other_words_moves_those_after_it() -> None:
    before = Shown("One. Two.", "Um. Dois.", "en", "pt", places=(Place(0, 4, 0, 3), Place(5, 9, 4, 9)))
    after = before.with_sentence(0, "Primeiro.")
    assert after.result == "Primeiro. Dois."
    assert after.sentence(1) == ("Two.", "Dois.") and after.sentence(2) is None and after.sentence(-1) is None


def test_a_text_over_the_limit_shows_it() -> None:
    assert "figure bad" in below_source("x" * 200_001, WORDS)
    assert "figure bad" not in below_source("x" * 200_000, WORDS)


def test_another_likely_language_is_offered() -> None:
    html = below_source("Dobro", WORDS, [("pl", 0.6), ("cs", 0.3), ("sk", 0.01)])
    assert 'data-id="cs"' in html and 'data-id="sk"' not in html


async def test_choosing_another_source_translates_anew(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    updates = panel.act("Dobro", "auto", "pt", "", "", Shown(), ask(), click(act="from", id="cs"))
    page = shown(await everything(updates))
    assert page[panel.source] == "cs" and page[panel.shown].source == "cs"


async def test_a_text_in_the_target_language_or_in_a_third_one_is_offered_another_way(
    starters: Path, tmp_path: Path, ask: Asked
) -> None:
    use_models(tmp_path, starters, only=["firefox-en-pt", "firefox-pt-en"])
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(TranslatePanel, studio)
        text = "A casa é muito bonita e o jardim é grande."
        page = shown(await everything(panel.translate(text, "auto", "pt", "", "", ask())))
        assert "Portuguese already" in str(page[panel.status])
        first = str(page[panel.status]).split('data-act="to"')[1]
        assert first.lstrip().startswith('data-id="en"'), "the one that is here comes first"
        other = panel.act(text, "auto", "pt", "", "", Shown(), ask(), click(act="to", id="en"))
        page = shown(await everything(other))
        assert page[panel.target] == "en" and "house" in page[panel.shown].result

        german = "Das alte Haus am Fluss ist schön."
        below = str(shown(await everything(panel.translate(german, "en", "pt", "", "", ask())))[panel.below_text])
        assert "Rather German?" in below and 'data-act="from" data-id="de"' in below
        page = shown(await everything(panel.translate("The old house is here.", "en", "pt", "", "", ask())))
        assert "Rather" not in str(page[panel.below_text])


async def test_the_chat_model_may_be_chosen_and_then_a_tone(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    offered = shown(await everything(panel.load("", ask())))
    assert "chat" in [value for _, value in offered[panel.engine].choices]
    page = shown(await everything(panel.translate("Hello.", "en", "pl", "chat", "formal", ask())))
    assert page[panel.shown].model == "echo-chat" and page[panel.tone].visible
    (row,) = echo.interactions.page("local", 5)
    assert row.parameters["tone"] == "formal"


async def test_a_click_on_a_sentence_offers_other_wordings_and_takes_one(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("Hello. You.", "en", "pl", "", "", ask())))
    words = panel.wordings
    offered = shown(await everything(words.act(page[panel.shown], [], ask(), click(act="other", id="1"))))
    found = [each.text for each in offered[words.known]]
    assert "[pl 2] You." in found and "You." in found  # of the engine itself, and of the chat model
    taken = click(act="use", id=f"1:{found.index('[pl 2] You.')}")
    after = shown(await everything(words.act(page[panel.shown], offered[words.known], ask(), taken)))
    assert after[panel.shown].result == "[pl] Hello. [pl 2] You."


async def test_a_sentence_that_was_edited_is_kept_and_comes_again_with_its_origin(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    words, memory = panel.wordings, panel.parts[-1]
    page = shown(await everything(panel.translate("Hello. You there.", "en", "pl", "", "", ask())))
    edit = click(act="edit", id="1", text="Ty\n tam.")
    edited = shown(await everything(words.act(page[panel.shown], [], ask(), edit)))
    assert edited[words.shown].result == "[pl] Hello. Ty tam."
    assert words.result not in edited, "drawing it anew would take the caret out of the next sentence"
    assert echo.memories("en", "pl", LOCAL) == []

    keep = click(act="keep", id="1", text="Wy tam.")
    kept = shown(await everything(words.act(edited[words.shown], [], ask(), keep)))
    assert kept[words.shown].result == "[pl] Hello. Wy tam." and kept[words.kept]
    assert "seg remembered" in str(kept[words.result]) and "Kept" in str(kept[words.box])
    assert "Wy tam." in str((await memory.show("en", "pl", ask()))[memory.list])

    again = shown(await everything(panel.translate("You there. Bye.", "en", "pl", "", "", ask())))
    assert again[panel.shown].result == "Wy tam. [pl] Bye."
    assert "1 sentence from your memory" in str(again[panel.status])
    opened = shown(await everything(words.act(again[panel.shown], [], ask(), click(act="other", id="0"))))
    assert "translations that you accepted" in str(opened[words.box]) and "your edit" in str(opened[words.box])


async def test_after_a_wording_was_kept_the_models_own_is_still_offered(echo: Studio, ask: Asked) -> None:
    echo.remember([("Hello.", "Cześć.")], "en", "pl", LOCAL)
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("Hello.", "en", "pl", "", "", ask())))
    assert page[panel.shown].result == "Cześć."
    offered = shown(await everything(panel.wordings.act(page[panel.shown], [], ask(), click(act="other", id="0"))))
    assert "[pl] Hello." in [each.text for each in offered[panel.wordings.known]]


async def test_the_memory_offers_the_wording_of_a_similar_sentence(echo: Studio, ask: Asked) -> None:
    echo.remember([("The fire is warm today.", "Ogień dziś grzeje.")], "en", "pl", LOCAL, origin="house.docx")
    panel = laid_out(TranslatePanel, echo)
    words = panel.wordings
    page = shown(await everything(panel.translate("The fire is warm tonight.", "en", "pl", "", "", ask())))
    offered = shown(await everything(words.act(page[panel.shown], [], ask(), click(act="other", id="0"))))
    box = str(offered[words.box])
    assert "From your memory" in box and "% alike · house.docx" in box and "The fire is warm today." in box
    assert box.index("Ogień dziś grzeje.") < box.index("Other wordings")
    taken = words.act(page[panel.shown], offered[words.known], ask(), click(act="use", id="0:0"))
    assert shown(await everything(taken))[words.shown].result == "Ogień dziś grzeje."


async def test_a_wording_that_can_not_be_kept_says_why_and_is_not_lost(echo: Studio, ask: Asked) -> None:
    words = laid_out(TranslatePanel, echo).wordings
    for before, text, why in (
        (Shown("a", "b", None, "pl", places=(Place(0, 1, 0, 1),)), "c", "Choose the source language"),
        (Shown("a", "b", "en", "pl", places=(Place(0, 1, 0, 1),)), "x" * 5_000, "the limit is 4,000"),
        (Shown("a", "b", "en", "pl", places=(Place(0, 1, 0, 1),)), " ", "empty"),
    ):
        page = shown(await everything(words.act(before, [], ask(), click(act="keep", id="0", text=text))))
        assert why in str(page[words.box]) and words.result not in page


@pytest.mark.parametrize("told", ["", "99", "-1", "x", "0:99", "1:x", "²:0"])
async def test_a_sentence_that_is_not_there_changes_nothing(echo: Studio, ask: Asked, told: str) -> None:
    words = laid_out(TranslatePanel, echo).wordings
    for act in ("other", "use", "edit", "keep"):
        assert [
            update async for update in words.act(Shown("a", "b"), [], ask(), click(act=act, id=told, text="c"))
        ] == []


async def test_a_text_is_read_aloud_or_a_voice_is_named(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    shown_now = Shown("Hello.", "Cześć.", "en", "pl")
    heard = panel.act("Hello.", "en", "pl", "", "", shown_now, ask(), click(act="listen", id="source"))
    assert "<audio" in str(shown(await everything(heard))[panel.player])
    silent = panel.act("Hello.", "en", "pl", "", "", shown_now, ask(), click(act="listen", id="result"))
    assert "Polish" in str(shown(await everything(silent))[panel.player])


async def test_a_missing_voice_and_a_missing_model_are_offered_with_their_size(
    starters: Path, tmp_path: Path, ask: Asked
) -> None:
    use_models(tmp_path, starters, only=["firefox-en-pt"])
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(TranslatePanel, studio)
        page = shown(await everything(panel.translate("Hello.", "en", "pt", "", "", ask())))
        other = panel.wordings.act(page[panel.shown], [], ask(), click(act="other", id="0"))
        assert 'data-act="fetch"' in str(shown(await everything(other))[panel.wordings.box])
        listen = panel.act("Hello.", "en", "pt", "", "", page[panel.shown], ask(), click(act="listen", id="result"))
        assert 'data-act="fetch-voice"' in str(shown(await everything(listen))[panel.player])
        missing = shown(await everything(panel.translate("Hello.", "en", "pl", "", "", ask())))
        assert "Download" in str(missing[panel.status]) and "firefox-en-pl" in str(missing[panel.status])
        with pytest.raises(ModelNotInstalled):
            studio.submit(TranslateRequest(text="Hi", source_lang="en", target_lang="pl"))


async def test_the_first_day_of_somebody_who_wants_polish(starters: Path, tmp_path: Path, ask: Asked) -> None:
    use_models(tmp_path, starters, only=["firefox-en-pt", "smollm2-135m"])
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(TranslatePanel, studio)
        start = str(shown(await everything(panel.load("", ask(language="pl"))))[panel.below_text])
        assert "polski ↔ angielski" in start and 'data-id="firefox-en-pl,firefox-pl-en"' in start
        assert 'data-act="fetch"' not in str(shown(await everything(panel.load("", ask())))[panel.below_text])

        missing = str(shown(await everything(panel.translate("Hello.", "en", "pl", "", "", ask())))[panel.status])
        assert "English → Polish is not on this machine yet" in missing and 'data-id="firefox-en-pl"' in missing
        assert "SmolLM2 135M Instruct, the chat model here, does not know this language: Polish." in missing
        assert 'data-act="engine"' not in missing

        by_chat = panel.translate("Hello.", "en", "pl", "chat", "", ask())
        assert "Trust no word of it" in str(shown(await everything(by_chat))[panel.status])


async def test_a_chat_model_that_may_know_the_pair_takes_its_place_on_a_click(tmp_path: Path, ask: Asked) -> None:
    install_echo(tmp_path, "polyglot")
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(TranslatePanel, studio)
        missing = str(shown(await everything(panel.translate("Hello.", "en", "pl", "", "", ask())))[panel.status])
        assert "Use the chat model: Polyglot" in missing
        taken = panel.act("Hello.", "en", "pl", "", "", Shown(), ask(), click(act="engine", id="chat"))
        page = shown(await everything(taken))
        assert page[panel.engine] == "chat" and page[panel.shown].model == "polyglot"
        assert "Trust no word" not in str(page[panel.status])


async def test_a_missing_pair_is_fetched_and_used_from_one_click(
    pair: Entry, file_server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Asked
) -> None:
    monkeypatch.setenv("HEARTH_FIREFOX_URL", file_server.url + "/{revision}")
    (tmp_path / "catalogue.json").write_text(json.dumps({"models": [asdict(pair)]}))
    with Studio.open(Settings(data_dir=tmp_path, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        panel = laid_out(TranslatePanel, studio)
        text = "The house is small."
        offered = shown(await everything(panel.translate(text, "en", "gl", "", "", ask())))
        assert 'data-id="firefox-en-gl"' in str(offered[panel.status]) and "MB" in str(offered[panel.status])
        with monkeypatch.context() as without:
            without.setenv("HEARTH_FIREFOX_URL", "http://127.0.0.1:9/{revision}")
            lost = panel.act(text, "en", "gl", "", "", Shown(), ask(), click(act="fetch", id="firefox-en-gl"))
            told = str(shown(await everything(lost))[panel.status])
            assert 'role="alert"' in told and "Try again" in told and 'data-id="firefox-en-gl"' in told
        fetch = panel.act(text, "en", "gl", "", "", Shown(), ask(), click(act="fetch", id="firefox-en-gl"))
        pages = await everything(fetch)
        assert any('data-act="cancel"' in str(page.get(panel.status)) for page in pages)
        assert "casa" in shown(pages)[panel.shown].result


async def test_a_long_translation_tells_how_far_it_is_and_stops_on_a_click(
    slow_echo: Studio, ask: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui.translation, "LONG_S", 0.0)
    panel = laid_out(TranslatePanel, slow_echo)
    last: Updates = {}
    async for page in panel.translate("Hello there. " * 800, "en", "pl", "", "", ask()):
        last |= page
        (job,) = slow_echo.jobs(LOCAL, "translation") or [None]
        if job is not None and "of 800 sentences" in str(page.get(panel.status)):
            assert f'data-act="cancel" data-id="{job.id}"' in str(page[panel.status])
            await everything(panel.act("", "en", "pl", "", "", Shown(), ask("other"), click(act="cancel", id=job.id)))
    assert "Stopped" in str(last[panel.status])
    assert 0 < len(last[panel.shown].places) < 800, "what is translated already stays"


# History


def past(studio: Studio, *texts: str, owner: str = "local", target: str = "pl") -> None:
    for text in texts:
        request = TranslateRequest(text=text, source_lang="en", target_lang=target)
        studio.submit(request, Caller(owner=owner, via="ui")).wait()


async def listed(panel: TranslatePanel, ask: Asked, search: str = "", owner: str | None = None) -> str:
    return str((await panel.history.draw(search, ask(owner=owner)))[panel.history.list])


async def test_the_history_is_searched_opened_and_deleted(echo: Studio, ask: Asked) -> None:
    past(echo, "The dog sleeps.", "A 100% cat <eats>.")
    past(echo, "Of another.", owner="bob")
    panel = laid_out(TranslatePanel, echo)
    everything_there = await listed(panel, ask)
    assert "The dog sleeps." in everything_there and "&lt;eats&gt;" in everything_there
    assert "Of another." not in everything_there
    assert "dog" in await listed(panel, ask, "DOG") and "cat" not in await listed(panel, ask, "dog")
    assert "cat" in await listed(panel, ask, "100%") and "dog" not in await listed(panel, ask, "%")
    (dog,) = echo.interactions.search("local", "translation", "dog", 9)
    page = shown(await everything(panel.history.act("", ask(), click(act="open", id=dog.id))))
    assert (page[panel.text], page[panel.target]) == ("The dog sleeps.", "pl")
    assert page[panel.shown].result == "[pl] The dog sleeps."
    await everything(panel.history.act("", ask(owner="bob"), click(act="forget", id=dog.id)))
    assert "dog" in await listed(panel, ask)
    await everything(panel.history.act("", ask(), click(act="forget", id=dog.id)))
    assert "dog" not in await listed(panel, ask) and "cat" in await listed(panel, ask)
    row = echo.interactions.get(dog.id, "local")
    assert row.input is None and row.output is None and row.characters == 15
    asked = shown(await everything(panel.history.act("", ask(), click(act="forget-all"))))
    assert "can&#x27;t be brought back" in str(asked[panel.history.list]) and "cat" in await listed(panel, ask)
    await everything(panel.history.act("", ask(), click(act="forget-sure")))
    assert "cat" not in await listed(panel, ask) and "Of another." in await listed(panel, ask, owner="bob")


def test_what_was_typed_on_the_way_to_a_text_is_left_out(echo: Studio) -> None:
    past(echo, "The d", "The dog", "The dog sleeps.", "A cat", "A cat eats.", "A cat eats.")
    rows = echo.interactions.search("local", "translation", "", 50)
    assert [row.input for row in settled(rows)] == ["A cat eats.", "The dog sleeps."]
    assert settled([replace(rows[0], parameters={"target_lang": "de"}), *rows[1:]])[1].input == "A cat eats."


# What a tab keeps


async def test_a_reloaded_tab_has_its_text_and_choices_again(echo: Studio, ask: Asked) -> None:
    panel = laid_out(TranslatePanel, echo)
    kept = json.dumps({"text": "Hello.", "source": "en", "target": "pl", "engine": "chat", "tone": "informal"})
    page = shown(await everything(panel.load(kept, ask())))
    assert page[panel.text] == "Hello."
    chosen = [page[part].value for part in (panel.source, panel.target, panel.engine, panel.tone)]
    assert chosen == ["en", "pl", "chat", "informal"]


@pytest.mark.parametrize(
    "kept", ["", "{", "[1]", "null", '{"target": 7}', '{"target": "xx", "engine": "rm"}', "[" * 9999]
)
async def test_what_a_browser_made_up_is_nothing(echo: Studio, ask: Asked, kept: str) -> None:
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.load(kept, ask())))
    assert isinstance(page[panel.target], gr.Dropdown) and page[panel.target].value
    assert page[panel.engine].value == ""


def test_a_doubtful_sentence_a_remembered_one_and_a_term_are_told_apart() -> None:
    places = (
        Place(0, 6, 0, 6, Checked(0, 6, faults=("numbers", "echoed"))),
        Place(7, 11, 7, 12, Checked(7, 12, origin="memory", similarity=1.0)),
        Place(12, 16, 13, 25, Checked(13, 25, terms=("<Casa>", "a"))),
        Place(17, 20, 26, 29),
        Place(21, 22, 29, 30, Checked(29, 30, similarity=0.874)),
    )
    html = pane(Shown("Five 5. Two. Home. End!", "Five 5 Dois. Minha <Casa> Fim!", "en", "pt", places=places), WORDS)
    first, second, third, fourth, last = html.split('<span class="seg')[1:]
    assert first.startswith(" flagged") and "Look at this sentence: numbers differ, not translated" in first
    assert second.startswith(" remembered") and "translations that you accepted" in second
    assert 'title="From your glossary">&lt;Casa&gt;</mark>' in third and "<Casa>" not in html
    assert "mark" not in fourth and fourth.startswith('"')
    assert last.startswith(" similar") and "a sentence that is 87 % alike" in last


async def test_a_term_of_the_glossary_is_marked_where_it_arrives(echo: Studio, ask: Asked) -> None:
    echo.put_terms([Term(source="hearth", target="lareira")], "en", "pt", Caller(via="ui"))
    panel = laid_out(TranslatePanel, echo)
    page = shown(await everything(panel.translate("The hearth is warm.", "en", "pt", "", "", ask())))
    assert 'class="term"' in str(page[panel.result]) and ">lareira</mark>" in str(page[panel.result])
