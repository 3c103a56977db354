"""What people say in Polish to have a sound edited, each phrase with the step that it means."""

import re
from collections.abc import Sequence

from contract.audio import Cut, Gain, Normalise, RemoveSilence, Reverse, Step, Trim
from studio.sound.instructions import common
from studio.sound.instructions.common import Rule, rule
from studio.sound.instructions.quantities import number

FILLERS = re.compile(
    r"\b(?:proszę|poproszę|teraz|tylko że|czy możesz|możesz|mógłbyś|mogłabyś|chcę|chciałbym|"
    r"chciałabym|żebyś|trzeba|jeszcze|także|również|"
    r"najpierw|na koniec(?=\s+(?:zapisz|znormalizuj|odwróć|przyspiesz|zwolnij|podziel|wyeksportuj|usuń))|mi)\b"
)
STRONG = re.compile(
    r"\s*(?:;|\.(?=\s|$)|,?\s*\ba potem\b|,?\s*\bpotem\b|,?\s*\ba następnie\b|,?\s*\bnastępnie\b|"
    r",?\s*\bpo czym\b|,?\s*\bpóźniej\b)\s*"
)
WEAK = re.compile(r"\s*(?:,\s*(?:i|a|oraz)\b|,|\bi\b|\boraz\b|\ba także\b)\s*")
VERB = re.compile(
    r"^(?:wytnij|usuń|utnij|obetnij|skasuj|przytnij|zostaw|zachowaj|podziel|ustaw|zapisz|ścisz|"
    r"wycisz|podgłośnij|przyspiesz|zwolnij)\b"
)

THING = (
    r"(?:nagrani[ea]|dźwięku?|pliku?|ścieżk[ęi]|utworu?|głosu?|mow[ęy]|rozmow[ęy]|podcastu?|klipu?|"
    r"całość|całości|wszystko|to|je|go|ją)"
)
OBJECT = rf"(?: (?:(?:cał[eyąa]|całego|to|ten|tę|tego|mojego|moje|mój) )?{THING})?"
REMOVE = r"(?:wytnij|usuń|utnij|obetnij|skasuj|wywal|odetnij|wyrzuć|przytnij|pomiń|pozbądź się|skróć o)"
KEEP = r"(?:zostaw|zachowaj|pozostaw|wyodrębnij)(?: tylko| jedynie| same?| wyłącznie)?"
PART = r"(?: fragment| środek| część| kawałek| odcinek| wszystko| dźwięk| to, co jest| to co jest)?"
FIRST = r" (?:pierwsz(?:e|ą|y|ych|ej|a)|początkow(?:e|ą|ych|ej))"
LAST = r" (?:ostatni(?:e|ą|ch|ej|a)?|końcow(?:e|ą|ych|ej))"
START = r"(?:początek|początku|poczatku|wstęp|wstępie|start|startu)"
END = r"(?:koniec|końca|końcu|końcówkę|końcówki|końcówce)"
T, TN = r"(@t[\d.]+)", r"(@[tn][\d.]+)"
PLACE = rf"(@t[\d.]+|{START}|{END})"
TO = r"(?:do|a|i|-|po)"
OVER = r"(?:,? (?:przez|w ciągu|na|o długości|trwające|trwający|w|po|o|długości)(?: pierwsze| ostatnie)?)?"
FORMAT = r"(?:pliku? |formatu? |formacie )?(mp3|wav|flac|opus|ogg|m4a|aac)(?:-?a|-?u)?"
LITTLE, MUCH = r"(?:trochę|nieco|lekko|odrobinę|delikatnie)", r"(?:dużo|mocno|znacznie|bardzo|silnie)"
SMOOTH = r"(?:stopniowo|płynnie|łagodnie|powoli|delikatnie)"
SMOOTH_A = r"(?:stopniowe|płynne|łagodne|powolne|delikatne)"


def place(token: str) -> float | None:
    """Return a place in seconds; None: the end."""
    if token.startswith("@"):
        return number(token)
    return None if re.fullmatch(END, token) else 0.0


def _cut(first: str, last: str) -> Step:
    return Cut(start_s=place(first) or 0.0, end_s=place(last))


def _keep(first: str, last: str) -> Step:
    return Trim(start_s=place(first) or 0.0, end_s=place(last))


RULES: Sequence[Rule] = (
    # Wycinanie i zostawianie
    rule(rf"{REMOVE}(?: o)?{FIRST} {T}{OBJECT}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE}(?: o)?{LAST} {T}{OBJECT}", lambda m: Cut(start_s=-number(m[1]))),
    rule(rf"{REMOVE} {T} (?:z|od|na|ze) {START}{OBJECT}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE} {T} (?:z|od|na) {END}{OBJECT}", lambda m: Cut(start_s=-number(m[1]))),
    rule(rf"{REMOVE} (?:z|od|na) {START}{OBJECT} {T}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE} (?:z|od|na) {END}{OBJECT} {T}", lambda m: Cut(start_s=-number(m[1]))),
    rule(rf"{REMOVE} {START} do {T}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE} {END} od {T}", lambda m: Cut(start_s=number(m[1]))),
    rule(rf"(?:przytnij|wykadruj){OBJECT} do(?:{FIRST})? {T}", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"(?:przytnij|wykadruj){OBJECT} do{LAST} {T}", lambda m: Trim(start_s=-number(m[1]))),
    rule(
        rf"przytnij{OBJECT} do (?:fragmentu|części) (?:od|między|pomiędzy) {PLACE} {TO} {PLACE}",
        lambda m: _keep(m[1], m[2]),
    ),
    rule(rf"{REMOVE}{PART} (?:od|między|pomiędzy|z) {PLACE} {TO} {PLACE}", lambda m: _cut(m[1], m[2])),
    rule(rf"{REMOVE}{PART} {T} {TO} {T}", lambda m: _cut(m[1], m[2])),
    rule(rf"{REMOVE}{PART} (?:po|od) {T}(?: do {END})?", lambda m: Cut(start_s=number(m[1]))),
    rule(rf"{REMOVE}{PART} (?:przed|do) {T}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{KEEP}{PART}{FIRST} {T}{OBJECT}", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"{KEEP}{PART}{LAST} {T}{OBJECT}", lambda m: Trim(start_s=-number(m[1]))),
    rule(rf"{KEEP}{PART} (?:od|między|pomiędzy|z) {PLACE} {TO} {PLACE}", lambda m: _keep(m[1], m[2])),
    rule(rf"{KEEP}{PART} {T} {TO} {T}", lambda m: _keep(m[1], m[2])),
    rule(rf"{KEEP}{PART} (?:po|od) {T}", lambda m: Trim(start_s=number(m[1]))),
    rule(rf"{KEEP}{PART} (?:przed|do) {T}", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"(?:skróć|ogranicz){OBJECT} do {T}", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"zacznij{OBJECT} od {T}", lambda m: Trim(start_s=number(m[1]))),
    rule(rf"zakończ{OBJECT} (?:po|na|w) {T}", lambda m: Trim(end_s=number(m[1]))),
    # Wyciszanie
    # A level that is changed all along is another step: some word must say that it goes gradually.
    *common.fades(
        both=(
            rf"(?:(?:dodaj|zrób|zastosuj) )?(?:{SMOOTH_A} )?(?:fade[- ]in i fade[- ]out|zgłośnienie i "
            rf"wyciszenie|wejście i wyjście|(?:{SMOOTH} )?wycisz(?:enie)? (?:na )?{START} i (?:na "
            rf")?{END}){OVER}(?:,? {TN})?"
        ),
        way_in=(
            rf"(?:(?:dodaj|zrób|zastosuj|daj) )?(?:{SMOOTH_A} |{SMOOTH} )?(?:fade[- ]in|narastanie|"
            rf"wejście|zgłośnienie|zgłośnij(?:aj)?|podgłośnij|pogłośnij|wprowadź){OBJECT}(?: "
            rf"{SMOOTH})?(?: na {START}| od ciszy| od zera| {START})?{OVER}(?:,? {TN})?(?: na "
            rf"{START})?"
        ),
        way_out=(
            rf"(?:(?:dodaj|zrób|zastosuj|daj) )?(?:{SMOOTH_A} |{SMOOTH} )?(?:fade[- ]out|wyciszenie|"
            rf"ściszenie|zanik(?:anie)?|wyjście|wycisz(?:aj)?|ścisz(?:aj)?|wygaś|wygaszenie)"
            rf"{OBJECT}(?: {SMOOTH})?(?: na {END}| {END}| do zera| do ciszy)?{OVER}(?:,? {TN})?(?: na "
            rf"{END})?"
        ),
        in_needs=rf"fade|narastanie|wejście|zgłośnienie|{SMOOTH}|{SMOOTH_A}|na {START}|od ciszy|od zera|@[tn]",
        out_needs=rf"fade|zanik|wyciszenie|wygaś|wygaszenie|wyjście|{SMOOTH}|{SMOOTH_A}|{END}|do zera|do ciszy|@[tn]",
    ),
    rule(rf"(?:wycisz|ścisz|wygaś)(?: {SMOOTH})?{LAST} {T}", lambda m: common.fade(out_s=number(m[1]))),
    rule(rf"{SMOOTH} (?:wycisz|ścisz|wygaś){LAST} {T}", lambda m: common.fade(out_s=number(m[1]))),
    # Poziom
    rule(
        (
            rf"(?:wycisz|wytłum|zagłusz)(?: całkiem| zupełnie| całkowicie)?{PART} (?:od|między|"
            rf"pomiędzy) {PLACE} {TO} {PLACE}"
        ),
        lambda m: Gain(db=common.MUTE_DB, start_s=place(m[1]) or 0.0, end_s=place(m[2])),
    ),
    *common.levels(
        up=(
            rf"(?:podgłośnij|pogłośnij|zgłośnij|wzmocnij|(?:zwiększ|podnieś)(?: głośność| poziom)|"
            rf"(?:zrób |niech będzie )?głośniej){OBJECT}"
        ),
        down=rf"(?:ścisz|przycisz|(?:zmniejsz|obniż)(?: głośność| poziom)|(?:zrób |niech będzie )?ciszej){OBJECT}",
        said_up=r"głośnij|wzmocnij|zwiększ|podnieś|głośniej",
        said_down=r"ścisz|przycisz|zmniejsz|obniż|ciszej",
        by=" o",
        little=LITTLE,
        much=MUCH,
        about="głoś|cisz|poziom|wzmocnij",
    ),
    rule(r"(?:zrób )?@x2 głośniej", lambda m: Gain(db=6.0)),
    rule(r"(?:zrób )?@x2 ciszej", lambda m: Gain(db=-6.0)),
    rule(
        (
            rf"(?:znormalizuj|wyrównaj|normalizacja)(?: głośność| głośności| poziom| "
            rf"poziomy)?{OBJECT}(?: do| na)? @[ldn](-?[\d.]+)"
        ),
        lambda m: common.normalise(m[1]),
    ),
    rule(rf"ustaw(?: głośność| poziom)?{OBJECT}(?: na| do)? @l(-?[\d.]+)", lambda m: common.normalise(m[1])),
    rule(rf"(?:znormalizuj|wyrównaj)(?: głośność| poziom| poziomy)?{OBJECT}", lambda m: Normalise()),
    rule(
        (
            rf"(?:znormalizuj|przygotuj|ustaw|dostosuj)(?: głośność)?{OBJECT} (?:do|pod|dla) (podcast|"
            rf"radi|telewizji|muzyki|spotify|youtube)\w*"
        ),
        lambda m: common.purpose(m[1]),
    ),
    # Tempo i wysokość
    rule(
        (
            rf"(?:przyspiesz|przyśpiesz|zwiększ tempo){OBJECT}(?: {LITTLE})?|(?:odtwórz{OBJECT} |"
            rf"puść{OBJECT} |zrób )?(?:{LITTLE} )?szybciej"
        ),
        lambda m: common.speed(1.25),
    ),
    rule(
        (
            rf"(?:zwolnij|spowolnij|zmniejsz tempo){OBJECT}(?: {LITTLE})?|(?:odtwórz{OBJECT} |"
            rf"puść{OBJECT} |zrób )?(?:{LITTLE} )?wolniej"
        ),
        lambda m: common.speed(0.8),
    ),
    rule(
        (
            rf"(?:przyspiesz|przyśpiesz|zwiększ tempo|podnieś tempo|zwiększ prędkość){OBJECT} o "
            rf"@p([\d.]+)|(?:zrób |odtwórz )?@p([\d.]+) szybciej|(?:zrób |odtwórz )?szybciej o "
            rf"@p([\d.]+)"
        ),
        lambda m: common.speed(1 + float(m[1] or m[2] or m[3]) / 100),
    ),
    rule(
        (
            rf"(?:zwolnij|spowolnij|zmniejsz tempo|obniż tempo|zmniejsz prędkość){OBJECT} o @p([\d.]+)"
            rf"|(?:zrób |odtwórz )?@p([\d.]+) wolniej|(?:zrób |odtwórz )?wolniej o @p([\d.]+)"
        ),
        lambda m: common.speed(1 - float(m[1] or m[2] or m[3]) / 100),
    ),
    rule(
        (
            rf"(?:przyspiesz|przyśpiesz){OBJECT}(?: do)? @x([\d.]+)|(?:odtwórz{OBJECT} |puść{OBJECT} |"
            rf"zrób )?@x([\d.]+) szybciej"
        ),
        lambda m: common.speed(float(m[1] or m[2])),
    ),
    rule(
        rf"(?:zwolnij|spowolnij){OBJECT} @x([\d.]+)|(?:odtwórz{OBJECT} |puść{OBJECT} |zrób )?@x([\d.]+) wolniej",
        lambda m: common.speed(1 / float(m[1] or m[2])),
    ),
    rule(
        rf"(?:ustaw|zmień|odtwórz)(?: tempo| prędkość)?{OBJECT}(?: na| do| z prędkością| w tempie)? @p([\d.]+)",
        lambda m: common.speed(float(m[1]) / 100),
        needs="tempo|prędkość|prędkości|tempie",
    ),
    rule(
        (
            rf"(?:podnieś|podwyższ|zwiększ|przesuń)(?: ton| wysokość| tonację| tonacje)?{OBJECT}(?: w "
            rf"górę)? o @s([\d.]+)|(?:zrób )?(?:wyżej )?o @s([\d.]+) wyżej|(?:zrób )?wyżej o "
            rf"@s([\d.]+)"
        ),
        lambda m: common.pitch(float(m[1] or m[2] or m[3])),
    ),
    rule(
        (
            rf"(?:obniż|zmniejsz|opuść)(?: ton| wysokość| tonację)?{OBJECT}(?: w dół)? o @s([\d.]+)|"
            rf"(?:zrób )?o @s([\d.]+) niżej|(?:zrób )?niżej o @s([\d.]+)"
        ),
        lambda m: common.pitch(-float(m[1] or m[2] or m[3])),
    ),
    rule(rf"(?:podnieś|podwyższ)(?: ton| wysokość| tonację){OBJECT}(?: {LITTLE})?", lambda m: common.pitch(3)),
    rule(rf"obniż(?: ton| wysokość| tonację){OBJECT}(?: {LITTLE})?", lambda m: common.pitch(-3)),
    # Całość
    rule(
        rf"odwróć{OBJECT}|(?:odtwórz|puść|zagraj|zrób){OBJECT} (?:od tyłu|wspak|do tyłu)|od tyłu", lambda m: Reverse()
    ),
    rule(
        (
            rf"(?:{REMOVE}|skróć|zmniejsz)(?: wszystkie| wszystkich)?(?: długie| długich| zbędne| "
            rf"zbędnych)? (?:cisz[ęey]|pauzy|pauz|przerwy|przerw|ciche (?:fragmenty|miejsca|części))"
        ),
        lambda m: RemoveSilence(),
    ),
    rule(
        (
            rf"(?:{REMOVE}|skróć)(?: wszystkie)? (?:cisz[ęey]|pauzy|pauz|przerwy|przerw) "
            rf"(?:dłuższ[eay](?:ch)? niż|ponad|powyżej|dłuższ[ey](?:ch)? od) {T}(?: do {T})?"
        ),
        lambda m: common.pauses(m[1], m[2]),
    ),
    rule(
        (rf"skróć(?: wszystkie)?(?: długie)? (?:cisz[ęey]|pauzy|przerwy) do {T}"), lambda m: common.pauses(None, m[1])
    ),
    *common.noise(
        (
            rf"(?:{REMOVE}|zredukuj|zmniejsz|stłum|ogranicz|wycisz|zlikwiduj|odfiltruj)(?: cały)? "
            rf"(?:szum(?:y|u|ów)?|hałas(?:y|u)?|zakłócenia|zakłóceń|brum(?:ienie)?|buczenie|syczenie|"
            rf"trzaski)(?: tła| w tle| z tła| z nagrania)?|odszum(?:ij)?{OBJECT}|(?:oczyść|wyczyść)"
            rf"{OBJECT}|redukcja szumu"
        ),
        by=" o",
        little=LITTLE,
        much=MUCH,
    ),
    # Części i formaty
    rule(
        (
            rf"(?:podziel|potnij|rozdziel|rozbij){OBJECT} na @n(\d+)(?: równ[eyc]h?| "
            rf"jednakow[eyc]h?)?(?: części| kawałk(?:i|ów)| plik(?:i|ów)| fragment(?:y|ów)| "
            rf"odcink(?:i|ów))?"
        ),
        lambda m: common.parts(m[1]),
    ),
    rule(
        rf"(?:podziel|potnij|przetnij|rozdziel){OBJECT} na (?:pół|połowy|połowę|dwie części)",
        lambda m: common.parts("2"),
    ),
    rule(rf"(?:podziel|potnij|tnij|rozdziel){OBJECT} co {T}", lambda m: common.every(m[1])),
    rule(
        rf"(?:podziel|potnij|rozdziel){OBJECT} na (?:części|kawałki|fragmenty|pliki|odcinki) po {T}",
        lambda m: common.every(m[1]),
    ),
    rule(
        rf"(?:podziel|potnij|rozdziel|przetnij){OBJECT} (?:w|na|po) ((?:(?:,? ?i |, ?| )?(?:w |na |po )?@t[\d.]+)+)",
        lambda m: common.places(m[1]),
    ),
    rule(
        (
            rf"(?:zapisz|wyeksportuj|eksportuj|przekonwertuj|konwertuj|skonwertuj|zamień|przerób|"
            rf"zakoduj|pobierz){OBJECT}(?: jako| do| na| w)? {FORMAT}(?:,? (?:z|w|przy|o|z "
            rf"przepływnością|z jakością)?(?: bitrate|przepływności|jakości)? ?@k(\d+))?(?:,? (?:w |i "
            rf")?(mono|stereo))?"
        ),
        lambda m: common.form(m[1], m[2], m[3]),
    ),
    rule(
        (
            rf"(?:zrób|zamień|przerób|zapisz|zmień|ustaw|przekonwertuj|zmiksuj)?{OBJECT}(?: do| na| w|"
            rf" jako)? ?(mono|stereo)"
        ),
        lambda m: common.form(None, None, m[1]),
    ),
    rule(
        (
            rf"(?:ustaw|zmień|przekonwertuj|przepróbkuj)(?: próbkowanie| częstotliwość(?: "
            rf"próbkowania)?)?{OBJECT}(?: na| do)? @h(\d+)"
        ),
        lambda m: common.rate(m[1]),
    ),
    rule(
        (
            r"(?:ustaw |dodaj |nadaj |wpisz |daj )?(?:tag )?(tytuł|wykonawca|wykonawcę|autor|album|"
            r"gatunek|komentarz)(?: na| jako|:)? @q(\d+)"
        ),
        lambda m: common.tag(m[1], m[2]),
    ),
    rule(rf"(?:nazwij|zatytułuj){OBJECT} @q(\d+)", lambda m: common.tag("title", m[1])),
    rule(
        (
            rf"(?:połącz|dołącz|doklej|złącz|dodaj|sklej){OBJECT}(?: z| do)?(?: nagranie| nagraniem)? "
            rf"@q(\d+)(?: na {END})?"
        ),
        lambda m: common.join(m[1]),
    ),
)
