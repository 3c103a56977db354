"""What English abbreviations, units, currencies and acronyms are in words."""

from engines.spoken.rules import word_set

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
MONTH_SHORT = {"Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Sept": 9}
MONTH_SHORT |= {"Oct": 10, "Nov": 11, "Dec": 12}
DAYS = {"Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday"}
DAYS |= {"Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday"}

# One, many, the hundredth one, the hundredth many; no hundredth: read as a decimal.
CURRENCIES: dict[str, tuple[str, str, str, str]] = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
    "€": ("euro", "euros", "cent", "cents"),
    "¥": ("yen", "yen", "", ""),
    "₹": ("rupee", "rupees", "paisa", "paise"),
    "₩": ("won", "won", "", ""),
    "₿": ("bitcoin", "bitcoins", "", ""),
    "zł": ("zloty", "zlotys", "grosz", "groszy"),
    "USD": ("US dollar", "US dollars", "cent", "cents"),
    "CAD": ("Canadian dollar", "Canadian dollars", "cent", "cents"),
    "AUD": ("Australian dollar", "Australian dollars", "cent", "cents"),
    "CHF": ("Swiss franc", "Swiss francs", "", ""),
    "CZK": ("Czech crown", "Czech crowns", "", ""),
    "SEK": ("Swedish krona", "Swedish kronor", "", ""),
    "NOK": ("Norwegian krone", "Norwegian kroner", "", ""),
    "DKK": ("Danish krone", "Danish kroner", "", ""),
    "CNY": ("yuan", "yuan", "", ""),
}
CURRENCIES |= {"EUR": CURRENCIES["€"], "GBP": CURRENCIES["£"], "JPY": CURRENCIES["¥"], "PLN": CURRENCIES["zł"]}
CURRENCIES |= {"INR": CURRENCIES["₹"], "BTC": CURRENCIES["₿"], "US$": CURRENCIES["USD"], "KRW": CURRENCIES["₩"]}
CURRENCIES |= {"C$": CURRENCIES["CAD"], "A$": CURRENCIES["AUD"]}
CURRENCIES |= {"CA$": CURRENCIES["CAD"], "AU$": CURRENCIES["AUD"]}

SCALES = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mln": "million"}
SCALES |= {"b": "billion", "B": "billion", "bn": "billion", "T": "trillion", "tn": "trillion"}
SCALES |= {word: word for word in ("hundred", "thousand", "million", "billion", "trillion")}

UNITS: dict[str, tuple[str, str]] = {
    short: (one, many or f"{one}s")
    for short, one, many in (
        ("km", "kilometer", ""), ("m", "meter", ""), ("cm", "centimeter", ""), ("mm", "millimeter", ""),
        ("µm", "micrometer", ""), ("μm", "micrometer", ""), ("nm", "nanometer", ""), ("mi", "mile", ""),
        ("ft", "foot", "feet"), ("yd", "yard", ""), ("in", "inch", "inches"), ("kg", "kilogram", ""),
        ("g", "gram", ""), ("mg", "milligram", ""), ("µg", "microgram", ""), ("lb", "pound", ""),
        ("lbs", "pound", ""), ("oz", "ounce", ""), ("l", "liter", ""), ("L", "liter", ""),
        ("ml", "milliliter", ""), ("mL", "milliliter", ""), ("cl", "centiliter", ""), ("dl", "deciliter", ""),
        ("ha", "hectare", ""), ("km²", "square kilometer", ""), ("km2", "square kilometer", ""),
        ("m²", "square meter", ""), ("m2", "square meter", ""), ("cm²", "square centimeter", ""),
        ("m³", "cubic meter", ""), ("m3", "cubic meter", ""), ("cm³", "cubic centimeter", ""),
        ("sq ft", "square foot", "square feet"), ("km/h", "kilometer per hour", "kilometers per hour"),
        ("kph", "kilometer per hour", "kilometers per hour"), ("mph", "mile per hour", "miles per hour"),
        ("m/s", "meter per second", "meters per second"),
        ("m/s²", "meter per second squared", "meters per second squared"),
        ("mpg", "mile per gallon", "miles per gallon"),
        ("rpm", "revolution per minute", "revolutions per minute"), ("bpm", "beat per minute", "beats per minute"),
        ("fps", "frame per second", "frames per second"), ("h", "hour", ""), ("hr", "hour", ""), ("hrs", "hour", ""),
        ("min", "minute", ""), ("mins", "minute", ""), ("s", "second", ""), ("sec", "second", ""),
        ("secs", "second", ""), ("ms", "millisecond", ""), ("µs", "microsecond", ""), ("ns", "nanosecond", ""),
        ("Hz", "hertz", "hertz"), ("kHz", "kilohertz", "kilohertz"), ("MHz", "megahertz", "megahertz"),
        ("GHz", "gigahertz", "gigahertz"), ("W", "watt", ""), ("kW", "kilowatt", ""), ("MW", "megawatt", ""),
        ("GW", "gigawatt", ""), ("kWh", "kilowatt hour", ""), ("Wh", "watt hour", ""), ("V", "volt", ""),
        ("kV", "kilovolt", ""), ("mV", "millivolt", ""), ("mA", "milliamp", ""), ("mAh", "milliamp hour", ""),
        ("J", "joule", ""), ("kJ", "kilojoule", ""), ("kcal", "kilocalorie", ""), ("cal", "calorie", ""),
        ("N", "newton", ""), ("Pa", "pascal", ""), ("hPa", "hectopascal", ""), ("kPa", "kilopascal", ""),
        ("psi", "pound per square inch", "pounds per square inch"), ("dB", "decibel", ""), ("Ω", "ohm", ""),
        ("kB", "kilobyte", ""), ("KB", "kilobyte", ""), ("MB", "megabyte", ""), ("GB", "gigabyte", ""),
        ("TB", "terabyte", ""), ("PB", "petabyte", ""), ("KiB", "kibibyte", ""), ("MiB", "mebibyte", ""),
        ("GiB", "gibibyte", ""), ("kb/s", "kilobit per second", "kilobits per second"),
        ("Mb/s", "megabit per second", "megabits per second"), ("Mbps", "megabit per second", "megabits per second"),
        ("Gbps", "gigabit per second", "gigabits per second"), ("MB/s", "megabyte per second", "megabytes per second"),
        ("GB/s", "gigabyte per second", "gigabytes per second"), ("px", "pixel", ""), ("pt", "point", ""),
        ("dpi", "dot per inch", "dots per inch"), ("MP", "megapixel", ""), ("tbsp", "tablespoon", ""),
        ("tsp", "teaspoon", ""), ("gal", "gallon", ""), ("qt", "quart", ""), ("LUFS", "LUFS", "LUFS"),
        ("kg/m³", "kilogram per cubic meter", "kilograms per cubic meter"),
        ("g/cm³", "gram per cubic centimeter", "grams per cubic centimeter"),
    )
}  # fmt: skip

# Read wherever they stand. Those with a full stop are listed without it.
ABBREVIATIONS = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor", "Rev": "Reverend",
    "Hon": "Honorable", "Gen": "General", "Col": "Colonel", "Capt": "Captain", "Lt": "Lieutenant", "Sgt": "Sergeant",
    "Maj": "Major", "Sen": "Senator", "Rep": "Representative", "Gov": "Governor", "Pres": "President", "Jr": "Junior",
    "Sr": "Senior", "Esq": "Esquire", "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company",
    "Bros": "Brothers", "Dept": "Department", "dept": "department", "Univ": "University", "Ave": "Avenue",
    "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane", "Hwy": "Highway", "Mt": "Mount", "Ft": "Fort",
    "e.g": "for example", "i.e": "that is", "etc": "et cetera", "et al": "and others", "vs": "versus",
    "v.s": "versus", "cf": "compare", "viz": "namely", "approx": "approximately", "est": "estimated",
    "incl": "including", "excl": "excluding", "max": "maximum", "min": "minimum", "avg": "average",
    "govt": "government", "misc": "miscellaneous", "appt": "appointment", "apt": "apartment", "Apt": "Apartment",
    "tel": "telephone", "Tel": "Telephone", "ext": "extension", "Ext": "Extension", "a.k.a": "also known as",
    "w.r.t": "with respect to", "ca": "circa", "N.B": "note well", "P.S": "P-S", "R.S.V.P": "R-S-V-P", "Ph.D": "P-H-D",
    "temp": "temperature", "ed": "edition", "eds": "editors",
}  # fmt: skip
# Read before a number only.
BEFORE_NUMBERS = {
    "No": "number", "no": "number", "Nos": "numbers", "nos": "numbers", "Nr": "number", "Fig": "Figure",
    "fig": "figure", "Figs": "Figures", "figs": "figures", "Eq": "Equation", "eq": "equation", "Sec": "Section",
    "sec": "section", "Ch": "Chapter", "ch": "chapter", "Chap": "Chapter", "chap": "chapter", "Vol": "Volume",
    "vol": "volume", "p": "page", "pp": "pages", "pg": "page", "Art": "Article", "art": "article", "c": "circa",
    "Tab": "Table", "App": "Appendix", "v": "version", "ver": "version", "Ver": "Version", "Rte": "Route",
}  # fmt: skip
# Without a full stop too.
BARE = {"vs": "versus", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Dr": "Doctor", "Prof": "Professor"}
BARE |= {"WWI": "World War one", "WWII": "World War two", "PhD": "P-H-D"}
BARE |= {"w/": "with", "w/o": "without", "etc": "et cetera", "aka": "also known as", "approx": "approximately"}

# Capitals that are read as a word.
WORDS = word_set("""
    NASA NATO UNESCO UNICEF OPEC AIDS SARS COVID FIFA UEFA NAFTA ASEAN RAM ROM SIM PIN LAN WAN RAID JPEG PNG GIF
    CAPTCHA LASER RADAR SONAR SCUBA SWAT OSHA FEMA NOAA DARPA CRISPR BASIC COBOL FORTRAN JSON YAML TOML CUDA ASCII
    WASM REST SOAP CRUD DOS WIFI LATEX NASDAQ OK LUFS MIDI ZIP PUBMED ISIS BERT LLAMA GAN LIDAR
""")
# Capitals that are read by their letters although they could be said.
LETTERS = word_set("""
    USA US UK EU UN UAE USSR FBI CIA IRS DIY FAQ AI API IT IQ ID IP UI UX CEO CFO CTO COO AGI ATM ADHD AWS IBM IDE
    ISBN ISO IOU ETA EST EDT UTC CET OCR ABI ASAP USB URL URI UFO VIP SUV ISP ICU ER OST OS OSX IOS IEEE ACM
    AMD AOL APR ABC NBC AFK AKA EPA FDA FAA OECD IMF IPO USD AUD EUR UEFI GUI CLI CPU GPU TPU NPU UDP TCP LLM SOS
    ECG EEG MIT UCLA USC IEA WHO WTO EV HIV IVF UV AC LED LCD OLED IRA MBA BA MA PHD AM PM AD BC BCE CE
""")

FRACTIONS = {"½": (1, 2), "⅓": (1, 3), "⅔": (2, 3), "¼": (1, 4), "¾": (3, 4), "⅕": (1, 5), "⅖": (2, 5), "⅗": (3, 5)}
FRACTIONS |= {"⅘": (4, 5), "⅙": (1, 6), "⅚": (5, 6), "⅛": (1, 8), "⅜": (3, 8), "⅝": (5, 8), "⅞": (7, 8)}

REIGNING = word_set("""
    Henry Louis Charles James George Edward William Richard Philip Ferdinand Frederick Alexander Nicholas Peter
    Catherine Elizabeth Mary Victoria Francis Leopold Napoleon Benedict Pius Leo Gregory Clement Innocent Urban
    Boniface Paul John Juan Carlos Alfonso Otto Rudolf Maximilian Joseph Christian Gustav Haakon Harald Olaf Ivan
    Sigismund Casimir Ladislaus Augustus Stanislaus Darius Xerxes Ptolemy Cleopatra Ramses Mehmed Murad Selim
""")
NUMBERED = word_set("""
    Chapter Part Section Book Volume Act Scene Article Appendix Phase Stage Type Class Level Grade Title Figure
    Table Unit Lesson Episode Season War Bowl Wars Rocky Fantasy Apollo Category Schedule Annex Tier Step Round
    Group chapter part section volume act scene article phase stage type class level grade unit lesson episode
    season tier
""")
