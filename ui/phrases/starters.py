"""Phrases for what the starters can't do."""

STARTERS: dict[str, tuple[str, str]] = {
    "note_smollm2-135m": (
        "A tiny starter model: quick, but it knows little and makes things up. It has no Polish. "
        "Fetch a stronger one in Models.",
        "Malutki model na początek: szybki, ale wie mało i zmyśla. Nie zna polskiego, pisz po angielsku. "
        "Mocniejszy pobierzesz w Modelach.",
    ),
    "note_whisper-tiny.en": (
        "The starter hears English only.",
        "Model na początek rozumie tylko angielski.",
    ),
    "note_en_us-joe-medium": (
        "The starter voice speaks English only.",
        "Głos na początek mówi tylko po angielsku.",
    ),
    "note_hearth-icons": (
        "The starter draws small icons, not photographs: faces, hearts, animals, plants, food and drink.",
        "Model na początek rysuje małe ikony, nie zdjęcia: twarze, serca, zwierzęta, rośliny, jedzenie i napoje.",
    ),
    "note_echo": (
        "Demo: this stands in for a model and repeats what it gets.",
        "Demo: to zastępuje model i powtarza to, co dostanie.",
    ),
}
