"""Phrases of the comparison of models."""

COMPARE: dict[str, tuple[str, str]] = {
    "cm_open": ("Compare models", "Porównaj modele"),
    "cm_title": ("Compare models", "Porównanie modeli"),
    "cm_lead": (
        "One prompt to several models at once, or to one model at several temperatures.",
        "Jedno polecenie do kilku modeli naraz albo do jednego w różnych temperaturach.",
    ),
    "cm_back": ("Back to the chat", "Wróć do czatu"),
    "cm_count": ("Side by side", "Obok siebie"),
    "cm_ask": ("Ask all of them…", "Zapytaj wszystkie…"),
    "cm_go": ("Ask all", "Zapytaj"),
    "cm_stop": ("Stop all", "Zatrzymaj"),
    "cm_go_on": ("Go on with this one", "Kontynuuj z tym"),
}
