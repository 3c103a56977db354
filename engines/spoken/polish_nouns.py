"""The declension of the Polish nouns that signs stand for: units, currencies, "rok", "ulica".

Each has eight written-out forms, from which the rest follows: in the plural the dative, instrumental
and locative of all of them end in -om, -ami, -ach on one stem, and the accusative is the nominative,
for none of them is a man.
"""

import functools
from dataclasses import dataclass

# Gender, then nom gen dat inst loc of the singular, then nom gen of the plural and the plural's stem.
_TABLE = """
m3 metr metra metrowi metrem metrze metry metrów metr
m3 hektar hektara hektarowi hektarem hektarze hektary hektarów hektar
m3 ar ara arowi arem arze ary arów ar
m3 cal cala calowi calem calu cale cali cal
f stopa stopy stopie stopą stopie stopy stóp stop
f mila mili mili milą mili mile mil mil
m3 gram grama gramowi gramem gramie gramy gramów gram
f tona tony tonie toną tonie tony ton ton
m3 litr litra litrowi litrem litrze litry litrów litr
f sekunda sekundy sekundzie sekundą sekundzie sekundy sekund sekund
f minuta minuty minucie minutą minucie minuty minut minut
f godzina godziny godzinie godziną godzinie godziny godzin godzin
m3 herc herca hercowi hercem hercu herce herców herc
m3 wat wata watowi watem wacie waty watów wat
m3 wolt wolta woltowi woltem wolcie wolty woltów wolt
m3 amper ampera amperowi amperem amperze ampery amperów amper
m3 om oma omowi omem omie omy omów om
m3 dżul dżula dżulowi dżulem dżulu dżule dżuli dżul
f kaloria kalorii kalorii kalorią kalorii kalorie kalorii kalori
m3 niuton niutona niutonowi niutonem niutonie niutony niutonów niuton
m3 paskal paskala paskalowi paskalem paskalu paskale paskali paskal
m3 decybel decybela decybelowi decybelem decybelu decybele decybeli decybel
m3 piksel piksela pikselowi pikselem pikselu piksele pikseli piksel
m3 bit bita bitowi bitem bicie bity bitów bit
m3 bajt bajta bajtowi bajtem bajcie bajty bajtów bajt
m3 stopień stopnia stopniowi stopniem stopniu stopnie stopni stopni
m3 procent procentu procentowi procentem procencie procent procent procent
m3 promil promila promilowi promilem promilu promile promili promil
m3 punkt punktu punktowi punktem punkcie punkty punktów punkt
f sztuka sztuki sztuce sztuką sztuce sztuki sztuk sztuk
f osoba osoby osobie osobą osobie osoby osób osob
m2 grosz grosza groszowi groszem groszu grosze groszy grosz
m2 dolar dolara dolarowi dolarem dolarze dolary dolarów dolar
m2 cent centa centowi centem cencie centy centów cent
m2 funt funta funtowi funtem funcie funty funtów funt
m2 pens pensa pensowi pensem pensie pensy pensów pens
m2 frank franka frankowi frankiem franku franki franków frank
m2 jen jena jenowi jenem jenie jeny jenów jen
f korona korony koronie koroną koronie korony koron koron
f hrywna hrywny hrywnie hrywną hrywnie hrywny hrywien hrywn
m2 rubel rubla rublowi rublem rublu ruble rubli rubl
m3 tysiąc tysiąca tysiącowi tysiącem tysiącu tysiące tysięcy tysiąc
m3 milion miliona milionowi milionem milionie miliony milionów milion
m3 miliard miliarda miliardowi miliardem miliardzie miliardy miliardów miliard
m3 bilion biliona bilionowi bilionem bilionie biliony bilionów bilion
m3 rok roku rokowi rokiem roku lata lat lat
m3 wiek wieku wiekowi wiekiem wieku wieki wieków wiek
m3 numer numeru numerowi numerem numerze numery numerów numer
m3 plac placu placowi placem placu place placów plac
f ulica ulicy ulicy ulicą ulicy ulice ulic ulic
f aleja alei alei aleją alei aleje alei alej
n osiedle osiedla osiedlu osiedlem osiedlu osiedla osiedli osiedl
f połowa połowy połowie połową połowie połowy połów połow
f strona strony stronie stroną stronie strony stron stron
m3 artykuł artykułu artykułowi artykułem artykule artykuły artykułów artykuł
m3 ustęp ustępu ustępowi ustępem ustępie ustępy ustępów ustęp
m3 paragraf paragrafu paragrafowi paragrafem paragrafie paragrafy paragrafów paragraf
m3 rozdział rozdziału rozdziałowi rozdziałem rozdziale rozdziały rozdziałów rozdział
m3 tom tomu tomowi tomem tomie tomy tomów tom
m3 rysunek rysunku rysunkowi rysunkiem rysunku rysunki rysunków rysunk
f tabela tabeli tabeli tabelą tabeli tabele tabel tabel
f litera litery literze literą literze litery liter liter
n województwo województwa województwu województwem województwie województwa województw województw
m3 powiat powiatu powiatowi powiatem powiecie powiaty powiatów powiat
f gmina gminy gminie gminą gminie gminy gmin gmin
m1 doktor doktora doktorowi doktorem doktorze doktorzy doktorów doktor
m1 profesor profesora profesorowi profesorem profesorze profesorowie profesorów profesor
m1 inżynier inżyniera inżynierowi inżynierem inżynierze inżynierowie inżynierów inżynier
m1 magister magistra magistrowi magistrem magistrze magistrowie magistrów magistr
m1 ksiądz księdza księdzu księdzem księdzu księża księży księż
m1 biskup biskupa biskupowi biskupem biskupie biskupi biskupów biskup
m1 generał generała generałowi generałem generale generałowie generałów generał
m1 pułkownik pułkownika pułkownikowi pułkownikiem pułkowniku pułkownicy pułkowników pułkownik
m1 kapitan kapitana kapitanowi kapitanem kapitanie kapitanowie kapitanów kapitan
m1 major majora majorowi majorem majorze majorowie majorów major
m1 porucznik porucznika porucznikowi porucznikiem poruczniku porucznicy poruczników porucznik
m1 redaktor redaktora redaktorowi redaktorem redaktorze redaktorzy redaktorów redaktor
m1 minister ministra ministrowi ministrem ministrze ministrowie ministrów ministr
"""
# The first parts that these nouns are joined to: "kilometr", "kilowatogodzina".
_PREFIXES = {
    "metr": "kilo decy centy mili mikro nano",
    "gram": "kilo mili mikro",
    "litr": "mili hekto",
    "herc": "kilo mega giga",
    "wat": "kilo mega giga",
    "wolt": "kilo",
    "amper": "mili",
    "dżul": "kilo",
    "paskal": "kilo hekto",
    "bajt": "kilo mega giga tera",
    "bit": "kilo mega giga",
    "sekunda": "mili",
    "godzina": "kilowato miliampero",
    "kaloria": "kilo",
}
_CASES = ("nom", "gen", "dat", "acc", "inst", "loc")


@dataclass(frozen=True, slots=True)
class Noun:
    """A noun and all its forms, by number and case."""

    gender: str
    forms: dict[tuple[str, str], str]

    def form(self, number: str, case: str) -> str:
        """The form for "sg" or "pl" and a case."""
        return self.forms[number, case]


@functools.cache
def _nouns() -> dict[str, Noun]:
    nouns = {row[1]: _declined(row) for line in _TABLE.strip().splitlines() if (row := line.split())}
    for lemma, prefixes in _PREFIXES.items():
        whole = nouns[lemma]
        for prefix in prefixes.split():
            nouns[prefix + lemma] = Noun(whole.gender, {key: prefix + form for key, form in whole.forms.items()})
    nouns["euro"] = Noun("n", {(number, case): "euro" for number in ("sg", "pl") for case in _CASES})
    złoty = ["złoty", "złotego", "złotemu", "złotym", "złotym", "złote", "złotych"]
    nouns["złoty"] = _declined(["m2", *złoty, "złot"])
    nouns["złoty"].forms.update({("pl", "dat"): "złotym", ("pl", "inst"): "złotymi", ("pl", "loc"): "złotych"})
    nouns["rok"].forms["pl", "inst"] = "laty"
    nouns["procent"].forms["sg", "gen"] = "procent"  # of a part: "pół procent"
    nouns["ksiądz"].forms.update({("pl", "inst"): "księżmi", ("pl", "dat"): "księżom", ("pl", "loc"): "księżach"})
    return nouns


def _declined(row: list[str]) -> Noun:
    gender, nom, gen, dat, inst, loc, pl_nom, pl_gen, stem = row
    acc = gen if gender in ("m1", "m2") else nom[:-1] + "ę" if gender == "f" else nom
    forms = {("sg", "nom"): nom, ("sg", "gen"): gen, ("sg", "dat"): dat, ("sg", "acc"): acc}
    forms |= {("sg", "inst"): inst, ("sg", "loc"): loc, ("pl", "nom"): pl_nom, ("pl", "gen"): pl_gen}
    forms |= {("pl", "acc"): pl_gen if gender == "m1" else pl_nom}
    forms |= {("pl", case): stem + end for case, end in (("dat", "om"), ("inst", "ami"), ("loc", "ach"))}
    return Noun(gender, forms)


def noun(lemma: str) -> Noun:
    """The noun of this dictionary form; it must be one of the table."""
    return _nouns()[lemma]
