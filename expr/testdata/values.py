"""Writes values.txt: random expressions of a, b, c (int), x, y, z (float), p, q (bool) and what Python makes of them.
Run: python3 values.py > values.txt"""
import ast, math, operator, random

rnd = random.Random(7)
VARS = {"a": 7, "b": -3, "c": 12, "x": 2.5, "y": -0.75, "z": 1e10, "p": True, "q": False}


def gen(kind, depth):
    if depth == 0 or rnd.random() < .1:
        if kind == "int":
            return rnd.choice(["a", "b", "c", str(rnd.randint(0, 20))])
        if kind == "float":
            return rnd.choice(["x", "y", "z", repr(round(rnd.uniform(0, 10), 2)), "a", "b"] if depth else ["x", "y", "z", "1.5"])
        return rnd.choice(["p", "q", "True", "False"])
    d = depth - 1
    paren = lambda s: "(" + s + ")" if rnd.random() < .4 else s
    if kind == "int":
        r = rnd.random()
        if r < .15:
            return rnd.choice(["-", "+", "~"]) + paren(gen("int", d))
        if r < .2:
            return "abs(" + gen("int", d) + ")"
        if r < .3:
            return gen("int", d) + " if " + gen("bool", d) + " else " + gen("int", d)
        op = rnd.choice(["+", "-", "*", "//", "%", "&", "|", "^"])
        return paren(gen("int", d)) + f" {op} " + paren(gen("int", d))
    if kind == "float":
        r = rnd.random()
        if r < .1:
            return "-" + paren(gen("float", d))
        if r < .2:
            return gen("float", d) + " if " + gen("bool", d) + " else " + gen("float", d)
        if r < .3:
            return paren(gen("int", d)) + " / " + paren(gen("int", d))
        op = rnd.choice(["+", "-", "*", "/", "//", "%"])
        return paren(gen("float", d)) + f" {op} " + paren(gen(rnd.choice(["float", "float", "int"]), d))
    r = rnd.random()
    if r < .2:
        return "not " + paren(gen("bool", d))
    if r < .5:
        return paren(gen("bool", d)) + rnd.choice([" and ", " or "]) + paren(gen("bool", d))
    cmp = [rnd.choice(["<", "<=", "==", "!=", ">=", ">"]) for _ in range(rnd.choice([1, 1, 2]))]
    kind = rnd.choice(["int", "float"])
    wrap = (lambda s: "(" + s + ")") if len(cmp) > 1 else paren
    return wrap(gen(kind, d)) + "".join(f" {o} " + wrap(gen(kind, d)) for o in cmp)


BIN = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
       ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
       ast.BitAnd: operator.and_}
CMP = {ast.Lt: operator.lt, ast.LtE: operator.le, ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Gt: operator.gt,
       ast.GtE: operator.ge}
UN = {ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Invert: operator.invert, ast.Not: operator.not_}


def value(n):
    """Evaluates as an array language does: all operands, one dtype for both arms of a conditional, bool and/or/not."""
    if isinstance(n, ast.BinOp):
        l, r = value(n.left), value(n.right)
        if isinstance(l, bool) or isinstance(r, bool):
            raise TypeError("arithmetic of bools")
        return BIN[type(n.op)](l, r)
    if isinstance(n, ast.UnaryOp):
        v = value(n.operand)
        if isinstance(v, bool) and not isinstance(n.op, ast.Not):
            raise TypeError("arithmetic of bools")
        return UN[type(n.op)](v)
    if isinstance(n, ast.BoolOp):
        vs = [bool(value(v)) for v in n.values]
        return all(vs) if isinstance(n.op, ast.And) else any(vs)
    if isinstance(n, ast.Compare):
        vs = [value(v) for v in [n.left] + n.comparators]
        return all([CMP[type(o)](x, y) for o, x, y in zip(n.ops, vs, vs[1:])])
    if isinstance(n, ast.IfExp):
        c, x, y = value(n.test), value(n.body), value(n.orelse)
        if isinstance(x, bool) != isinstance(y, bool):
            raise TypeError("bool or number")
        v = x if c else y
        return float(v) if float in (type(x), type(y)) else v
    if isinstance(n, ast.Call):
        return abs(value(n.args[0]))
    if isinstance(n, ast.Name):
        return VARS[n.id]
    return n.value


def main():
    seen = set()
    while len(seen) < 800:
        text = gen(rnd.choice(["int", "float", "bool"]), rnd.randint(1, 4))
        if text in seen or not any(v in text for v in "abcxyzpq"):
            continue
        try:
            v = value(ast.parse(text, mode="eval").body)
            if isinstance(v, float) and (math.isinf(v) or math.isnan(v)):
                continue
            if isinstance(v, int) and not isinstance(v, bool) and abs(v) >= 2**62:
                continue
        except (ZeroDivisionError, OverflowError, SyntaxError, TypeError):
            continue
        seen.add(text)
        print(f"{text}\t{'bool' if isinstance(v, bool) else 'int' if isinstance(v, int) else 'float'}\t{v!r}")


main()
