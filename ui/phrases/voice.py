"""Phrases of conversations by voice, in the Chat panel."""

VOICE: dict[str, tuple[str, str]] = {
    "vc_open": ("Talk by voice", "Rozmawiaj głosem"),
    "vc_name": ("Conversation by voice", "Rozmowa głosem"),
    "vc_free": ("Hands-free", "Bez rąk"),
    "vc_talk": ("Hold to talk", "Przytrzymaj i mów"),
    "vc_send": ("Done talking", "Koniec wypowiedzi"),
    "vc_hush": ("Interrupt", "Przerwij"),
    "vc_close": ("End", "Zakończ"),
    "vc_opening": ("Asking for the microphone…", "Proszę o mikrofon…"),
    "vc_listening": ("Listening. Just speak.", "Słucham. Po prostu mów."),
    "vc_idle": (
        "Hold the button or the space bar and speak. A short press starts, another one ends.",
        "Przytrzymaj przycisk albo spację i mów. Krótkie naciśnięcie zaczyna, następne kończy.",
    ),
    "vc_hearing": ("I hear you…", "Słyszę cię…"),
    "vc_writing": ("Writing down what you said…", "Zapisuję, co mówisz…"),
    "vc_thinking": ("Thinking…", "Myślę…"),
    "vc_speaking": (
        "Speaking. Talk over it or press Esc to interrupt.",
        "Mówię. Odezwij się albo naciśnij Esc, aby przerwać.",
    ),
    "vc_refused": ("The voice is closed.", "Głos jest wyłączony."),
    "vc_nothing": ("I heard no words. Say it again.", "Nie usłyszałem słów. Powiedz jeszcze raz."),
    "vc_denied": (
        "The browser may not use the microphone. Allow it beside the address, then open the voice again.",
        "Przeglądarka nie może użyć mikrofonu. Zezwól na to obok adresu strony i otwórz głos ponownie.",
    ),
    "vc_none": (
        "No microphone was found. Connect one, then open the voice again.",
        "Nie znaleziono mikrofonu. Podłącz go i otwórz głos ponownie.",
    ),
    "vc_insecure": (
        "Browsers give the microphone only to https addresses and to this machine's own. Open Hearth at "
        "http://127.0.0.1 on the machine where it runs, or behind https.",
        "Przeglądarki dają mikrofon tylko adresom https i temu komputerowi. Otwórz Hearth pod adresem "
        "http://127.0.0.1 na komputerze, na którym działa, albo przez https.",
    ),
    "vc_busy": (
        "The microphone can't be used just now. Close the program that has it, then open the voice again.",
        "Mikrofon jest teraz niedostępny. Zamknij program, który go używa, i otwórz głos ponownie.",
    ),
    "vc_took": ("first sound after {n} s", "pierwszy dźwięk po {n} s"),
    "vc_warming": ("Loading the models…", "Wczytuję modele…"),
    "vc_only": (
        "The models here hear {language} only. For others take a multilingual Whisper, a voice and a chat model.",
        "Tutejsze modele słyszą tylko ten język: {language}. Po więcej pobierz wielojęzycznego Whispera, głos "
        "i model czatu.",
    ),
    "vc_robotic": (
        "No voice here speaks {language} well, so a robotic one does. The Speech panel has better ones to download.",
        "Nie ma tu dobrego głosu na język: {language}, więc mówi głos robota. Lepsze pobierzesz w panelu Mowa.",
    ),
    "vc_silent": ("The reply can be read, not heard.", "Odpowiedź można przeczytać, ale nie usłyszeć."),
    "vc_temporary": (
        "A temporary chat keeps no word, and what is spoken is written to the log. Begin a new chat to talk by voice.",
        "Czat tymczasowy nie zapisuje ani słowa, a mowa trafia do dziennika. Zacznij nowy czat, aby rozmawiać głosem.",
    ),
    "vc_kept": (
        "Your voice is not kept, only its text.",
        "Twój głos nie jest zachowywany, tylko jego tekst.",
    ),
}
