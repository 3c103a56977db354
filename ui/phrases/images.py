"""Phrases of the Images panel."""

IMAGES: dict[str, tuple[str, str]] = {
    "im_title": ("Images", "Obrazy"),
    "im_prompt": ("What should be seen?", "Co ma być widać?"),
    "im_prompt_hint": ("Describe the picture…", "Opisz obraz…"),
    "im_go": ("Make the image", "Utwórz obraz"),
    "im_empty": ("Describe a picture, or start with this one:", "Opisz obraz albo zacznij od tego:"),
    "im_example": ("a small house at night, warm light in the window", "mały dom nocą, ciepłe światło w oknie"),
    "im_not_installed": (
        "Drawing is not installed. Run {command} in Hearth's folder, then start it again.",
        "Rysowanie nie jest zainstalowane. Wpisz {command} w folderze Hearth i uruchom go ponownie.",
    ),
    "im_none": (
        "No image model is installed yet. Fetch one from the Hugging Face Hub in Models.",
        "Nie ma jeszcze modelu obrazów. Pobierz go z Hugging Face Hub w Modelach.",
    ),
    "im_negative": ("What should not be seen", "Czego ma nie być"),
    "im_width": ("Width, px", "Szerokość, px"),
    "im_height": ("Height, px", "Wysokość, px"),
    "im_steps": ("Steps", "Kroki"),
    "im_guidance": ("Guidance", "Wierność opisowi"),
    "im_seed": ("Seed", "Ziarno"),
    "im_count": ("How many", "Ile obrazów"),
    "im_default": ("model's own", "jak w modelu"),
    "im_random": ("random", "losowe"),
    "im_one": ("1", "1"),
    "im_number": (
        "“{text}” is not a number. Write one, or leave it blank.",
        "„{text}” nie jest liczbą. Wpisz liczbę albo zostaw puste.",
    ),
    "im_whole": (
        "“{text}” is not a whole number. Write one, or leave it blank.",
        "„{text}” nie jest liczbą całkowitą. Wpisz taką albo zostaw puste.",
    ),
    "im_preview": ("The picture as it forms", "Powstający obraz"),
    "im_alt": ("Image: {prompt}", "Obraz: {prompt}"),
    "im_save": ("Save this image", "Zapisz obraz"),
    "im_figures": ("{width} × {height} · seed {seed}", "{width} × {height} · ziarno {seed}"),
}
