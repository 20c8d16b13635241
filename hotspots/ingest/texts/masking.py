"""Free text that is kept for display: what says who somebody is, is replaced by what kind of thing it was.

Numbers with a form of their own (telephone numbers, dates, registration marks) are found by that form. Names are found
word by word: after a title, after a word for somebody's part in an incident, and after a common given name, unless
what follows makes a place of it.

The given names are common ones in Britain; the list is short on purpose, since many given
names are words or places too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

import pandas as pd

NAME_MASK = "[name]"

_GAP = r"[ \u00a0.()/-]{0,3}"
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:19|20)[0-9]{2}|['\u2019]?[0-9]{2})"
_NUMERIC_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_NUMERIC_MONTH = r"(?:0?[1-9]|1[0-2])"
_SEPARATOR = r"\s{0,2}[/.\\-]\s{0,2}"
_DATE = (
    rf"{_NUMERIC_DAY}{_SEPARATOR}{_NUMERIC_MONTH}{_SEPARATOR}{_YEAR}"
    rf"|{_NUMERIC_MONTH}{_SEPARATOR}{_NUMERIC_DAY}{_SEPARATOR}(?:19|20)[0-9]{{2}}"
    rf"|(?:19|20)[0-9]{{2}}{_SEPARATOR}{_NUMERIC_MONTH}{_SEPARATOR}{_NUMERIC_DAY}"
    rf"|{_DAY}[\s.,/-]{{0,3}}(?:of\s)?{_MONTH}[\s.,/-]{{0,3}}{_YEAR}"
    rf"|(?<![a-z]){_MONTH}[\s.-]{{0,3}}{_DAY}(?:[\s.,-]{{1,3}}){_YEAR}"
)

_PATTERNS = (
    # local parts longer than the standard's 64 characters keep their beginning; without a bound long words take hours
    ("[e-mail]", r"[^\s@<>()\[\],;:\"]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{1,63}"),
    ("[NI number]", r"(?<![a-z0-9])[a-ceghj-pr-tw-z]{2}\s?(?:[0-9]{2}[\s-]?){3}[a-d](?![a-z0-9])"),
    # after these words anything like a date is one, also a month or a year alone
    (
        r"\g<cue>[date]",
        r"(?P<cue>\b(?:d\.?\s?o\.?\s?b\b\.?|date\sof\sbirth|birthday|born)(?:\s(?:is|was|on|in))?[\s:=-]{0,4})"
        rf"(?:{_DATE}|[0-9]{{1,2}}\s[0-9]{{1,2}}\s[0-9]{{2,4}}|[0-9]{{8}}|[0-9]{{6}}|{_MONTH}\s(?:19|20)[0-9]{{2}}"
        r"|(?:19|20)[0-9]{2})(?![0-9])",
    ),
    ("[date]", rf"(?<![0-9])(?:{_DATE})(?![0-9])"),
    (
        "[phone]",
        rf"(?<![0-9])(?:\(?(?:\+|00){_GAP}44(?:{_GAP}0)?(?:{_GAP}[0-9]){{9,10}}"
        rf"|\(?\+(?:{_GAP}[0-9]){{9,14}}"
        rf"|\(?0[1-9](?:{_GAP}[0-9]){{8,9}}"
        r"|7[0-9]{3}[\s-]?[0-9]{3}[\s-]?[0-9]{3})(?![0-9])",  # a spreadsheet drops the 0 of a mobile number
    ),
)
_FORMS = tuple((mask, re.compile(pattern, re.IGNORECASE)) for mask, pattern in _PATTERNS)

# current form: two letters, two digits, three letters
_VEHICLE = re.compile(r"(?<![A-Z0-9])[A-HJ-PR-Y]{2}[0-9]{2}(\s?)([A-HJ-PR-Z]{3})(?![A-Z0-9])", re.IGNORECASE)

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PLAIN_TITLES = _words("mr mrs ms mx")
_TITLES = _PLAIN_TITLES | _words("dc dci dcs di dr ds insp inspector miss pc pcso prof professor sergeant sgt wpc")
_ALSO_IN_STREETS = _words("dr miss prof professor")
_ROLES = _words(
    """
    accused aggrieved caller complainant defendant informant inft ip offender offenders susp suspect suspects vic
    victim victims vp wit witness witnesses
    """
)
_NAMINGS = _words("aka alias forename forenames named surname")
_NAMING_PAIRS = frozenset({("known", "as"), ("named", "as"), ("reported", "by"), ("name", "is"), ("name", "was")})
_CUES = _TITLES | _ROLES | _NAMINGS

_SAINTS = _words("duke great king lady lord lower new old prince princess queen saint sir st upper")
_PARTICLES = _words("al bin da de del der di dos du el ibn la le ul van von")

_PLACES = _words(
    """
    blvd brow fold garth ginnel hwy nook pde royd st vennel wynd
    academy acre alley approach arcade arches area arms av ave avenue bank bar barracks bay bridge broadway building
    buildings cafe campus causeway cemetery centre chapel chase church cinema circle circus cl clinic close club
    college common copse corner cottage cottages court courtyard cres crescent croft cross crossing crossway ct cut
    dale dene depot dlr dock docks dr drive east embankment end estate farm field fields flats flyover foundation
    garage garden gardens gate gateway gdns glade glebe glen gr grange green greenway grounds grove gym hall hamlets
    hatch haven heath highway hill hospice hospital hostel hotel house hse inn institute island jct junction kiosk
    lane lanes library line link ln lodge mall manor market mead meadow memorial mews mill mosque mount museum north
    nursery orchard oval palace parade park parkside parkway pass passage path pavement piazza pier pk pl place
    plaza point pond pool precinct primary pub quadrant quay railway rd reach recreation rents restaurant retreat
    ridge rise road roundabout row rye sainsbury sainsburys salon school schools secondary side south sq square
    stable stables stadium station statue steps stile street strret studios subway supermarket surgery synagogue
    tavern temple ter terrace theatre tower towers town tube tunnel tyre underpass university vale view village
    villas walk wall warehouse warren way west wharf wood woods yard yd
    """
)
_ALSO_SURNAMES = _words(
    """
    bank bridge church court cross dale east field fields gate green grove hall heath hill house lane mills north
    park pond pool rise street temple town vale wall ward way west wood woods
    """
)
"""Words for places that are surnames too, which they are taken for after a title, or a cue and a given name."""

_COMMON = _words(
    """
    a about access across address adult after again against age aged ages aid all allegedly along also always am an
    and another any approached approx approximately april are area armed around arrest arrested as asb asian asked
    assault assaulted assistance at atm attack attacked attacker attempt attempted august away back bag bags be
    because been before behind being believed below beside between big bike bikes bit black blue bmx body bottle box
    boy boys broken brown bus buses but by bye call called caller calling came can cannot car card cards care cars
    cash cashpoint cctv charity child children city claims coach coat come coming constable contact contacted could
    crime crying current cut cycle daily damage dark day days december demanded den department describe described
    describes description did didn died direction disclosed district do does dog don door down drink drive driver
    driving dropped drug drugs drunk due during each eight either elderly end entered entering escaped ethnic
    evening exit exited fast father february feet fell female females few fight fighting first five fled followed
    following food foot for force four friday friend friends from front gang gas gave get getting girl girls given
    gives going gone got grabbed green grey group gun gym had hair hammer hand handbag has have having he headed
    heading heard her here high him his hit holding home hood hoodie hour hours how hut i ice if iii in inc incident
    injured injuries injury inside into is it its jacket january july jumped june just key kfc kicked kit knife
    known knows lad lads large later leaving left less light like line live lives local location london lost lower
    ltd made main make male males man many march masked may me men met mid missing mobile monday moped more morning
    mother mouth moved mug mugged name names near nearby nearly never new next night nine no none north not nothing
    november now number occurred october of off offered office officer officers old on one only onto open opposite
    or other our out outside over own paid parked party pass passed passenger passing pay people person persons pet
    phone phoned plc plus point police possible possibly present produced property pub public pulled punched purse
    pushed put racially ran rang rear received red refused refuses reg regarding report reported reporting reports
    resident residents returned ride riding rob robbed robber robbers robbery running said sat saturday saw say
    saying says scene schoolboy security see seen self september service services set seven several she shop shops
    shot shouted shouting side silver since sit sitting six slashed small so some son sprayed staff standing started
    stated statement states stating still stole stolen stop stopped store stores struck student students sunday
    support suspected take taken taking tall taxi tea team ten test than that the their them then there these they
    this those threat threatened threatening threats three threw through thursday til till time times to today told
    too took top towards train tram travelling tried trousers try trying tuesday two under unit unknown unnamed
    until up upon upper use used using van vehicle via video view visited walked walking wallet wants war was watch
    way weapon wearing web wednesday week went were west what when where which while white who whose why will with
    woman women work worker world would years yesterday yet you young your youth youths zone
    """
)
"""Everyday words of such texts, at which a name ends."""

_GIVEN_NAMES = _words(
    """
    aaliyah aaron abdi abdul abdullah abdullahi abdulrahman abigail abu adam adebayo adele adeola adrian agnes ahmed
    aidan aisha aisling akua alan alana albert alejandro aleksander alex alexander alexandra alexandru alfie alfred
    ali alice alicia alina alison alistair allan amanda amber amelia amina aminata amir amit amy ana anastasia andre
    andrea andreea andrei andrew andrzej andy angela anil anita anjali ann anna anne annie anthony antoinette
    antonio anwar arjun arthur asha ashley ashraf asif audrey ava ayaan ayesha ayodele babatunde barbara barry
    beatrice ben benjamin bernard beth bethany bilal billy bob bogdan brandon brenda brian bridget bruce caitlin
    callum cameron carl carla carlos carmen carol caroline catherine cathy chantelle charles charlie charlotte
    chinedu chloe chris christina christine christopher chukwuemeka claire clare claudia clive colin connor conor
    courtney craig cristian cynthia daisy daniel danielle danny darren dave david dawn deborah deepak delroy denise
    dennis derek desmond diana diane diego dmitri dominic donald donna doreen dorothy douglas duncan dylan eddie
    edith edward eileen elaine eleanor elena elizabeth ella ellen ellie elliot elsie emeka emily emma emmanuel
    enrique eric erin esther ethan eva evan eve evelyn evie ewa fabio faisal faith farah fatima fatou fatoumata
    fernando finley fiona florence florin frances francesca francis francisco fred freddie frederick freya gabriel
    gabriela gareth garry gary gavin gemma geoffrey george georgia georgina gerald geraldine gheorghe gillian
    giovanni giulia gladys glen glenn gloria gordon grace graeme graham grzegorz gulsen gurpreet habib hamza hannah
    hans hardeep harold harriet harry harvey hasan hassan hayley hazel heather heidi helen helena henry hilary hodan
    holly howard hugh hugo hussain hussein ian ibrahim idris ifeoma imran ines ioana ion irene iris isaac isabel
    isabella isabelle isla ismail ivan jack jackie jacob jacqueline jade jaden jake jamal james jamie jan jana jane
    janet janice jason jay jayden jean jeff jeffrey jenna jennifer jenny jeremy jerome jessica jill jimmy jo joan
    joanna joanne joao joe joel john johnny jonathan jorge jose joseph josephine josh joshua joy joyce juan judith
    julia julian julie juliet justin kamal karen karim karl karolina katarzyna kate katherine kathleen kathryn katie
    katy kayleigh keisha keith kelly kelvin ken kenneth kerry kevin khadija khalid khalil kieran kim kimberley
    kirsty kofi krishna kristina krzysztof kwabena kwame kwasi kyle lakshmi latoya laura lauren laurence leah leanne
    lee leo leon leonard leroy leslie lewis liam lily lina linda lisa liz lloyd logan lorraine louis louise luca
    lucas lucia lucy luis lukasz luke lydia lynn lynne maciej mahmoud malcolm manjit manuel marc marcin marcus
    margaret maria mariam mariama marie mario marion marius mark marlon martha martin martyn marvin mary maryam
    mateusz mathew matthew maureen maurice max maya megan mehmet melanie melissa mercy mia michael michal michele
    michelle miguel mihai mike milan mohamed mohammad mohammed mohamud moira molly mona monica monika morgan moses
    muhammad musa mustafa nadia naomi nasir natalia natalie natasha nathan neil nelson ngozi niamh nicholas nick
    nicola nicole nigel nina noah noel nora norma norman oliver olivia oluwaseun omar oscar osman owen pamela
    parveen patricia patrick paul paula pauline pawel pedro penelope peter petra philip phillip phoebe phyllis piotr
    poppy priya rachael rachel rafael rahul raj rajesh ralph ramon raymond rebecca reece reggie renata rhys ricardo
    richard riley rita rob robbie robert roberto roger roland ronald rory rose rosemary ross roy ruby ruth ryan
    sabrina safia sakina salim sally salma sam samantha samira samuel sana sandeep sandra sanjay sara sarah saul
    scott sean sebastian selina sergio shaheen shannon sharon shaun shauna sheila shirley sian simon siobhan sofia
    solomon sonia sophia sophie stacey stefan stella stephanie stephen steve steven stuart sue sunil suresh susan
    suzanne sylvia tahir tamara tanya tariq temitope terence teresa terry tevin thelma theo theodore theresa thomas
    tiffany tim timothy tina toby tom tomasz tommy tony tracey tracy trevor tyler tyrone valentina valerie vanessa
    vera veronica victor victoria vijay vincent viorel virginia vivian vladimir walter wayne wendy wesley william
    winston xavier yasmin yaw yetunde yolanda youssef yusuf yvonne zachary zahra zainab zara zoe
    """
)
_ALSO_WORDS = _words(
    """
    abu amber ava bob carol daisy dawn eve faith glen grace hazel heather holly ion iris jack jade jan jay jean jo
    joy kim kit lee lily logan mark max mercy poppy rob rose ruby sue
    """
)
"""Given names that are words as well: without a cue they count only where written as a name is, "Mark Jones"."""

_SHOPS = _words(
    """
    ann-summers ben-sherman calvin-klein charles-tyrwhitt ernest-jones fred-perry harvey-nichols jack-jones
    jack-wills john-lewis karen-millen kate-spade laura-ashley lloyd-tsb louis-vuitton martin-mccoll michael-kors
    morgan-stanley peter-jones robert-dyas robert-peel stella-mccartney thomas-cook tommy-hilfiger victoria-wine
    william-hill
    """
)


def _alternation(words: frozenset[str]) -> str:
    """A pattern for any of the words, grouped by their first letter: ten times as fast as a plain list of them."""
    grouped = groupby(sorted(words), key=lambda word: word[0])
    return "|".join(f"{first}(?:{'|'.join(re.escape(word[1:]) for word in words)})" for first, words in grouped)


_LISTED = _alternation(_CUES | _GIVEN_NAMES | _words("name known reported"))
_SCREEN = re.compile(
    rf"@|(?:[0-9][^0-9]{{0,3}}){{6}}|[0-9]{{4}}|[0-9]{_SEPARATOR}[0-9]{{1,2}}{_SEPARATOR}['\u2019]?[0-9]"
    rf"|[0-9][^0-9]{{0,9}}{_MONTH}|(?<![a-z]){_MONTH}[\s.-]{{0,3}}[0-9]|d\.?\s?o\.?\s?b|birth|born"
    rf"|[a-z]{{2}}[0-9]{{2}}\s?[a-z]{{3}}|(?<![^\W_])(?:{_LISTED})(?![^\W_])",
    re.IGNORECASE,
)
"""What every text matches that holds anything to mask, and few that do not."""


def mask_personal_data(texts: pd.Series) -> pd.Series:
    """Replace what identifies a person in free text by the kind of thing that it was, in square brackets.

    | found | becomes |
    |---|---|
    | e-mail addresses | `[e-mail]` |
    | telephone numbers of the United Kingdom in national or +44 form, and other numbers with a leading + | `[phone]` |
    | full dates, numeric or with the month's name; after "DOB" or "born" also a month and year, or a year | `[date]` |
    | National Insurance numbers | `[NI number]` |
    | vehicle registration marks in the form of 2001 ("AB12 CDE") | `[vehicle]` |
    | names of people | `[name]` |

    A name is up to three words after a title (Mr, PC), after a word for a part in the incident (victim, caller) or
    after "named" and the like; and a common given name with the word or two after it. Words in small letters are a
    name only after "Mr", "Mrs" or "named", or where a common given name begins them. A word for a place that follows
    makes it a place ("George Lane"), except after most titles. Everyday words in capitals ("SUSPECT RAN OFF") are
    known only if they are common in such texts: others after such a word are taken for a name.

    It lowers a risk and does not remove it. It cannot find: a given name or a surname that stands alone, with no such
    word before it; a rare given name; a surname that makes a place of a name ("Mary Hill", with no word before it);
    names in scripts without capitals; registration marks in older forms or bought ones; local telephone numbers
    without their area code; and addresses, because the street is what the text is kept for. Read what it leaves
    before anybody sees it who may not know whom it is about. Masking twice is the same as masking once.

    Args:
        texts: Text (n,), as objects, strings or categories; may be missing.

    Returns:
        The texts in the same order, with the same index and dtype; what is missing, or no text, is as it was.
    """
    if isinstance(texts.dtype, pd.CategoricalDtype):
        masked = mask_personal_data(pd.Series(texts.cat.categories))
        # two categories can become one, so they cannot just be renamed
        merged = pd.CategoricalDtype(masked.drop_duplicates(), ordered=texts.cat.ordered)
        position = pd.Series(merged.categories.get_indexer(pd.Index(masked)))
        codes = position.reindex(texts.cat.codes.to_numpy()).fillna(-1).to_numpy(dtype="int64")
        return pd.Series(pd.Categorical.from_codes(codes, dtype=merged), index=texts.index, name=texts.name)
    screened = [text for text in texts.dropna().unique() if isinstance(text, str) and _SCREEN.search(text)]
    changed = {text: kept for text in screened if (kept := _mask(text)) != text}
    result = texts.copy()
    if changed:
        hit = texts.isin(list(changed))
        result[hit] = texts[hit].map(changed)
    return result


def mask_text(text: str) -> str:
    """One text, such as the name of a file, as `mask_personal_data` masks a column of them."""
    return _mask(text)


@lru_cache(maxsize=65_536)  # a street comes again in every part of a table
def _mask(text: str) -> str:
    """Mask until nothing is left to mask: what one pass takes away can bring together what another finds."""
    while (masked := _mask_names(_mask_forms(text))) != text:
        text = masked
    return text


def _mask_forms(text: str) -> str:
    for mask, pattern in _FORMS:
        text = pattern.sub(mask, text)
    return _VEHICLE.sub(lambda match: match[0] if _is_postcode_and_word(match) else "[vehicle]", text)


def _is_postcode_and_word(match: re.Match[str]) -> bool:
    """Whether it is the outward half of a postcode and a word of three letters: "SE13 BUS STOP"."""
    word = match[2].casefold()
    is_word = word in _COMMON or word in _PLACES or match[0] not in (match[0].upper(), match[0].lower())
    return match[1] != "" and is_word


def _mask_names(text: str) -> str:
    pieces, end = [], 0
    for start, stop in _find_names(text):
        pieces += [text[end:start], NAME_MASK]
        end = stop
    return "".join([*pieces, text[end:]])


def _find_names(text: str) -> Iterator[tuple[int, int]]:
    """Where each name begins and ends, from left to right."""
    words = [match for match in _WORD.finditer(text) if not _is_mask(text, match)]
    sentence = _Words(text, words)
    i = 0
    while i < len(words):
        start, stop = sentence.read_name(i)
        if stop > start:
            yield words[start].start(), words[stop - 1].end()
        i = max(i + 1, stop)


def _is_mask(text: str, word: re.Match[str]) -> bool:
    return text[word.start() - 1 : word.start()] == "[" and text[word.end() : word.end() + 1] == "]"


class _Words:
    """The words of a text, and what can be said of each from its spelling and its neighbours."""

    def __init__(self, text: str, words: list[re.Match[str]]) -> None:
        self.text = text
        self.words = words
        self.keys = [word[0].casefold().replace("\u2019", "'").removesuffix("'s") for word in words]

    def gap(self, i: int) -> str:
        """What stands between a word and the next; a line break where there is none."""
        if i < 0 or i + 1 >= len(self.words):
            return "\n"
        return self.text[self.words[i].end() : self.words[i + 1].start()]

    def key(self, i: int) -> str:
        return self.keys[i] if 0 <= i < len(self.keys) else ""

    def is_capital(self, i: int) -> bool:
        return self.words[i][0][0].isupper()

    def is_given(self, i: int) -> bool:
        first, *_ = self.key(i).split("-")  # Ann-Marie
        return first in _GIVEN_NAMES and (first not in _ALSO_WORDS or self.words[i][0].istitle())

    def is_place(self, i: int) -> bool:
        """Whether a word goes on from the one before it, in capitals as that is or not, and makes a place of it."""
        if self.key(i) not in _PLACES or self.gap(i - 1).strip(" \u00a0-'\u2019"):
            return False
        return self.is_capital(i) == self.is_capital(i - 1)

    def can_be_name(self, i: int) -> bool:
        key = self.key(i)
        if len(key) == 1 and self.is_capital(i) and (self.gap(i)[:1] == "." or self.key(i - 1) in _TITLES):
            return True  # an initial
        letters = key.replace("-", "").replace("'", "")
        return letters.isalpha() and not any(key in words for words in (_COMMON, _CUES, _PLACES))

    def read_name(self, i: int) -> tuple[int, int]:
        """The first word of the name that a word begins or announces, and the word after its last; equal if none."""
        cue = self.find_cue(i)
        start = i if cue is None else i + 1
        if cue is not None and self.key(start).isalnum() and self.key(start)[:1].isdigit() and len(self.key(start)) < 7:
            start += 1  # the number of an officer, or of one suspect of several
        if start >= len(self.words):
            return i, i
        is_whole = self.words[i][0].casefold() == self.key(i)  # "John's" is a cafe
        if cue is None and (not self.is_given(i) or not is_whole or self.key(i - 1) in _SAINTS):
            return i, i
        small = not self.is_capital(start)
        if small and cue != "any" and not self.is_given(start):
            return i, i
        stop = self.extend(start, small=small, is_cued=cue is not None)
        has_title = cue is not None and self.key(i) in _TITLES
        is_person = has_title or (cue is not None and self.is_given(start))
        if stop == start:
            # "Mr Hill"
            if has_title and self.key(start) in _ALSO_SURNAMES and not self.is_place(start + 1):
                stop += 1
        elif self.is_place(stop) and not (has_title and self.key(i) not in _ALSO_IN_STREETS):
            if is_person and self.key(stop) in _ALSO_SURNAMES and not self.is_place(stop + 1):
                stop += 1  # "victim Mary Green"
            elif is_person and stop - start == 3:
                stop -= 1  # "VICTIM JOHN SMITH LEWISHAM ROAD"
            else:
                stop = start
        if cue is None and (stop - start < 2 or "-".join(self.keys[start : start + 2]) in _SHOPS):
            return i, i
        return start, stop

    def find_cue(self, i: int) -> str | None:
        """Whether a word announces a name: "any", also one in small letters, "capital", or None."""
        key, gap = self.key(i), self.gap(i).strip()
        before = (self.key(i - 1), key)
        if key in _PLAIN_TITLES and gap in ("", "."):
            return "any"
        if key in _TITLES and gap in ("", "."):
            # "Cedar Dr Catford" is a drive
            is_drive = key == "dr" and i > 0 and self.can_be_name(i - 1) and not self.gap(i - 1).strip()
            return None if is_drive else "capital"
        if key in _NAMINGS or before in _NAMING_PAIRS:
            return "any" if gap in ("", ":", "=", "-", '"', "'", "(") else None
        if key == "name" and gap in (":", "=", "-", ": -"):
            return "any"
        if key in _ROLES and gap in ("", ":", "-", "\u2013", "(", "="):
            return "capital"
        return None

    def extend(self, start: int, *, small: bool, is_cued: bool) -> int:
        """The word after a name of up to three words, not counting particles such as "de"."""
        i, n = start, 0
        while i < len(self.words) and n < 3:
            if n and self.gap(i - 1).strip(" \u00a0"):
                is_initial = len(self.key(i - 1)) == 1 and self.gap(i - 1).strip() == "."
                is_turned = is_cued and n == 1 and self.gap(i - 1).strip() == "," and self.is_given(i)
                if not (is_initial or is_turned):
                    break
            if n and self.key(i) in _PARTICLES and i + 1 < len(self.words) and self.can_be_name(i + 1):
                i += 1
                continue
            if not self.can_be_name(i) or self.is_capital(i) == small:
                break
            i, n = i + 1, n + 1
        return i
