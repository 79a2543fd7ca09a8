"""What is done to a value by syntax, not by a call: programs that the walk gives every value."""

PROGRAMS = """
def leaves(x):
    with Enters():
        b"\\xff".decode()
    with Enters():
        raise x

def enters(x):
    with x as got_it:
        return got_it

def writes_attribute(x):
    x.name = 1
    x.mark = 2

def augments_attribute(x):
    x.name += Any()

def augments_method(x):
    x.update += Any()

def deletes_attribute(x):
    del x.name

def writes_item(x):
    x["a"] = 1

def writes_first(x):
    x[0] = 1

def deletes_item(x):
    del x["a"]

def deletes_first(x):
    del x[0]

def augments_item(x):
    x["a"] += Any()

def augments(x):
    x += Any()
    return x

def merges(x):
    x |= {"mark": 1}

def extends(x):
    x += [("mark", 1)]

def multiplies(x):
    x *= 2

def subtracts(x):
    x -= {1, "a"}

def joins(x):
    return [x | Any(), Any() | x, x == Any(), x + Any(), x % Any(), x @ Any(), x[Any()]]

def parts(x):
    for name in NAMES:
        part = getattr(x, name, None)
        for act in (lambda: part | Any(), lambda: part == Any(), lambda: part + Any()):
            try:
                act()
            except TypeError:
                pass

def sets(x):
    made = []
    for name in SETTABLE:
        for value in (Any(), Text("utf-8"), Dict(a=1), List([1]), Tuple((1, 2)), got, x, None):
            try:
                setattr(x, name, value)
            except (AttributeError, TypeError):
                continue
            for use in ("prepare", "copy", "send", "get", "json", "iter_lines", "prepare_request"):
                for more in ((), ("https://a.example/",), (x,)):
                    try:
                        made.append(getattr(x, use)(*more))
                    except Exception as error:
                        made.append(error)
            for use in ("text", "links", "content", "ok", "path_url", "headers", "cookies"):
                try:
                    made.append(getattr(x, use, None))
                except Exception as error:
                    made.append(error)
    return made

def unites(x):
    return x | Any()

def compares(x):
    return [x == Any(), Any() == x]

def loops(x):
    for item in x:
        return item

def unpacks(x):
    first, *rest = x
    return [first, rest]

def spreads(x):
    return got([*x], {**x})

def matches(x):
    match x:
        case {"a": one, **rest}:
            return [one, rest]
        case [first, *others]:
            return [first, others]
        case str(text) | int(text) | dict(text):
            return text
        case Color.RED | Own.kept:
            return 1

def matches_own(x):
    str = Pair
    match x:
        case str(one):
            return one

def catches(x):
    try:
        raise ValueError(x)
    except x as error:
        return error

def raises(x):
    raise x

def calls(x):
    return x()

def inherits(x):
    class Sub(x):
        pass
    return Sub

def inherits_too(x):
    class Sub(Own, x):
        a: int = 1
    return Sub

def shows(x):
    return [f"{x!r:>3}", f"{x}", str(x), "%s" % (x,), "{0} {0[a]}".format(x), type(x).__name__]

def yields(x):
    g = generate()
    next(g)
    return g.throw(x)

def yields_from(x):
    def inner():
        yield from x
    return list(itertools.islice(inner(), 3))

PROGRAMS = [leaves, enters, writes_attribute, augments_attribute, augments_method,
            deletes_attribute, writes_item, writes_first, deletes_item, deletes_first,
            augments_item, augments, merges, extends, multiplies,
            subtracts, joins, parts, sets, unites, compares, loops, unpacks, spreads, matches,
            matches_own, catches, raises, calls, inherits, inherits_too, shows, yields, yields_from]
"""
