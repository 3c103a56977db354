"""Phrases of the servers that the owner connects, in the Models panel."""

SERVERS: dict[str, tuple[str, str]] = {
    "sv_title": ("Connect a server", "Połącz serwer"),
    "sv_lead": (
        "Models that run elsewhere: vLLM, llama.cpp, LM Studio, another Hearth, OpenRouter, OpenAI, Anthropic. "
        "What you write to one of them is sent to its server.",
        "Modele działające gdzie indziej: vLLM, llama.cpp, LM Studio, inny Hearth, OpenRouter, OpenAI, Anthropic. "
        "To, co do nich piszesz, trafia na ich serwer.",
    ),
    "sv_kind": ("Protocol", "Protokół"),
    "sv_kind_hint": ("nearly all servers speak OpenAI's", "prawie wszystkie serwery mówią protokołem OpenAI"),
    "sv_name": ("Name", "Nazwa"),
    "sv_name_hint": ("its models are called name/model", "jego modele nazywają się nazwa/model"),
    "sv_url": ("Address", "Adres"),
    "sv_url_hint": ("as its documentation gives it, often with /v1", "jak w jego dokumentacji, często z /v1"),
    "sv_key": ("Key", "Klucz"),
    "sv_key_hint": (
        "kept encrypted, sent to this address alone; empty if it asks for none",
        "przechowywany zaszyfrowany, wysyłany tylko pod ten adres; puste, jeśli nie jest potrzebny",
    ),
    "sv_key_kept": (
        "leave it empty to keep {hint}; at another address it is asked for again",
        "zostaw puste, aby zachować {hint}; pod innym adresem trzeba go podać ponownie",
    ),
    "sv_more": ("More", "Więcej"),
    "sv_models": ("Only these models", "Tylko te modele"),
    "sv_models_hint": ("one on a line; empty: all that it lists", "po jednym w wierszu; puste: wszystkie z listy"),
    "sv_timeout": ("Wait at most, in seconds", "Czekaj najwyżej, w sekundach"),
    "sv_timeout_hint": ("how long it may say nothing, 5 to 3600", "jak długo może milczeć, od 5 do 3600"),
    "sv_own": ("In my own network", "W mojej sieci"),
    "sv_own_hint": (
        "for a name such as models.example.com that leads to a private address",
        "dla nazwy w rodzaju models.example.com, która prowadzi do adresu prywatnego",
    ),
    "sv_test": ("Test", "Sprawdź"),
    "sv_connect": ("Connect", "Połącz"),
    "sv_save": ("Save", "Zapisz"),
    "sv_edit": ("Edit {name}", "Edytuj: {name}"),
    "sv_remove": ("Remove {name}", "Usuń: {name}"),
    "sv_really": (
        "Remove {name}? Its key is forgotten; conversations stay.",
        "Usunąć: {name}? Klucz zostanie zapomniany, rozmowy zostaną.",
    ),
    "sv_yes": ("Remove it", "Usuń"),
    "sv_removed": ("{name} is removed.", "Usunięto: {name}."),
    "sv_kept": ("{name} is connected.", "Połączono: {name}."),
    "sv_asking": ("Asking {name}…", "Pytam: {name}…"),
    "sv_found": (
        "It answers, with {n} model|It answers, with {n} models",
        "Odpowiada, ma {n} model|Odpowiada, ma {n} modele|Odpowiada, ma {n} modeli",
    ),
    "sv_found_none": (
        "It answers, and lists no model that can chat.",
        "Odpowiada, ale nie ma na liście modelu do rozmowy.",
    ),
    "sv_left_out": ("{n} more are not for chat, or too many.", "Pominięto: {n} (nie do rozmowy lub za dużo)."),
    "sv_status_up": ("reachable", "osiągalny"),
    "sv_status_checking": ("asking it", "pytam"),
    "sv_status_refused_key": ("wrong key", "zły klucz"),
    "sv_status_failing": ("fails", "zawodzi"),
    "sv_status_unreachable": ("gone", "niedostępny"),
    "sv_status_locked": ("key can't be read", "nie można odczytać klucza"),
    "sv_since": ("since {time}", "od {time}"),
    "sv_count": ("{n} model|{n} models", "{n} model|{n} modele|{n} modeli"),
    "sv_key_is": ("key {hint}", "klucz {hint}"),
    "sv_settings": ("from the settings", "z ustawień"),
    "sv_none": (
        "No server is connected yet.",
        "Nie ma jeszcze połączonego serwera.",
    ),
    "sv_example": ("Fill in a server on this machine", "Wpisz serwer na tym komputerze"),
}
