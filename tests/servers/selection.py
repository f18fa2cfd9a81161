"""Which requests meet which fault, and the table that the faults enter themselves in."""

import hashlib
import json

BEHAVIOURS = {}
MIX = (1, 2, 4, 8, 10, 15, 16, 17, 18, 19, 22, 23, 25, 33, 37)
MIX_FRACTION = 0.2
# What makes a behaviour end soon, and pass for a client that tries again.
MIX_PARAMETERS = {1: {"seconds": "0.3"}, 4: {"ms": "200", "seconds": "60"}, 15: {"kind": "503"}, 19: {"seconds": "0.4"},
                  33: {"kind": "gzip|deflate|lie"}, 37: {"kind": "close"}}


class Behaviour:
    """`before(body, turn)` changes what is asked, `after(answer, turn)` what is answered; it may return False: not here.
    `setting`: nothing of a single request, but how the server is started."""

    def __init__(self, number, title, kinds=("",), select="always", setting=False):
        self.number, self.title, self.kinds, self.select, self.setting = number, title, kinds, select, setting
        self.before = self.after = None


def behaviour(number, title, kinds=("",), select="always"):
    """Decorator: enters `after` into the table."""
    def enter(function):
        entry = BEHAVIOURS.setdefault(number, Behaviour(number, title, kinds, select))
        entry.after = function
        return function
    return enter


def before(number, title, kinds=("",), select="always"):
    """Decorator: enters `before` into the table."""
    def enter(function):
        entry = BEHAVIOURS.setdefault(number, Behaviour(number, title, kinds, select))
        entry.before = function
        return function
    return enter


def setting(number, title, kinds=("",)):
    BEHAVIOURS[number] = Behaviour(number, title, kinds, setting=True)


def uniform(*parts):
    """A number in [0, 1) that these parts alone decide."""
    return int.from_bytes(hashlib.blake2b(repr(parts).encode(), digest_size=7).digest(), "big") / 2**56


class Script:
    """A behaviour with its parameters: NUMBER or NUMBER:name=value,name=value."""

    def __init__(self, text):
        number, _, rest = text.partition(":")
        if not number.isdigit() or int(number) not in BEHAVIOURS:
            raise SystemExit(f"expected a behaviour of 1 to 42 (see --list), found \"{text}\"")
        self.behaviour = BEHAVIOURS[int(number)]
        self.parameters = {}
        for part in filter(None, rest.split(",")):
            name, is_there, value = part.partition("=")
            if not is_there:
                raise SystemExit(f"expected name=value in a behaviour, found \"{part}\"")
            self.parameters[name] = value
        for kind in filter(None, self.parameters.get("kind", "").split("|")):
            if kind not in self.behaviour.kinds:
                raise SystemExit(f"behaviour {number} knows the kinds {', '.join(self.behaviour.kinds)}; found \"{kind}\"")
        self.select, _, value = self.parameters.get("select", self.behaviour.select).partition(":")
        if self.select not in ("always", "first", "after", "every", "fraction", "tries", "seconds", "never"):
            raise SystemExit(f"behaviour {number}: no selection is named \"{self.select}\"")
        self.limit = float(value) if value else 0.0
        self.num_seen, self.first_time = 0, None

    def picks(self, turn):
        """Whether this request meets the behaviour; counts the requests that it could have met."""
        if self.behaviour.setting or not self._fits(turn):
            return False
        self.num_seen += 1
        self.first_time = turn.time if self.first_time is None else self.first_time
        return {"always": lambda: True,
                "never": lambda: False,
                "first": lambda: self.num_seen <= self.limit,
                "after": lambda: self.num_seen > self.limit,
                "every": lambda: self.num_seen % self.limit == 0,
                "fraction": lambda: turn.uniform("pick", self.behaviour.number) < self.limit,
                "tries": lambda: turn.try_number <= self.limit,
                "seconds": lambda: turn.time - self.first_time < self.limit}[self.select]()


    def _fits(self, turn):
        wanted, unwanted = self.parameters.get("prompt"), self.parameters.get("skip")
        if wanted and wanted not in turn.text:
            return False
        return not (unwanted and unwanted in turn.text)


class Mix:
    """Each try meets one of the behaviours of MIX with this probability, decided by seed, prompt and try number."""

    def __init__(self, fraction=MIX_FRACTION):
        self.fraction = fraction
        self.scripts = {number: Script(str(number)) for number in MIX}
        for number, script in self.scripts.items():
            script.parameters.update(MIX_PARAMETERS.get(number, {}), draws="1")

    def pick(self, turn):
        if turn.uniform("mix") >= self.fraction:
            return None
        return self.scripts[MIX[int(turn.uniform("which") * len(MIX))]]


class Turn:
    """One request on its way through a behaviour."""

    def __init__(self, request, seed, try_number, now):
        self.request, self.try_number, self.time = request, try_number, now
        self._seed = seed
        self.script = self.connection = self.engine = self.log = None

    @property
    def text(self):
        """The request's body as text, and its prompts where they are ids."""
        body, text = self.request.json, self.request.body.decode("utf-8", "replace")
        prompt = body.get("prompt") if isinstance(body, dict) else None
        for part in prompt if isinstance(prompt, list) and prompt and isinstance(prompt[0], list) else [prompt]:
            if isinstance(part, list) and all(type(number) is int and number >= 0 for number in part):
                text += "\n" + self.engine.tokenizer.decode(number for number in part if number < self.engine.tokenizer.size)
        return text

    def uniform(self, *purpose):
        return uniform(self._seed, self.request.path, self.request.body, self.try_number, *purpose)

    def parameter(self, name, otherwise):
        return type(otherwise)(self.script.parameters.get(name, otherwise))

    @property
    def kind(self):
        """The kind that is asked for; of several one is drawn. The first one without a word on it."""
        behaviour = self.script.behaviour
        kinds = [kind for kind in self.script.parameters.get("kind", "").split("|") if kind]
        if not kinds:
            kinds = list(behaviour.kinds) if self.script.parameters.get("draws") else [behaviour.kinds[0]]
        return kinds[int(self.uniform("kind") * len(kinds))]


def prompt_keys(request):
    """A key for each prompt of a request, with all options: equal keys ask for the same."""
    body = request.json
    if not isinstance(body, dict):
        return [request.body]
    prompt = body.get("prompt")
    if not (isinstance(prompt, list) and prompt and not isinstance(prompt[0], int)):
        return [(request.path, request.body)]
    options = json.dumps({name: value for name, value in body.items() if name != "prompt"}, sort_keys=True)
    return [(request.path, options, json.dumps(part)) for part in prompt]
