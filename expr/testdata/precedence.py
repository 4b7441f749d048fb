"""Writes precedence.txt: random expressions and how Python's own parser groups them. Run: python3 precedence.py > precedence.txt"""
import ast, random

BIN = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%", ast.MatMult: "@",
       ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitOr: "|", ast.BitXor: "^", ast.BitAnd: "&"}
CMP = {ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=", ast.In: "in", ast.NotIn: "not in"}
UN = {ast.UAdd: "+", ast.USub: "-", ast.Invert: "~", ast.Not: "not"}


def dump(n):
    if isinstance(n, ast.BinOp):
        return f"({BIN[type(n.op)]} {dump(n.left)} {dump(n.right)})"
    if isinstance(n, ast.UnaryOp):
        return f"({UN[type(n.op)]} {dump(n.operand)})"
    if isinstance(n, ast.BoolOp):  # Python keeps one node for a chain of and; ours are left-deep
        op = "and" if isinstance(n.op, ast.And) else "or"
        out = dump(n.values[0])
        for v in n.values[1:]:
            out = f"({op} {out} {dump(v)})"
        return out
    if isinstance(n, ast.Compare):
        out = f"({CMP[type(n.ops[0])]} {dump(n.left)} {dump(n.comparators[0])})"
        for op, v in zip(n.ops[1:], n.comparators[1:]):
            out = f"(chain {CMP[type(op)]} {out} {dump(v)})"
        return out
    if isinstance(n, ast.IfExp):
        return f"(if {dump(n.test)} {dump(n.body)} {dump(n.orelse)})"
    if isinstance(n, ast.Call):
        return f"(call {n.func.id}{''.join(' ' + dump(a) for a in n.args)})"
    if isinstance(n, ast.Subscript):
        return f"(index {dump(n.value)} {dump(n.slice)})"
    if isinstance(n, ast.Attribute):
        return f"(. {dump(n.value)} {n.attr})"
    if isinstance(n, ast.Name):
        return n.id
    return repr(n.value)


def main():
    rnd = random.Random(1)
    pool = list(BIN.values()) + list(CMP.values()) + ["and", "or"]
    seen = set()
    while len(seen) < 1500:
        out = []
        for i in range(rnd.randint(2, 7)):
            if i:
                out.append(rnd.choice(pool if rnd.random() < .9 else ["if b else"]))
            for _ in range(3):
                if rnd.random() < .15:
                    out.append(rnd.choice(["-", "+", "~", "not"]))
            atom = rnd.choice("abcxyz") if rnd.random() < .8 else str(rnd.randint(0, 9))
            atom += rnd.choice([""] * 6 + [".real", "[1]", "(a)"]) if atom.isalpha() else ""
            out.append(atom)
        if len(out) > 5 and rnd.random() < .4:
            out[rnd.randrange(2)] = "(" + out[0]
            out[-1] += ")"
        text = " ".join(out)
        try:
            tree = ast.parse(text, mode="eval").body
        except (SyntaxError, ValueError):
            continue
        # A chain of comparisons with a bare & | ^ operand is an error in our language on purpose.
        bad = any(isinstance(n, ast.Compare) and len(n.ops) > 1 and
                  any(isinstance(v, ast.BinOp) and isinstance(v.op, (ast.BitOr, ast.BitXor, ast.BitAnd))
                      for v in [n.left] + n.comparators) for n in ast.walk(tree))
        bad = bad or any(isinstance(n, ast.Call) and not isinstance(n.func, ast.Name) for n in ast.walk(tree))
        if bad or text in seen:
            continue
        seen.add(text)
        print(text + "\t" + dump(tree))


main()
