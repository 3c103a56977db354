"""Collections: found by meaning across languages and by words, cited, each owner's alone, gone when deleted."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.documents import PageText
from studio import Caller, ChatSettings, Conflict, DocumentRead, InvalidRequest, Job, NotFound, Settings, Studio
from studio.passages import LONGEST, cut, halves
from tests import files
from tests.echo_models import install_echo
from tests.serving import use_models
from tests.studio.asking import LOCAL

OTHER = Caller(owner="other", via="ui")
ENGLISH = [
    "The lighthouse keeper writes down the weather every evening. He has done so for thirty years.",
    "Invoices are paid within fourteen days of delivery. A late payment costs two percent a month.",
    "The bakery opens at six in the morning. On Sundays it sells only rye bread.",
    "Ice hockey is played by two teams of six. A match has three periods.",
    "The river floods the meadow each March. Farmers move their sheep uphill.",
    "A violin has four strings tuned in fifths. The bow is made of horsehair.",
    "The library lends ten books for four weeks. Renewals are possible by telephone.",
    "Volcanic soil is rich in minerals. Vines grow well on it.",
]
POLISH = [
    "Żaby zimują na dnie stawu. Wiosną wracają na łąkę i składają skrzek.",
    "Umowę najmu można wypowiedzieć z miesięcznym wyprzedzeniem. Kaucję zwraca się w ciągu trzydziestu dni.",
    "Ciasto drożdżowe musi rosnąć godzinę w cieple. Potem piecze się je czterdzieści minut.",
    "Kopernik urodził się w Toruniu. Studiował w Krakowie i w Bolonii.",
    "Pociąg do Gdańska odjeżdża z peronu trzeciego. Podróż trwa pięć godzin.",
    "Pszczoły tańczą, aby wskazać drogę do kwiatów. Królowa składa tysiące jaj.",
    "Gorączka powyżej trzydziestu dziewięciu stopni wymaga wizyty u lekarza. Dziecko powinno dużo pić.",
    "Zamek zbudowano w czternastym wieku z czerwonej cegły. Otacza go fosa.",
]


@pytest.fixture(scope="module")
def real(starters: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio with the starter's embedding model and a chat model that says what it was sent."""
    data_dir = tmp_path_factory.mktemp("collecting")
    use_models(data_dir, starters, only=["multilingual-e5-small"])
    install_echo(data_dir, "parrot")
    with Studio.open(Settings(data_dir=data_dir, ollama_host="http://127.0.0.1:9", no_starters=True)) as studio:
        yield studio


@pytest.fixture(scope="module")
def library(real: Studio, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A collection of an English and a Polish PDF, a page a subject."""
    collection = real.collections.create(LOCAL.owner, "Library").id
    folder = tmp_path_factory.mktemp("files")
    for name, pages in (("english.pdf", ENGLISH), ("polski.pdf", POLISH)):
        put(real, folder, collection, name, files.pdf([page.replace(". ", ".\n") for page in pages]))
    return collection


def put(
    studio: Studio, folder: Path, collection: str, name: str, content: bytes, caller: Caller = LOCAL
) -> DocumentRead:
    from studio import DocumentRequest

    path = folder / "upload"
    path.write_bytes(content)
    job = studio.submit(DocumentRequest(path=path, name=name, collection=collection), caller)
    job.wait()
    return next(event for _, event in job.snapshot() if isinstance(event, DocumentRead))


def ask(studio: Studio, collection: str, text: str) -> tuple[str, Job]:
    conversation, job = studio.say(None, text, LOCAL, settings=ChatSettings(collections=(collection,)))
    job.wait()
    return conversation.id, job


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("Where do frogs spend the winter?", ("polski.pdf", "page 1")),
        ("How much notice must a tenant give?", ("polski.pdf", "page 2")),
        ("In which town was the astronomer born?", ("polski.pdf", "page 4")),
        ("Kto zapisuje pogodę?", ("english.pdf", "page 1")),
        ("Ile kosztuje spóźnienie z zapłatą faktury?", ("english.pdf", "page 2")),
        ("O której otwiera piekarnia?", ("english.pdf", "page 3")),
    ],
)
def test_a_passage_is_found_by_a_question_in_the_other_language(
    real: Studio, library: str, question: str, page: tuple[str, str]
) -> None:
    best = real.search_collection(library, question, LOCAL)[0]

    assert (best.name, best.label) == page


def test_a_rare_word_is_found_as_it_stands_and_inflected(real: Studio, library: str) -> None:
    assert real.search_collection(library, "Bolonia", LOCAL)[0].label == "page 4"
    assert real.search_collection(library, "hockey", LOCAL)[0].label == "page 4"


def test_a_passage_says_where_it_stands_to_the_character(real: Studio, library: str) -> None:
    found = real.search_collection(library, "Kopernik", LOCAL)[0]
    page = real.documents.pages(found.document_id, LOCAL.owner)[found.page]

    assert page.text[found.start : found.end] == found.text
    assert page.label == found.label and "Kopernik" in found.text


def test_a_conversation_with_a_collection_gets_the_passages_as_data_and_keeps_them(real: Studio, library: str) -> None:
    conversation, job = ask(real, library, "Where do frogs spend the winter?")
    user, reply = real.conversations.messages(conversation, LOCAL.owner)
    sources = real.documents.sources_of([reply.id])[reply.id]

    assert user.content == "Where do frogs spend the winter?"
    assert "passage [1] of polski.pdf, page 1" in job.text()
    assert sources[0].number == 1 and "skrzek" in sources[0].text
    assert [source.number for source in sources] == list(range(1, len(sources) + 1))
    assert real.conversations.get(conversation, LOCAL.owner).settings["collections"] == [library]


def test_another_owner_finds_no_passage_by_any_way(real: Studio, library: str) -> None:
    theirs = real.collections.create(OTHER.owner, "Theirs").id

    with pytest.raises(NotFound):
        real.search_collection(library, "frogs", OTHER)
    with pytest.raises(NotFound):
        real.collections.files(library, OTHER.owner)
    assert real.search_collection(theirs, "Where do frogs spend the winter? Kopernik", OTHER) == []
    _, job = real.say(None, "Where do frogs spend the winter?", OTHER, settings=ChatSettings(collections=(library,)))
    with pytest.raises(NotFound):
        job.wait()
    assert "skrzek" not in job.text()


def test_another_owner_can_neither_add_nor_take_out_nor_rename_nor_delete(
    real: Studio, library: str, tmp_path: Path
) -> None:
    document = real.collections.files(library, LOCAL.owner)[0].id
    with pytest.raises(NotFound):
        put(real, tmp_path, library, "evil.txt", b"Frogs are paid within fourteen days.", OTHER)
    for change in (
        lambda: real.collections.take_out(library, OTHER.owner, document),
        lambda: real.collections.rename(library, OTHER.owner, "Mine"),
        lambda: real.collections.delete(library, OTHER.owner),
    ):
        with pytest.raises(NotFound):
            change()
    assert len(real.collections.files(library, LOCAL.owner)) == 2


def test_the_same_file_is_known_by_its_bytes_and_is_not_embedded_again(real: Studio, tmp_path: Path) -> None:
    collection = real.collections.create(LOCAL.owner, "Twice").id
    first = put(real, tmp_path, collection, "a.txt", b"Owls hunt at night.")
    again = put(real, tmp_path, collection, "a.txt", b"Owls hunt at night.")

    assert (again.id, first.known, again.known) == (first.id, False, True)
    assert len(real.collections.files(collection, LOCAL.owner)) == 1


def test_a_file_that_is_taken_out_leaves_no_passage_no_vector_no_word_and_no_bytes(
    real: Studio, tmp_path: Path
) -> None:
    collection = real.collections.create(LOCAL.owner, "Deleted").id
    read = put(real, tmp_path, collection, "a.txt", b"The zymurgist keeps a secret.")
    path = real.documents.get(read.id, LOCAL.owner).path
    real.collections.take_out(collection, LOCAL.owner, read.id)

    assert real.search_collection(collection, "zymurgist", LOCAL) == []
    assert not path.exists()
    database = real._database
    assert database.rows("SELECT 1 FROM passages WHERE document_id = ?", (read.id,)) == []
    assert database.rows("SELECT 1 FROM passages_fts WHERE passages_fts MATCH 'zymurgist'") == []


def test_a_reply_keeps_what_it_cites_when_the_collection_is_deleted(real: Studio, tmp_path: Path) -> None:
    collection = real.collections.create(LOCAL.owner, "Short-lived").id
    read = put(real, tmp_path, collection, "a.txt", b"Badgers dig long tunnels.")
    conversation, _ = ask(real, collection, "Who digs tunnels?")
    real.collections.delete(collection, LOCAL.owner)
    reply = real.conversations.messages(conversation, LOCAL.owner)[1]
    (source,) = real.documents.sources_of([reply.id])[reply.id]

    assert source.document_id is None and source.text == "Badgers dig long tunnels."
    with pytest.raises(NotFound):
        real.documents.get(read.id, LOCAL.owner)


def test_files_of_another_embedding_model_are_named_found_by_words_and_indexed_anew_by_a_click(
    real: Studio, tmp_path: Path
) -> None:
    collection = real.collections.create(LOCAL.owner, "Old").id
    read = put(real, tmp_path, collection, "a.txt", b"Storks nest on chimneys.")
    real._database.write(lambda db: db.execute("UPDATE documents SET indexed_model = 'gone' WHERE id = ?", (read.id,)))
    assert [file.id for file in real.stale_files(collection, LOCAL)] == [read.id]
    assert [found.similarity for found in real.search_collection(collection, "storks", LOCAL)] == [None]
    assert real.search_collection(collection, "bociany", LOCAL) == []

    for job in real.index_again(collection, LOCAL):
        job.wait()
    assert real.stale_files(collection, LOCAL) == []
    assert real.search_collection(collection, "bociany", LOCAL)[0].text == "Storks nest on chimneys."


def test_a_picture_has_nothing_to_search(real: Studio, library: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"cat\.png is a picture"):
        put(real, tmp_path, library, "cat.png", files.png())


def test_a_table_that_is_dense_in_tokens_is_cut_until_the_model_reads_it(real: Studio, tmp_path: Path) -> None:
    collection = real.collections.create(LOCAL.owner, "Dense").id
    rows = b"".join(b"%d;%d;%d;%d;%d\n" % (n * 7919, n * 104729, n * 31, n * 977, n * 65537) for n in range(60))
    read = put(real, tmp_path, collection, "a.csv", rows)

    assert read.passages > 0
    assert real.search_collection(collection, "104729", LOCAL)


def test_a_stopped_indexing_leaves_nothing_behind(real: Studio, tmp_path: Path) -> None:
    from studio import DocumentRequest

    collection = real.collections.create(LOCAL.owner, "Stopped").id
    path = tmp_path / "upload"
    path.write_bytes(b"The quick brown fox jumps over the lazy dog near the river bank again. " * 2_000)
    job = real.submit(DocumentRequest(path=path, name="long.txt", collection=collection), LOCAL)
    for _, event in job.follow():
        if type(event).__name__ == "Progress" and event.total > 1:
            job.cancel()

    assert job.state == "cancelled"
    assert real.collections.files(collection, LOCAL.owner) == []
    assert real.search_collection(collection, "fox", LOCAL) == []


def test_a_notebook_asks_a_collection_by_its_name(real: Studio, tmp_path: Path) -> None:
    path = tmp_path / "cranes.txt"
    path.write_text("Cranes dance in spring.")
    made = real.collect("Birds", [path])
    answer = real.ask("When do cranes dance?", collection="Birds", attachments=[path])

    assert (made.files, made.passages) == (1, 1)
    assert answer.sources[0].text == "Cranes dance in spring."
    assert "file cranes.txt" in str(answer) and "passage [1] of cranes.txt" in str(answer)
    with pytest.raises(NotFound, match="no collection 'Fish'"):
        real.ask("When?", collection="Fish")


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "Library"])
def test_a_name_that_is_empty_long_or_taken_is_refused(real: Studio, library: str, name: str) -> None:
    with pytest.raises(Conflict if name == "Library" else InvalidRequest):
        real.collections.create(LOCAL.owner, name)


def test_sentences_are_kept_whole_and_passages_overlap_by_whole_sentences() -> None:
    sentences = [f"Sentence number {n} says something that is of some length." for n in range(60)]
    page = PageText("page 1", " ".join(sentences))
    passages = list(cut([page, PageText("page 2", "The end.")]))

    for passage in passages[:-1]:
        assert len(passage.text) <= LONGEST
        assert passage.text.startswith("Sentence number") and passage.text.endswith("length.")
        assert page.text[passage.start : passage.end] == passage.text
    for before, after in itertools.pairwise(passages[:-1]):
        assert before.start < after.start < before.end < after.end
    assert passages[-1].page == 1 and passages[-1].text == "The end."
    assert passages[-2].end == len(page.text)


def test_a_sentence_without_an_end_is_cut_and_halves_meet() -> None:
    (first, *rest) = cut([PageText("page 1", "word " * 1_000)])
    both = halves(first)

    assert rest and len(first.text) <= LONGEST
    assert both is not None and both[0].text + both[1].text == first.text
    assert halves(first.__class__(0, 0, 1, "x")) is None
