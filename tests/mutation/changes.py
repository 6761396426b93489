"""Small changes to a module, one at a time: each makes a mutant."""

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_SWAPPED: Final[dict[type[ast.AST], tuple[type[ast.AST], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.LShift: (ast.RShift,),
}
_OTHER_NAMES: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_OTHER_METHODS: Final = {
    "popleft": "pop",
    "pop": "popleft",
    "append": "appendleft",
    "extendleft": "extend",
}
_NEXT_MEMBER: Final = {
    "LossReason": ("QUEUE_FULL", "EMPTY", "TOO_LARGE", "TOO_OLD", "TOO_NEW", "EXPIRED", "REFUSED"),
    "Verdict": ("DELIVERED", "RETRY", "DISCONNECTED", "DENIED", "MISSING", "REFUSED"),
    "Action": ("DONE", "WAIT", "CREATE", "HALVE", "GIVE_UP"),
}
_TRUE, _FALSE = ast.Constant(value=True), ast.Constant(value=False)


@dataclass(frozen=True)
class Mutant:
    """One change to one module."""

    module: str
    function: str
    line: int
    change: str
    source: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is known by in the list of equivalents."""
        return self.module, self.function, self.change


# -- what can be changed ------------------------------------------------------------------------


def _with(node: Any, **fields: object) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _other_expressions(node: ast.AST) -> Iterator[ast.AST]:  # noqa: C901, PLR0912 - a table
    """Yield what may stand in place of an expression."""
    match node:
        case ast.Compare(ops=[operator]):
            yield from (_with(node, ops=[other()]) for other in _SWAPPED[type(operator)])
        case ast.BinOp(op=operator):
            yield from (_with(node, op=other()) for other in _SWAPPED[type(operator)])
        case ast.BoolOp(values=values):
            for left_out in values:
                rest = [value for value in values if value is not left_out]
                yield rest[0] if len(rest) == 1 else _with(node, values=rest)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from (body, orelse)
        case ast.comprehension(ifs=[_, *_]):
            yield _with(node, ifs=[])
        case ast.Constant(value=value):
            yield from (ast.Constant(value=other) for other in _other_values(value))
        case ast.Call(func=ast.Name(id="reversed" | "sorted" | "bool"), args=[argument, *_]):
            yield argument
        case ast.Name(id=name) if name in _OTHER_NAMES:
            yield _with(node, id=_OTHER_NAMES[name])
        case ast.Attribute(value=ast.Name(id=kind), attr=member) if kind in _NEXT_MEMBER:
            members = _NEXT_MEMBER[kind]
            if member in members:
                yield _with(node, attr=members[(members.index(member) + 1) % len(members)])
        case ast.Attribute(attr=method) if method in _OTHER_METHODS:
            yield _with(node, attr=_OTHER_METHODS[method])


def _other_values(value: object) -> tuple[int | float | str, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, float):
        return (value + 1, value / 2) if value else (1.0,)
    return (f"{value}X",) if isinstance(value, str) else ()


def _other_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in place of a statement of a function."""
    match node:
        case ast.Expr() | ast.Assign() | ast.AnnAssign() | ast.Delete() | ast.Raise():
            yield ast.Pass()
        case ast.Break() | ast.Continue():
            yield ast.Pass()
        case ast.AugAssign(target=target, op=operator, value=value):
            yield ast.Pass()
            yield ast.Assign(targets=[target], value=value, lineno=node.lineno)
            yield from (_with(node, op=other()) for other in _SWAPPED[type(operator)])
        case ast.Return(value=ast.expr()):
            yield ast.Return(value=None)
        case ast.If():
            yield from (_with(node, test=_TRUE), _with(node, test=_FALSE))
        case ast.While():
            yield _with(node, test=_FALSE)
        case ast.For():
            yield _with(node, iter=ast.Tuple(elts=[], ctx=ast.Load()))


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Whether this is not code that does something: annotations, documentation, imports."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__slots__")]):
            return True
    return field in {"annotation", "returns", "decorator_list", "bases"}


def mutants_of(module: str, source: str) -> list[Mutant]:
    """Return all mutants of a module of the core."""
    tree = ast.parse(source)
    seen: Counter[tuple[str, str]] = Counter()
    found = []
    for parent, field, index, where in _places(tree, ""):
        children = getattr(parent, field)
        original = children if index is None else children[index]
        kinds = [_other_expressions(original)]
        if "." in where or where.islower():  # within a function, not just a class
            kinds.append(_other_statements(original))
        for other in (other for kind in kinds for other in kind):
            change = f"{_first_line(original)} => {_first_line(other)}"
            seen[where, change] += 1
            times = seen[where, change]
            _put(parent, field, index, other)
            found.append(
                Mutant(
                    module,
                    where,
                    getattr(original, "lineno", 0),
                    change if times == 1 else f"{change} #{times}",
                    ast.unparse(ast.fix_missing_locations(tree)),
                )
            )
            _put(parent, field, index, original)
    return found


def _places(node: ast.AST, where: str) -> Iterator[tuple[ast.AST, str, int | None, str]]:
    """Yield (parent, field, index, name of the function) of each node below ``node``."""
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for index, child in enumerate(children):
            if not isinstance(child, ast.AST) or _is_left_alone(child, field):
                continue
            name = where
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                name = f"{where}.{child.name}" if where else child.name
            yield node, field, index if isinstance(value, list) else None, where
            yield from _places(child, name)


def _put(parent: ast.AST, field: str, index: int | None, child: ast.AST) -> None:
    if index is None:
        setattr(parent, field, child)
    else:
        getattr(parent, field)[index] = child


def _first_line(node: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(copy.deepcopy(node))).splitlines()[0]
