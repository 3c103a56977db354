"""Phrases of the prompt templates."""

TEMPLATES: dict[str, tuple[str, str]] = {
    "tp_title": ("Prompt templates", "Szablony poleceń"),
    "tp_name": ("Template", "Szablon"),
    "tp_name_hint": (
        "Choose one to change it, or type a new name. Type / in the message box to insert one.",
        "Wybierz, aby zmienić, albo wpisz nową nazwę. Wpisz / w polu wiadomości, aby wstawić.",
    ),
    "tp_text": ("What it says", "Treść"),
    "tp_text_hint": (
        "Double braces ask for a value: {{topic}}, or {{tone|friendly}} with a default. {{date}}, {{time}}, "
        "{{language}} and {{clipboard}} fill themselves in.",
        "Podwójne nawiasy pytają o wartość: {{topic}} albo {{ton|życzliwy}} z wartością domyślną. {{date}}, "
        "{{time}}, {{language}} i {{clipboard}} wypełniają się same.",
    ),
    "tp_choose": ("Choose a template first.", "Najpierw wybierz szablon."),
    "tp_restore": ("Bring back the examples", "Przywróć przykłady"),
    "tp_restored": ("The templates that came along are back.", "Dołączone szablony wróciły."),
    "tp_export": ("Export my templates", "Eksportuj moje szablony"),
    "tp_imported": (
        "{n} new template was imported.|{n} new templates were imported.",
        "Zaimportowano {n} nowy szablon.|Zaimportowano {n} nowe szablony.|Zaimportowano {n} nowych szablonów.",
    ),
    "tp_manage": ("Change templates…", "Zmień szablony…"),
    "tp_insert": ("Insert", "Wstaw"),
    "tp_paste": ("Paste", "Wklej"),
}
