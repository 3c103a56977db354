"""Phrases of the Translate panel."""

TRANSLATE: dict[str, tuple[str, str]] = {
    "tr_title": ("Translate", "Tłumaczenie"),
    "tr_from": ("From", "Z języka"),
    "tr_to": ("To", "Na język"),
    "tr_detect": ("Detect", "Wykryj"),
    "tr_swap": ("Swap languages", "Zamień języki"),
    "tr_text": ("Text", "Tekst"),
    "tr_type": ("Type or paste text…", "Wpisz lub wklej tekst…"),
    "tr_result": ("Translation", "Tłumaczenie"),
    "tr_go": ("Translate", "Przetłumacz"),
    "tr_empty": ("Type; the translation appears as you write.", "Pisz; tłumaczenie pojawia się od razu."),
    "tr_example": ("The fire is warm and the tea is ready.", "The fire is warm and the tea is ready."),
    "tr_detected": ("{language}, {n} % sure", "{language}, na {n} %"),
    "tr_missing": (
        "{source} → {target} is not on this machine yet. It takes {size}.",
        "Pary {source} → {target} nie ma jeszcze na tym komputerze. Zajmie {size}.",
    ),
    "tr_same": ("Choose two languages.", "Wybierz dwa różne języki."),
    "tr_fetch": ("Download {size}", "Pobierz {size}"),
}
