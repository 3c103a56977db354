"""What people say in English to have a sound edited, each phrase with the step that it means."""

import re
from collections.abc import Sequence

from contract.audio import Cut, Gain, Normalise, RemoveSilence, Reverse, Step, Trim
from studio.sound.instructions import common
from studio.sound.instructions.common import Rule, rule
from studio.sound.instructions.quantities import number

FILLERS = re.compile(
    r"\b(?:please|kindly|now|just|simply|can you|could you|would you|will you|i want you to|i want to|i want|"
    r"i'd like you to|i'd like to|i would like to|i need you to|let's|go ahead and|also|for me|"
    r"finally|first of all)\b"
)
STRONG = re.compile(
    r"\s*(?:;|\.(?=\s|$)|\band then\b|,?\s*\bthen\b|,?\s*\bafter that\b|,?\s*\bafterwards\b|,?\s*\bnext\b)\s*"
)
WEAK = re.compile(r"\s*(?:,\s*and\b|,|\band\b|\bplus\b|\bas well as\b)\s*")
VERB = re.compile(
    r"^(?:cut|remove|delete|drop|trim|chop|keep|fade|split|set|make|turn|lower|raise|speed|slow|convert|export)\b"
)

OBJECT = (
    r"(?: (?:it|this|that|everything|all of it|(?:the |my |this |that )?(?:whole |entire )?(?:audio|"
    r"recording|sound|file|clip|track|thing|voice|speech|song|podcast)))?"
)
REMOVE = (
    r"(?:cut|remove|delete|drop|trim|chop|take|strip|erase|discard|lose|skip|get rid of|clip)(?: off|"
    r" away| out)?"
)
KEEP = r"(?:keep|leave|retain|save|extract|use)(?: only| just)?(?: only)?"
LEVEL = rf"(?: the| its)?(?: volume| gain| level| loudness)?(?: of{OBJECT})?"
PART = r"(?: everything| the part| the bit| the section| the piece| what is| all| the sound| the audio)?"
START = r"(?:the |its )?(?:very )?(?:start|beginning|front|head|opening)"
END = r"(?:the |its )?(?:very )?(?:end|ending|back|tail|finish)"
PLACE = rf"(@t[\d.]+|{START}|{END})"
T, TN = r"(@t[\d.]+)", r"(@[tn][\d.]+)"
FIRST = r"(?: the)? (?:first|initial|opening|leading)"
LAST = r"(?: the)? (?:last|final|closing|ending|trailing)"
OVER = r"(?: (?:over|for|during|in|of|across|lasting|within|that lasts|taking)(?: the)?(?: first| last| final)?)?"
FORMAT = r"(?:a |an )?(mp3|wav|wave|flac|opus|ogg|m4a|aac)(?: file| format)?"
LITTLE = r"(?:a (?:little|bit|tad)(?: bit)?|slightly|gently|softly)"
MUCH = r"(?:a lot|much|strongly|heavily|way|significantly)"


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
    # Cut and keep
    rule(rf"{REMOVE}{FIRST} {T}(?: of{OBJECT})?", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE}{LAST} {T}(?: of{OBJECT})?", lambda m: Cut(start_s=-number(m[1]))),
    rule(rf"{REMOVE} {T} (?:from|off|at) {START}(?: of{OBJECT})?", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{REMOVE} {T} (?:from|off|at) {END}(?: of{OBJECT})?", lambda m: Cut(start_s=-number(m[1]))),
    rule(
        rf"(?:trim|crop){OBJECT} (?:from|between|to) {PLACE} (?:to|until|till|and|through|-) {PLACE}",
        lambda m: _keep(m[1], m[2]),
    ),
    rule(
        (rf"{REMOVE}{PART} (?:from|between) {PLACE} (?:to|until|till|and|through|-) {PLACE}"),
        lambda m: _cut(m[1], m[2]),
    ),
    rule(rf"{REMOVE} {T} (?:to|until|till|through|-) {T}", lambda m: _cut(m[1], m[2])),
    rule(
        rf"{REMOVE}{PART} (?:after|past|beyond|from) {T}(?: on| onwards?| to {END})?",
        lambda m: Cut(start_s=number(m[1])),
    ),
    rule(rf"{REMOVE}{PART} (?:before|up to|until|till) {T}", lambda m: Cut(start_s=0.0, end_s=number(m[1]))),
    rule(rf"{KEEP}{PART}{FIRST} {T}(?: of{OBJECT})?", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"{KEEP}{PART}{LAST} {T}(?: of{OBJECT})?", lambda m: Trim(start_s=-number(m[1]))),
    rule(
        rf"{KEEP}{PART} (?:from|between) {PLACE} (?:to|until|till|and|through|-) {PLACE}", lambda m: _keep(m[1], m[2])
    ),
    rule(rf"{KEEP} {T} (?:to|until|till|through|-) {T}", lambda m: _keep(m[1], m[2])),
    rule(rf"{KEEP}{PART} (?:after|past|from) {T}(?: on| onwards?)?", lambda m: Trim(start_s=number(m[1]))),
    rule(rf"{KEEP}{PART} (?:before|up to|until|till) {T}", lambda m: Trim(end_s=number(m[1]))),
    rule(
        (
            rf"(?:shorten|trim|cut|crop|limit|make){OBJECT}(?: down)? (?:to|to be)(?: only| just)?(?: "
            rf"the first)? {T}(?: long)?"
        ),
        lambda m: Trim(end_s=number(m[1])),
    ),
    rule(rf"make{OBJECT} {T} long", lambda m: Trim(end_s=number(m[1]))),
    rule(rf"start{OBJECT} (?:at|from) {T}", lambda m: Trim(start_s=number(m[1]))),
    rule(rf"(?:end|stop){OBJECT} at {T}", lambda m: Trim(end_s=number(m[1]))),
    # Fade
    *common.fades(
        both=(
            rf"(?:add |apply |put |do )?(?:a )?(?:{TN} )?fade{OBJECT}(?:s)?[- ]in and(?: "
            rf"fade)?[- ]out{OVER}(?:,? {TN})?(?: each)?"
        ),
        way_in=(
            rf"(?:add |apply |put |do |make )?(?:a )?(?:{TN} )?(?:smooth |slow |long |short "
            rf")?fade{OBJECT}[- ](?:in{OBJECT}(?:(?: at| on| from)? {START})?|(?:at|from|on) {START})"
            rf"{OVER}(?: at {START})?(?:,? {TN})?(?: at {START})?"
        ),
        way_out=(
            rf"(?:add |apply |put |do |make )?(?:a )?(?:{TN} )?(?:smooth |slow |long |short "
            rf")?fade{OBJECT}[- ](?:(?:out|away|to silence){OBJECT}(?:(?: at| on)? {END})?|(?:at|on) "
            rf"{END}){OVER}(?: at {END})?(?:,? {TN})?(?: at {END})?"
        ),
    ),
    rule(rf"fade(?: out)?{LAST} {T}(?: out)?", lambda m: common.fade(out_s=number(m[1]))),
    rule(rf"fade(?: in)?{FIRST} {T}(?: in)?", lambda m: common.fade(in_s=number(m[1]))),
    # Level
    rule(
        (
            rf"(?:mute|silence|blank|bleep)(?: out)?{PART} (?:from|between) {PLACE} (?:to|until|till|"
            rf"and|through|-) {PLACE}"
        ),
        lambda m: Gain(db=common.MUTE_DB, start_s=place(m[1]) or 0.0, end_s=place(m[2])),
    ),
    rule(rf"(?:mute|silence){FIRST} {T}", lambda m: Gain(db=common.MUTE_DB, end_s=number(m[1]))),
    rule(rf"(?:mute|silence){LAST} {T}", lambda m: Gain(db=common.MUTE_DB, start_s=-number(m[1]))),
    *common.levels(
        up=(
            rf"(?:make|turn|bring|increase|raise|boost|pump|amplify|crank|give){OBJECT}{LEVEL}(?: "
            rf"{LITTLE})?(?: up| louder| higher)?|(?:turn|bring) up(?: the)? (?:volume|gain|level)|"
            rf"louder|volume up"
        ),
        down=(
            rf"(?:make|turn|bring|decrease|reduce|lower|drop|attenuate|quieten){OBJECT}{LEVEL}(?: "
            rf"{LITTLE})?(?: down| quieter| softer| lower)?|(?:turn|bring) down(?: the)? (?:volume|"
            rf"gain|level)|quieter|softer|volume down"
        ),
        said_up=r"\b(?:louder|boost|amplify|up|increase|raise|crank|pump)\b",
        said_down=r"\b(?:quieter|softer|attenuate|down|decrease|reduce|lower|drop|quieten)\b",
        by=" by| with",
        little=LITTLE,
        much=MUCH,
        about=r"\b(?:louder|quieter|softer|volume|gain|level|loudness|amplify|attenuate|quieten|boost|turn)\b",
    ),
    rule(
        rf"(?:make{OBJECT} )?@x2 as loud|double the (?:volume|loudness)|@x2 the (?:volume|loudness)",
        lambda m: Gain(db=6.0),
    ),
    rule(rf"(?:make{OBJECT} )?half as loud|halve the (?:volume|loudness)", lambda m: Gain(db=-6.0)),
    rule(
        r"(?:add |apply )?(?:a )?(?:gain|boost)(?: of)? @d([-+]?[\d.]+)|(?:apply |add )@d([-+]?[\d.]+)(?: of)? gain",
        lambda m: Gain(db=float(m[1] or m[2])),
    ),
    rule(
        (
            rf"(?:normali[sz]e|level|even out|equali[sz]e)(?: out)?{OBJECT}(?: the)?(?: volume| "
            rf"loudness| levels?)?(?: of{OBJECT})?(?: to| at)? @[ldn](-?[\d.]+)"
        ),
        lambda m: common.normalise(m[1]),
    ),
    rule(
        (
            rf"(?:set|bring|get|make){OBJECT}(?: the)?(?: volume| loudness| level)?(?: "
            rf"of{OBJECT})?(?: to| at)? @l(-?[\d.]+)"
        ),
        lambda m: common.normalise(m[1]),
    ),
    rule(
        rf"(?:normali[sz]e|level|even out)(?: out)?{OBJECT}(?: the)?(?: volume| loudness| levels?)?(?: of{OBJECT})?",
        lambda m: Normalise(),
    ),
    rule(
        (
            rf"(?:normali[sz]e|prepare|master|get|make|level){OBJECT}(?: the)?(?: volume| "
            rf"loudness)?(?: ready)? for (?:a |the |my )?(podcasts?|broadcast(?:ing)?|tv|television|"
            rf"radio|spotify|youtube|streaming|music)"
        ),
        lambda m: common.purpose(m[1]),
    ),
    # Speed and pitch
    rule(rf"slow{OBJECT}(?: down)?{OBJECT} by half", lambda m: common.speed(0.5)),
    rule(rf"(?:speed|hurry){OBJECT} up{OBJECT}(?: {LITTLE})?", lambda m: common.speed(1.25)),
    rule(rf"slow{OBJECT}(?: down)?{OBJECT}(?: {LITTLE})?", lambda m: common.speed(0.8)),
    rule(
        (
            rf"speed{OBJECT} up{OBJECT}(?: by| to)?(?: a factor of)? @x([\d.]+)|speed{OBJECT} "
            rf"up{OBJECT} by(?: a factor of)? @n([\d.]+)"
        ),
        lambda m: common.speed(float(m[1] or m[2])),
    ),
    rule(
        (
            rf"slow{OBJECT}(?: down)?{OBJECT}(?: by)?(?: a factor of)? @x([\d.]+)|slow{OBJECT}(?: "
            rf"down)?{OBJECT} by(?: a factor of)? @n([\d.]+)"
        ),
        lambda m: common.speed(1 / float(m[1] or m[2])),
    ),
    rule(rf"slow{OBJECT}(?: down)?{OBJECT} to @x([\d.]+)", lambda m: common.speed(float(m[1]))),
    rule(
        (
            rf"(?:speed{OBJECT} up{OBJECT}(?: by)?|make{OBJECT}|play{OBJECT}|increase the (?:speed|"
            rf"tempo) by) @p([\d.]+)(?: faster)?"
        ),
        lambda m: common.speed(1 + float(m[1]) / 100),
        needs=r"speed|faster|tempo",
    ),
    rule(
        (
            rf"(?:slow{OBJECT}(?: down)?{OBJECT}(?: by)?|make{OBJECT}|play{OBJECT}|(?:decrease|reduce)"
            rf" the (?:speed|tempo) by) @p([\d.]+)(?: slower)?"
        ),
        lambda m: common.speed(1 - float(m[1]) / 100),
        needs=r"slow|tempo|speed",
    ),
    rule(
        (
            rf"(?:play|set|make|run|change|put){OBJECT}(?: the)?(?: speed| tempo)?(?: of{OBJECT})?(?: "
            rf"at| to| back at)? @p([\d.]+)(?: speed| of the speed)?"
        ),
        lambda m: common.speed(float(m[1]) / 100),
        needs="speed|tempo",
    ),
    rule(
        (
            rf"(?:play|set|make|run|change|put){OBJECT}(?: the)?(?: speed| tempo)?(?: at| to| back "
            rf"at)? @x([\d.]+)(?: the| its)?(?: normal)?(?: speed)?"
        ),
        lambda m: common.speed(float(m[1])),
        needs="speed|tempo|play|run",
    ),
    rule(
        rf"(?:make{OBJECT} |play{OBJECT} )?@x([\d.]+) (?:as fast|faster|the speed|speed)",
        lambda m: common.speed(float(m[1])),
    ),
    rule(rf"(?:make{OBJECT} |play{OBJECT} )?@x([\d.]+) (?:as slow|slower)", lambda m: common.speed(1 / float(m[1]))),
    rule(
        rf"(?:make{OBJECT} |play{OBJECT}(?: at)? )?half(?: the| its)?(?: speed| as fast)", lambda m: common.speed(0.5)
    ),
    rule(rf"(?:make{OBJECT} |play{OBJECT} )?(?:{LITTLE} )?faster", lambda m: common.speed(1.25)),
    rule(rf"(?:make{OBJECT} |play{OBJECT} )?(?:{LITTLE} )?slower", lambda m: common.speed(0.8)),
    rule(
        (
            rf"(?:raise|increase|shift|move|pitch|transpose|bring|push|put|tune)(?: the "
            rf"pitch)?{OBJECT}(?: the pitch)?(?: of{OBJECT})?(?: up| higher)?(?: by)? @s([\d.]+)(?: "
            rf"up| higher)?"
        ),
        lambda m: common.pitch(float(m[1])),
        not_if=r"\bdown\b|\blower\b",
    ),
    rule(
        (
            rf"(?:lower|drop|decrease|reduce|shift|move|pitch|transpose|bring|push|put|tune)(?: the "
            rf"pitch)?{OBJECT}(?: the pitch)?(?: of{OBJECT})?(?: down| lower)?(?: by)? @s([\d.]+)(?: "
            rf"down| lower)?"
        ),
        lambda m: common.pitch(-float(m[1])),
        needs=r"lower|drop|decrease|reduce|down",
    ),
    rule(rf"make{OBJECT} @s([\d.]+) (?:higher|up)", lambda m: common.pitch(float(m[1]))),
    rule(rf"make{OBJECT} @s([\d.]+) (?:lower|deeper|down)", lambda m: common.pitch(-float(m[1]))),
    rule(
        (
            rf"(?:make{OBJECT}(?: sound)? (?:{LITTLE} )?higher[- ]?(?:pitched)?|raise the pitch|"
            rf"pitch{OBJECT} up)(?: {LITTLE})?"
        ),
        lambda m: common.pitch(3),
    ),
    rule(
        (
            rf"(?:make{OBJECT}(?: sound)? (?:{LITTLE} )?(?:lower[- ]pitched|deeper)|lower the pitch|"
            rf"pitch{OBJECT} down)(?: {LITTLE})?"
        ),
        lambda m: common.pitch(-3),
    ),
    # All of it
    rule(
        (
            rf"(?:reverse|flip|invert){OBJECT}|(?:play|run|make|turn|put){OBJECT} (?:backwards?|in "
            rf"reverse|back to front)"
        ),
        lambda m: Reverse(),
    ),
    rule(
        (
            rf"(?:{REMOVE}|shorten|compress|reduce|tighten)(?: up)?(?: all| any)?(?: the| of the)?(?: "
            rf"long| longer| awkward| empty)? (?:silences?|silent (?:parts|bits|sections)|pauses?|"
            rf"gaps|quiet parts|dead air)"
        ),
        lambda m: RemoveSilence(),
    ),
    rule(
        (
            rf"(?:{REMOVE}|shorten|compress|reduce)(?: all| any)?(?: the| of the)?(?: long)? "
            rf"(?:silences?|pauses?|gaps|silent parts)(?: that are)? (?:longer than|over|of more than|"
            rf"above|more than) {T}(?: (?:to|down to) {T})?"
        ),
        lambda m: common.pauses(m[1], m[2]),
    ),
    rule(
        rf"(?:shorten|reduce|cut|trim)(?: all)?(?: the)?(?: long)? (?:silences?|pauses?|gaps)(?: down)? to {T}",
        lambda m: common.pauses(None, m[1]),
    ),
    *common.noise(
        (
            rf"(?:{REMOVE}|reduce|clean up|suppress|lower|filter out|cut down(?: on)?)(?: all)?(?: "
            rf"of)?(?: the)?(?: background| room| wind| steady| traffic)? ?(?:noises?|hiss(?:ing)?|"
            rf"hum(?:ming)?|static|hiss and hum)(?: (?:from|in|of|on){OBJECT}| in the background)?|"
            rf"(?:de-?noise){OBJECT}|(?:apply |add |do )?noise (?:reduction|removal)|clean{OBJECT} up|"
            rf"clean up{OBJECT}"
        ),
        by=" by| up to",
        little=LITTLE,
        much=MUCH,
    ),
    # Several and formats
    rule(
        (
            rf"(?:split|divide|cut|break|chop|slice){OBJECT}(?: up)? (?:into|in) @n(\d+)(?: equal| "
            rf"even)?(?: long)?(?: parts?| pieces?| files?| chunks?| segments?| sections?)?"
        ),
        lambda m: common.parts(m[1]),
    ),
    rule(
        rf"(?:split|divide|cut|break|chop|slice){OBJECT}(?: up)? (?:in half|in the middle|into halves|into two)",
        lambda m: common.parts("2"),
    ),
    rule(rf"(?:split|divide|cut|break|chop|slice){OBJECT}(?: up)? (?:every|each) {T}", lambda m: common.every(m[1])),
    rule(
        (
            rf"(?:split|divide|cut|break|chop|slice){OBJECT}(?: up)? into (?:parts|pieces|chunks|"
            rf"files|segments) of {T}(?: each)?"
        ),
        lambda m: common.every(m[1]),
    ),
    rule(
        rf"(?:split|divide|cut|break|chop|slice){OBJECT}(?: up)? into {T} (?:parts|pieces|chunks|files|segments)",
        lambda m: common.every(m[1]),
    ),
    rule(
        (rf"(?:split|divide|break){OBJECT}(?: up)? at ((?:(?:,? ?and |, ?| )?@t[\d.]+)+)"),
        lambda m: common.places(m[1]),
    ),
    rule(
        (
            rf"(?:convert|export|save|write|change|turn|encode|transcode|output|render|download)"
            rf"{OBJECT}(?: it)?(?: to| as| into| in)? {FORMAT}(?:(?: at| with| in| using)?(?: a "
            rf"bit ?rate of)? @k(\d+))?(?:,? (?:in |and )?(mono|stereo))?"
        ),
        lambda m: common.form(m[1], m[2], m[3]),
    ),
    rule(
        rf"(?:make|convert|mix|turn|change|export|save)?{OBJECT}(?: down)?(?: to| it| in| into)? ?(mono|stereo)",
        lambda m: common.form(None, None, m[1]),
    ),
    rule(
        rf"(?:resample|convert|change|set)?{OBJECT}(?: the sample rate)?(?: to)? @h(\d+)", lambda m: common.rate(m[1])
    ),
    rule(
        (
            rf"(?:set|change|make|give{OBJECT}|put)?(?: the| a)?(?: tag)? ?(title|artist|album|genre|"
            rf"comment|author)(?: tag)?(?: to| as| of|:| =)? @q(\d+)"
        ),
        lambda m: common.tag(m[1], m[2]),
    ),
    rule(rf"(?:call|name|title){OBJECT} @q(\d+)", lambda m: common.tag("title", m[1])),
    rule(
        rf"(?:join|append|attach|add|merge|combine|concatenate){OBJECT}(?: with| to)? @q(\d+)(?: (?:at|to) {END})?",
        lambda m: common.join(m[1]),
    ),
)
