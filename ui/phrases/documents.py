"""Phrases of attached files, collections and citations."""

DOCUMENTS: dict[str, tuple[str, str]] = {
    "chat_attach": ("Attach files", "Dodaj pliki"),
    "chat_attached": ("Attached files", "Dodane pliki"),
    "chat_attach_reading": ("Reading {name}…", "Czytam {name}…"),
    "chat_attach_stop": ("Stop reading {name}", "Przerwij czytanie: {name}"),
    "chat_attach_remove": ("Remove {name}", "Usuń {name}"),
    "chat_attach_most": ("A message takes {n} files.", "Wiadomość mieści {n} plików."),
    "chat_attach_more": (
        "… and {n} more character|… and {n} more characters",
        "… i jeszcze {n} znak|… i jeszcze {n} znaki|… i jeszcze {n} znaków",
    ),
    "chat_attach_blind": (
        "This model can't see pictures. Remove {name}, or choose a model that sees, such as gemma3:4b on Ollama.",
        "Ten model nie widzi obrazów. Usuń {name} albo wybierz model, który widzi, na przykład gemma3:4b w Ollamie.",
    ),
    "chat_attach_cut": (
        "The files have {needs} tokens and the model takes {takes}, the conversation and a quarter for the reply "
        "included. The longest are cut at their end; this much is sent: {parts}.",
        "Pliki mają {needs} tokenów, a model mieści {takes}, razem z rozmową i jedną czwartą na odpowiedź. "
        "Najdłuższe są obcinane na końcu; wysłane zostanie: {parts}.",
    ),
    "chat_was_cut": ("sent in part: {parts}", "wysłane w części: {parts}"),
    "documents": ("Documents", "Dokumenty"),
    "doc_collection": ("Ask with", "Pytaj z kolekcjami"),
    "doc_hint": (
        "Collections of files that are read and searched on this machine. The best passages go along, and the "
        "answer cites them.",
        "Kolekcje plików, czytane i przeszukiwane na tym komputerze. Najlepsze fragmenty idą z pytaniem, "
        "a odpowiedź je cytuje.",
    ),
    "doc_name": ("Name of a new collection", "Nazwa nowej kolekcji"),
    "doc_make": ("Make", "Utwórz"),
    "doc_add": ("Add files", "Dodaj pliki"),
    "doc_add_to": ("Add files to {name}", "Dodaj pliki do: {name}"),
    "doc_empty": (
        "No file yet. Add PDF, Word, spreadsheets or text.",
        "Brak plików. Dodaj PDF, Worda, arkusze, tekst.",
    ),
    "doc_indexing": ("Making {name} searchable…", "Przygotowuję {name} do szukania…"),
    "doc_take_out": ("Take {name} out", "Wyjmij {name}"),
    "doc_delete": ("Delete collection", "Usuń kolekcję"),
    "doc_delete_ask": (
        "“{name}” goes with its files, unless a message has them. This can't be undone.",
        "„{name}” zniknie razem z plikami, których nie ma w wiadomościach. Nie da się tego cofnąć.",
    ),
    "doc_index": ("Index again", "Zindeksuj ponownie"),
    "doc_stale": (
        "{n} file was indexed with another embedding model and is found by its words alone."
        "|{n} files were indexed with another embedding model and are found by their words alone.",
        "{n} plik ma indeks innego modelu i znajduje się tylko po słowach."
        "|{n} pliki mają indeks innego modelu i znajdują się tylko po słowach."
        "|{n} plików ma indeks innego modelu i znajduje się tylko po słowach.",
    ),
    "n_passages": ("{n} passage|{n} passages", "{n} fragment|{n} fragmenty|{n} fragmentów"),
    "n_sources": ("{n} source|{n} sources", "{n} źródło|{n} źródła|{n} źródeł"),
    "source_gone": ("the file was deleted", "plik został usunięty"),
    "about": ("about {text}", "około {text}"),
    "form_pdf": ("PDF", "PDF"),
    "form_docx": ("Word", "Word"),
    "form_sheet": ("Spreadsheet", "Arkusz"),
    "form_csv": ("Table", "Tabela"),
    "form_code": ("Code", "Kod"),
    "form_text": ("Text", "Tekst"),
    "form_image": ("Picture", "Obraz"),
    "place_page": ("page {n}", "strona {n}"),
    "place_lines": ("lines {n}", "wiersze {n}"),
    "place_rows": ("rows {n}", "wiersze {n}"),
    "place_section": ("section {n}", "rozdział {n}"),
}
