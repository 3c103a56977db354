"""What Polish abbreviations and acronyms are in words."""

from engines.spoken.rules import word_set

# Do not decline. With a full stop each, which is listed without.
FIXED = {
    "np": "na przykład", "m.in": "między innymi", "itd": "i tak dalej", "itp": "i tym podobne", "tzn": "to znaczy",
    "tj": "to jest", "ok": "około", "wg": "według", "zob": "zobacz", "por": "porównaj", "p.n.e": "przed naszą erą",
    "n.e": "naszej ery", "ds": "do spraw", "ws": "w sprawie", "im": "imienia", "pt": "pod tytułem",
    "br": "bieżącego roku", "ub.r": "ubiegłego roku", "bm": "bieżącego miesiąca", "dn": "dnia",
    "cdn": "ciąg dalszy nastąpi", "jw": "jak wyżej", "ww": "wyżej wymieniony", "ew": "ewentualnie",
    "ewent": "ewentualnie", "tel": "telefon", "ur": "urodzony", "zm": "zmarły",
    "ang": "angielskie", "łac": "łacińskie", "niem": "niemieckie", "fr": "francuskie", "gł": "główny",
    "max": "maksymalnie", "min": "minimum",
    "maks": "maksymalnie", "śr": "średnio", "oprac": "opracował", "red": "redakcja", "wyd": "wydanie",
    "tłum": "tłumaczenie", "przyp": "przypis", "tys": "tysięcy", "mies": "miesięcznie", "godz": "godzina",
    "etc": "et cetera", "sp. z o.o": "spółka z ograniczoną odpowiedzialnością",
    "sp. z o. o": "spółka z ograniczoną odpowiedzialnością", "S.A": "spółka akcyjna", "sp.j": "spółka jawna",
    "Dz.U": "Dziennik Ustaw", "Dz. U": "Dziennik Ustaw",
    "k.c": "kodeksu cywilnego", "k.k": "kodeksu karnego", "k.p": "kodeksu pracy",
    "m.st": "miasta stołecznego", "n.p.m": "nad poziomem morza", "b.d": "brak danych", "c.d": "ciąg dalszy",
    "j.m": "jednostka miary", "i in": "i inni", "p.o": "pełniący obowiązki",
    "płd": "południowy", "płn": "północny", "zach": "zachodni", "wsch": "wschodni",
    "str": "strona", "rozdz": "rozdział", "wym": "wymiary", "zał": "załącznik",
    "tab": "tabela", "rys": "rysunek", "proc": "procent", "temp": "temperatura",
}  # fmt: skip
# Of these, which can end a sentence. "Pomóż im." and "Kupił por." hold a word, not an abbreviation.
CLOSING = word_set("""
    itd itp etc n.e p.n.e br ub.r bm cdn jw S.A sp.j n.p.m b.d c.d max min maks tys mies godz proc ww tel k.c k.k k.p
""") | {"i in", "sp. z o.o", "sp. z o. o"}
# Do not decline and have no full stop.
BARE = {"wg": "według", "ds": "do spraw", "ws": "w sprawie", "jw": "jak wyżej", "vs": "kontra", "ok": "okej"}
BARE |= {"mgr inż": "magister inżynier", "cdn": "ciąg dalszy nastąpi"}
# Decline by what stands before them: the place names that follow do not.
PLACES = {"ul": "ulica", "pl": "plac", "al": "aleja", "os": "osiedle"}
PLACES |= {"woj": "województwo", "pow": "powiat", "gm": "gmina"}
# Decline with the name that follows, of a man; of a woman they stay as they are.
TITLES = {
    "dr": "doktor", "prof": "profesor", "inż": "inżynier", "mgr": "magister", "ks": "ksiądz", "bp": "biskup",
    "gen": "generał", "płk": "pułkownik", "kpt": "kapitan", "mjr": "major", "por": "porucznik", "red": "redaktor",
    "min": "minister",
}  # fmt: skip
# A number follows, as an ordinal: "strona piąta". False: as a cardinal, "numer pięć".
NUMBERED = {
    "str": ("strona", True), "s": ("strona", True), "art": ("artykuł", True), "ust": ("ustęp", True),
    "§": ("paragraf", True), "rozdz": ("rozdział", True), "t": ("tom", True), "nr": ("numer", False),
    "pkt": ("punkt", True), "rys": ("rysunek", False), "tab": ("tabela", False), "poz": ("pozycja", False),
    "lit": ("litera", False),
}  # fmt: skip
# After these nouns a number is read as an ordinal that agrees with them.
ORDINAL_NOUNS = word_set("""
    rozdział strona artykuł ustęp paragraf tom klasa akapit część etap lekcja sezon odcinek peron tor rocznik
""")

LETTERS = {
    "A": "a", "Ą": "ą", "B": "be", "C": "ce", "Ć": "cie", "D": "de", "E": "e", "Ę": "ę", "F": "ef", "G": "gie",
    "H": "ha", "I": "i", "J": "jot", "K": "ka", "L": "el", "Ł": "eł", "M": "em", "N": "en", "Ń": "eń", "O": "o",
    "Ó": "o", "P": "pe", "Q": "ku", "R": "er", "S": "es", "Ś": "eś", "T": "te", "U": "u", "V": "fał", "W": "wu",
    "X": "iks", "Y": "igrek", "Z": "zet", "Ź": "ziet", "Ż": "żet",
}  # fmt: skip
# Capitals that are read as a word.
WORDS = word_set("""
    NATO UNESCO UNICEF ZUS PIT VAT CIT PESEL REGON NIP KRUS OPEC NASA AIDS FIFA UEFA ONET LOT ORLEN WOŚP PAN PIN
    SIM RAM ROM COVID LASER MEN MON SOR GUS WAT BIK BIP GOPR TOPR ASEAN RODO JSON OLED CERN PAP BOŚ SOKiK PAL
    SLOT NIK UOKiK
""")
# Capitals with a saying of their own.
SAID = {
    "AI": "ej aj", "IT": "aj ti", "API": "a pe i", "TV": "te wu", "CV": "si wi", "DJ": "didżej", "PR": "pi ar",
    "HR": "ha er", "UI": "ju aj", "UX": "ju iks", "DNA": "de en a", "USB": "u es be", "OK": "okej",
    "ID": "aj di", "PC": "pe ce", "CEO": "si i ou", "CIA": "si aj ej", "BBC": "bi bi si", "IBM": "aj bi em",
    "GPS": "dżi pi es", "GPT": "dżi pi ti", "IQ": "i ku",
}  # fmt: skip
# Capitals that are read by their letters although they could be said.
SPELLED = word_set("""
    USA UE ONZ AGH UW UJ AM PO PE URM UAM IPN OSP RPO SA AK UPC AWS EU UK US UN OS IP FAQ LED ISO EKG USG HIV
    ABW CBA AGD OFE UPO KO PSL SLD AWF ZOZ NFZ IMGW ETF IKE ISBN IBAN URL PDF
""")
