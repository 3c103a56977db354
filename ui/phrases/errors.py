"""Phrases that head an error, by its code."""

ERRORS: dict[str, tuple[str, str]] = {
    "error": ("Something went wrong", "Coś poszło nie tak"),
    "error_id": (
        "Please try again. If it happens again, the server log has it under {id}.",
        "Spróbuj ponownie. Jeśli się powtórzy, w logu serwera jest pod {id}.",
    ),
    "error_studio_error": ("Something went wrong", "Coś poszło nie tak"),
    "error_invalid_request": ("That request can't be done", "Tego nie da się zrobić"),
    "error_input_too_large": ("That is too large", "To jest za duże"),
    "error_not_found": ("Not found", "Nie znaleziono"),
    "error_model_not_found": ("Unknown model", "Nieznany model"),
    "error_model_not_installed": ("This model is not installed yet", "Tego modelu jeszcze nie ma"),
    "error_conflict": ("Changed elsewhere", "Zmieniono gdzie indziej"),
    "error_precondition_failed": ("Changed elsewhere", "Zmieniono gdzie indziej"),
    "error_forbidden": ("Not allowed", "Niedozwolone"),
    "error_lane_full": ("Too many jobs are waiting", "Czeka zbyt wiele zadań"),
    "error_engine_missing": ("A part is not installed", "Brakuje części programu"),
    "error_model_damaged": ("The model's files are damaged", "Pliki modelu są uszkodzone"),
    "error_does_not_fit": ("Not enough memory", "Za mało pamięci"),
    "error_engine_failed": ("The engine failed", "Silnik zawiódł"),
    "error_provider_failed": ("The model's server failed", "Serwer modelu zawiódł"),
    "error_provider_unreachable": ("The model's server does not answer", "Serwer modelu nie odpowiada"),
    "error_download_failed": ("The download failed", "Pobieranie nie powiodło się"),
    "error_storage_failed": ("The data folder can't be written", "Nie można zapisać w folderze danych"),
    "error_interrupted": ("Interrupted", "Przerwano"),
}
